/* Checks by hand, orders as a whole, and watching. */
#include <stdio.h>
#include <stdlib.h>

#include "solver/base/mem.h"
#include "solver/dns/message.h"
#include "tests/scenario/scenario.h"

#define NAME "www.example.org"
#define FQDN "_acme-challenge.www.example.org"
#define TOKEN "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
#define KEY_AUTHORIZATION TOKEN ".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"

static void keep_verdict(const char *json, const struct err *err, void *arg)
{
	(void)err;
	mem_replace(arg, json);
}

/* Gives (free with free) the verdict, or NULL. */
static char *check(struct scenario *s, struct check_request r, struct err *err)
{
	char *json = NULL;

	if (engine_check(s->engine, &r, keep_verdict, &json, err) == 0) {
		run_for(s, 30000);
		assert_non_null(json);
	}
	assert_int_equal(memory_jobs(), 0);
	assert_int_equal(count_listed(s), 0);
	return json;
}

static void assert_verdict(struct scenario *s, struct check_request r, const char *result, const char *sentence)
{
	struct err err;
	CLEANUP(mem_freep) char *json = check(s, r, &err);

	assert_non_null(json);
	assert_says(json, result);
	assert_says(json, sentence);
}

static void a_check_of_a_wildcard_for_http01_is_refused(void **state)
{
	assert_verdict(*state, (struct check_request){ .type = CHALLENGE_HTTP01, .domain = "*.example.org" }, "\"stage\":\"identifier\"",
	               "wildcard");
}

static void a_check_with_an_unknown_authority_is_refused(void **state)
{
	struct err err;

	assert_null(check(*state, (struct check_request){ .type = CHALLENGE_HTTP01, .domain = NAME, .authority = "nobody" }, &err));
	assert_says(err.text, "there is no authority \"nobody\"");
}

static void a_check_shows_its_evidence_when_it_is_asked_to(void **state)
{
	assert_verdict(*state, (struct check_request){ .type = CHALLENGE_DNS01, .domain = NAME, .evidence = true }, "\"evidence\":",
	               "\"view\":\"direct\"");
}

static void a_check_of_a_name_in_no_zone_says_so(void **state)
{
	assert_verdict(*state, (struct check_request){ .type = CHALLENGE_DNS01, .domain = "nowhere.com", .value = VALUE }, "\"result\":\"fail\"",
	               "NXDOMAIN looking up TXT for _acme-challenge.nowhere.com");
}

static void a_check_tells_the_server_that_lags_from_the_one_that_has_it(void **state)
{
	memory_put("example.org", FQDN, VALUE);
	fake_dns_value(FQDN, VALUE);
	fake_dns_fault(NS2, FAULT_LAGS);
	assert_verdict(*state, (struct check_request){ .type = CHALLENGE_DNS01, .domain = NAME, .value = VALUE }, "\"result\":\"flaky\"",
	               "ns2.example.org, 192.0.2.2): DNS problem: NXDOMAIN");
}

static void a_check_shows_a_wrong_value(void **state)
{
	memory_put("example.org", FQDN, VALUE2);
	fake_dns_value(FQDN, VALUE2);
	assert_verdict(*state, (struct check_request){ .type = CHALLENGE_DNS01, .domain = NAME, .value = VALUE }, "acme:error:unauthorized",
	               "Incorrect TXT record");
}

static void a_check_of_a_host_without_an_address_says_so(void **state)
{
	assert_verdict(*state, (struct check_request){ .type = CHALLENGE_HTTP01, .domain = "bare.example.org" }, "\"result\":\"fail\"",
	               "bare.example.org has no address");
}

static void a_check_passes_when_every_server_shows_the_value(void **state)
{
	memory_put("example.org", FQDN, VALUE);
	fake_dns_value(FQDN, VALUE);
	assert_verdict(*state, (struct check_request){ .type = CHALLENGE_DNS01, .domain = NAME, .value = VALUE }, "\"result\":\"pass\"",
	               "at all 2 name server addresses that answer");
}

static void a_silent_server_among_good_ones_holds_a_verdict_for_two_seconds_only(void **state)
{
	struct scenario *s = *state;
	struct check_request r = { .type = CHALLENGE_DNS01, .domain = NAME, .value = VALUE };
	CLEANUP(mem_freep) char *json = NULL;
	struct err err;

	memory_put("example.org", FQDN, VALUE);
	fake_dns_value(FQDN, VALUE);
	fake_dns_fault(NS2, FAULT_SILENT);
	assert_int_equal(engine_check(s->engine, &r, keep_verdict, &json, &err), 0);
	run_for(s, 1900);
	assert_null(json);
	run_for(s, 600);
	assert_non_null(json);
	assert_says(json, "\"result\":\"pass\"");
	assert_says(json, "ns2.example.org (192.0.2.2) does not answer");
}

