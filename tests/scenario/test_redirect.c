/* Polling makes the requests of the check that decides: what one of them accepts, the other accepts. */
#include <stdio.h>
#include <stdlib.h>

#include "solver/base/mem.h"
#include "tests/scenario/scenario.h"

#define NAME "www.example.org"
#define TOKEN "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
#define KEY_AUTHORIZATION TOKEN ".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"

static void keep_verdict(const char *json, const struct err *err, void *arg)
{
	(void)err;
	mem_replace(arg, json);
}

static void route_all(struct scenario *s, const char *authority)
{
	CLEANUP(mem_freep) char *yaml = mem_printf("challenge: {deadline: 60s, lifetime: 1h}\nproviders: {m: {type: memory}}\n"
	                                           "routes: [{suffix: \"*\", provider: m, authority: %s}]\n", authority);

	reconfigure_text(s, yaml);
}

/* Presents the token, and checks it by hand while it is answered. Both must come to the same. */
static void assert_both(struct scenario *s, const char *authority, bool accepted, const char *sentence)
{
	struct challenge_request r = http01(NAME, TOKEN, KEY_AUTHORIZATION);
	struct check_request by_hand = { .type = CHALLENGE_HTTP01, .domain = NAME, .token = TOKEN, .key_authorization = KEY_AUTHORIZATION,
	                                 .authority = authority };
	CLEANUP(mem_freep) char *json = NULL;
	struct err err;

	route_all(s, authority);
	assert_int_equal(submit(s, &r, 1), 0);
	run_for(s, 1000);
	assert_int_equal(engine_check(s->engine, &by_hand, keep_verdict, &json, &err), 0);
	run_for(s, 30000);
	assert_says(json, accepted ? "\"result\":\"pass\"" : "\"result\":\"fail\"");
	if (accepted) {
		assert_int_equal(state_of(s, s->id), CHALLENGE_READY);
		return;
	}
	assert_says(json, sentence);
	run_until(s, s->id, CHALLENGE_FAILED, 61000);
	assert_says(reason_of(s, s->id), sentence);
}

static void a_private_authority_follows_to_any_port(void **state)
{
	fake_http_redirects(1, ":8080");
	assert_both(*state, "private", true, NULL);
	assert_string_equal(fake_http_referer(), "http://" NAME "/.well-known/acme-challenge/" TOKEN); /* as Go's client says */
}

static void a_public_authority_follows_to_web_ports_only(void **state)
{
	fake_http_redirects(1, ":8080");
	assert_both(*state, "letsencrypt", false, "Invalid port in redirect target");
}

static void as_many_redirects_as_the_authority_follows_are_followed(void **state)
{
	fake_http_redirects(9, "");
	assert_both(*state, "private", true, NULL);
}

static void one_redirect_more_is_too_many(void **state)
{
	fake_http_redirects(10, "");
	assert_both(*state, "private", false, "Too many redirects");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scenario_test(a_private_authority_follows_to_any_port),
		scenario_test(a_public_authority_follows_to_web_ports_only),
		scenario_test(as_many_redirects_as_the_authority_follows_are_followed),
		scenario_test(one_redirect_more_is_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