static void checks_under_way_when_the_engine_closes_are_told_and_leave_nothing(void **state)
{
	struct scenario *s = *state;
	struct check_request dns = { .type = CHALLENGE_DNS01, .domain = NAME }, http = { .type = CHALLENGE_HTTP01, .domain = NAME };
	struct err err;

	for (int64_t ms = 0; ms < 30; ms++) {
		char *first = NULL, *second = NULL;

		assert_int_equal(engine_check(s->engine, &dns, keep_verdict, &first, &err), 0);
		assert_int_equal(engine_check(s->engine, &http, keep_verdict, &second, &err), 0);
		run_for(s, ms);
		restart(s);
		assert_non_null(first);
		assert_non_null(second);
		free(first);
		free(second);
	}
}

/* ---- orders ---- */

static void an_order_is_failed_when_one_of_it_fails_and_the_others_stay_until_released(void **state)
{
	struct scenario *s = *state;
	const struct challenge_request list[] = { dns01(NAME, VALUE), http01("bare.example.org", TOKEN, KEY_AUTHORIZATION) };
	struct err err;

	assert_int_equal(submit(s, list, 2), 0);
	run_for(s, 10000);
	assert_int_equal(engine_order_state(s->engine, s->order), ORDER_PENDING);
	run_for(s, 51000);
	assert_int_equal(engine_order_state(s->engine, s->order), ORDER_FAILED);
	assert_int_equal(state_of(s, s->id), CHALLENGE_READY);
	assert_int_equal(engine_release_order(s->engine, s->order, NULL, NULL, &err), 0);
	run_for(s, 1000);
	assert_nothing_left(s);
}

static void a_repeated_order_is_found_and_a_larger_one_is_new(void **state)
{
	struct scenario *s = *state;
	const struct challenge_request list[] = { dns01("a.example.org", VALUE), dns01("b.example.org", VALUE), dns01("c.example.org", VALUE) };
	char first[ID_SIZE];

	assert_int_equal(submit(s, list, 2), 0);
	memcpy(first, s->order, ID_SIZE);
	assert_int_equal(submit(s, list, 2), 0);
	assert_true(s->existed);
	assert_string_equal(s->order, first);
	assert_int_equal(submit(s, list, 3), 0);
	assert_false(s->existed);
	assert_string_not_equal(s->order, first);
	run_for(s, 2000);
	assert_int_equal(engine_order_state(s->engine, s->order), ORDER_READY);
	assert_int_equal(memory_count("example.org", NULL), 3);
}

static void count_verdict(const char *verdict_json, const struct err *err, void *arg)
{
	(void)err;
	assert_non_null(verdict_json);
	++*(int *)arg;
}

static void checks_of_the_same_moment_share_who_serves_their_zone(void **state)
{
	struct scenario *s = *state;
	char names[20][NAME_SIZE];
	int over = 0;
	struct err err;

	for (int i = 0; i < 20; i++) {
		struct check_request r = { .type = CHALLENGE_DNS01, .domain = names[i], .value = VALUE };

		snprintf(names[i], sizeof(names[i]), "host%d.example.org", i);
		assert_int_equal(engine_check(s->engine, &r, count_verdict, &over, &err), 0);
	}
	run_for(s, 30000);
	assert_int_equal(over, 20);
	assert_int_equal(fake_recursor_asked("ns1.example.org", DNS_A), 1);
	assert_int_equal(fake_recursor_asked("example.org", DNS_NS), 1);
	assert_true(fake_recursor_asked("_acme-challenge.host7.example.org", DNS_TXT) >= 1);
}

static void a_server_that_showed_the_value_is_not_asked_for_it_again(void **state)
{
	struct scenario *s = *state;

	assert_int_equal(present(s, "www.example.org", VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 60000);
	assert_int_equal(fake_dns_asked(NS2), 1); /* by the polling; the check that decides knows it */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scenario_test(checks_of_the_same_moment_share_who_serves_their_zone),
		scenario_test(a_server_that_showed_the_value_is_not_asked_for_it_again),
		scenario_test(a_check_of_a_wildcard_for_http01_is_refused),
		scenario_test(a_check_with_an_unknown_authority_is_refused),
		scenario_test(a_check_shows_its_evidence_when_it_is_asked_to),
		scenario_test(a_check_of_a_name_in_no_zone_says_so),
		scenario_test(a_check_tells_the_server_that_lags_from_the_one_that_has_it),
		scenario_test(a_check_shows_a_wrong_value),
		scenario_test(a_check_of_a_host_without_an_address_says_so),
		scenario_test(a_check_passes_when_every_server_shows_the_value),
		scenario_test(a_silent_server_among_good_ones_holds_a_verdict_for_two_seconds_only),
		scenario_test(checks_under_way_when_the_engine_closes_are_told_and_leave_nothing),
		scenario_test(an_order_is_failed_when_one_of_it_fails_and_the_others_stay_until_released),
		scenario_test(a_repeated_order_is_found_and_a_larger_one_is_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
