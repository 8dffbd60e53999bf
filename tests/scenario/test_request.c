/* What is refused before anything happens, with a sentence; and what a reload changes. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/scenario/scenario.h"

#define TOKEN "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
#define KEY_AUTHORIZATION TOKEN ".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"
#define L60 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff"

static void assert_refused(struct scenario *s, struct challenge_request r, int code, const char *sentence)
{
	assert_int_equal(submit(s, &r, 1), code);
	assert_says(s->err.text, "challenge 1 (");
	assert_says(s->err.text, sentence);
	run_for(s, 1000);
	assert_int_equal(count_listed(s), 0);
	assert_int_equal(memory_jobs(), 0);
}

static void a_wildcard_is_refused_for_http01(void **state)
{
	assert_refused(*state, http01("*.example.org", TOKEN, KEY_AUTHORIZATION), ERR_INVALID, "a wildcard can only be validated with dns-01");
}

static void an_empty_label_is_refused(void **state)
{
	assert_refused(*state, dns01("www..example.org", VALUE), ERR_INVALID, "www..example.org");
	assert_refused(*state, dns01("", VALUE), ERR_INVALID, "");
	assert_refused(*state, dns01(".", VALUE), ERR_INVALID, "");
}

static void a_label_of_64_bytes_is_refused(void **state)
{
	assert_refused(*state, dns01(L60 "abcd.example.org", VALUE), ERR_INVALID, "63");
}

static void a_name_of_254_bytes_is_refused(void **state)
{
	struct challenge_request r = dns01(L60 "." L60 "." L60 "." L60 ".example.o", VALUE);

	assert_int_equal(strlen(r.domain), 253);
	assert_refused(*state, r, ERR_TOO_LARGE, "253"); /* fits itself, but not below _acme-challenge */
	r.domain = L60 "." L60 "." L60 "." L60 ".example.or";
	assert_true(submit(*state, &r, 1) < 0);
	assert_says(((struct scenario *)*state)->err.text, "253");
}

static void a_missing_domain_token_or_value_is_refused(void **state)
{
	assert_refused(*state, dns01(NULL, VALUE), ERR_INVALID, "domain is missing");
	assert_refused(*state, dns01("example.org", NULL), ERR_INVALID, "needs either value or key_authorization");
	assert_refused(*state, http01("example.org", NULL, KEY_AUTHORIZATION), ERR_INVALID, "needs token");
	assert_refused(*state, http01("example.org", "../../etc/passwd", KEY_AUTHORIZATION), ERR_INVALID, "token");
}

static void a_value_that_no_txt_record_can_hold_is_refused(void **state)
{
	char value[VALUE_MAX + 2];

	memset(value, 'x', sizeof(value) - 1);
	value[VALUE_MAX + 1] = '\0';
	assert_refused(*state, dns01("example.org", value), ERR_TOO_LARGE, "255");
	assert_refused(*state, dns01("example.org", "two\nlines"), ERR_INVALID, "");
}

static void an_order_with_one_bad_challenge_leaves_nothing(void **state)
{
	struct scenario *s = *state;
	const struct challenge_request list[] = { dns01("a.example.org", VALUE), dns01("b.example.org", VALUE),
	                                          dns01("bad..example.org", VALUE), dns01("c.example.org", VALUE) };

	assert_int_equal(submit(s, list, 4), ERR_INVALID);
	assert_says(s->err.text, "challenge 3 (dns-01 bad..example.org)");
	run_for(s, 5000);
	assert_int_equal(count_listed(s), 0);
	assert_int_equal(memory_jobs(), 0);
	restart(s);
	assert_int_equal(count_listed(s), 0);
}

static void an_order_of_none_or_of_1001_is_refused(void **state)
{
	struct scenario *s = *state;
	struct challenge_request *list = calloc(ORDER_MAX + 1, sizeof(*list));

	for (size_t i = 0; i <= ORDER_MAX; i++)
		list[i] = http01("example.org", TOKEN, KEY_AUTHORIZATION);
	assert_int_equal(submit(s, list, 0), ERR_INVALID);
	assert_int_equal(submit(s, list, ORDER_MAX + 1), ERR_INVALID);
	assert_says(s->err.text, "1 to 1000 challenges, not 1001");
	free(list);
}

static void a_name_without_a_route_is_refused(void **state)
{
	struct scenario *s = *state;

	reconfigure_text(s, "routes: [{suffix: example.org, provider: m}]\nproviders: {m: {type: memory}}\n");
	assert_int_equal(present(s, "www.other.net", VALUE), 0);
	run_until(s, s->id, CHALLENGE_FAILED, 1000);
	assert_says(reason_of(s, s->id), "no route of the configuration serves dns-01");
	assert_int_equal(memory_jobs(), 0);
}

static void a_type_without_a_route_is_refused_before_anything_happens(void **state)
{
	struct scenario *s = *state;

	reconfigure_text(s, "routes: [{suffix: example.org, type: dns-01, provider: m}]\nproviders: {m: {type: memory}}\n");
	assert_refused(s, http01("www.example.org", TOKEN, KEY_AUTHORIZATION), ERR_DENIED, "no route");
}

static void more_than_may_live_at_once_is_refused(void **state)
{
	struct scenario *s = *state;

	reconfigure_text(s, "challenge: {live-max: 1}\nroutes: [{suffix: '*', provider: m}]\nproviders: {m: {type: memory}}\n");
	assert_int_equal(present(s, "a.example.org", VALUE), 0);
	assert_int_equal(present(s, "b.example.org", VALUE), ERR_BUSY);
	assert_says(s->err.text, "challenge.live-max allows 1");
}

static void an_international_name_is_published_as_its_a_label(void **state)
{
	struct scenario *s = *state;

	assert_int_equal(present(s, "B\xc3\xbc" "cher.Example.org", VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 1000);
	assert_true(memory_has("example.org", "_acme-challenge.xn--bcher-kva.example.org", VALUE));
}

static void a_reload_retires_the_provider_and_a_running_job_ends_with_the_old_one(void **state)
{
	struct scenario *s = *state;

	reconfigure(s, "    pause: 5s\n");
	assert_int_equal(present(s, "www.example.org", VALUE), 0);
	run_until(s, s->id, CHALLENGE_PUBLISHING, 100);
	run_for(s, 1000);
	reconfigure(s, "    refuse: the new one refuses\n");
	run_until(s, s->id, CHALLENGE_READY, 10000);
	assert_int_equal(present(s, "b.example.org", VALUE), 0);
	run_until(s, s->id, CHALLENGE_FAILED, 1000);
	assert_string_equal(reason_of(s, s->id), "the new one refuses");
}

static void a_provider_that_left_the_configuration_is_waited_for_and_withdraws_when_it_is_back(void **state)
{
	struct scenario *s = *state;

	assert_int_equal(present(s, "www.example.org", VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 1000);
	reconfigure_text(s, "routes: [{suffix: '*', provider: n}]\nproviders: {n: {type: memory, server: elsewhere}}\n");
	restart(s); /* what was opened before is forgotten */
	release(s, s->id);
	run_for(s, 60000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_WITHDRAWING);
	reconfigure(s, "");
	run_until(s, s->id, CHALLENGE_GONE, 300000);
	assert_nothing_left(s);
}

struct listed {
	char ids[8][ID_SIZE];
	size_t count;
};

static void list_one(const struct challenge *c, void *arg)
{
	struct listed *l = arg;

	memcpy(l->ids[l->count++], c->id, ID_SIZE);
}

static void a_list_by_domain_is_newest_first_and_goes_on_after_any_of_it(void **state)
{
	struct scenario *s = *state;
	const char *const values[] = { VALUE, VALUE2 };
	struct challenge_filter filter = { .domain = "two.example.org", .state = -1, .type = -1 };
	struct listed l = { 0 };
	char ids[2][ID_SIZE];

	for (int i = 0; i < 2; i++) {
		assert_int_equal(present(s, "two.example.org", values[i]), 0);
		memcpy(ids[i], s->id, ID_SIZE);
		assert_int_equal(present(s, "other.example.org", values[i]), 0);
	}
	assert_int_equal(engine_list(s->engine, &filter, NULL, 8, list_one, &l), 2);
	assert_string_equal(l.ids[0], ids[1]);
	assert_string_equal(l.ids[1], ids[0]);
	l.count = 0;
	assert_int_equal(engine_list(s->engine, &filter, ids[1], 8, list_one, &l), 1);
	assert_string_equal(l.ids[0], ids[0]);
	l.count = 0;
	assert_int_equal(engine_list(s->engine, &filter, s->id, 8, list_one, &l), 2); /* after one of another domain */
	assert_int_equal(engine_list(s->engine, &filter, ids[0], 8, list_one, &l), 0);
	filter.domain = "none.example.org";
	assert_int_equal(engine_list(s->engine, &filter, NULL, 8, list_one, &l), 0);
}

static void what_was_forgotten_is_in_no_list_by_domain(void **state)
{
	struct scenario *s = *state;
	const struct challenge_filter filter = { .domain = "two.example.org", .state = -1, .type = -1 };
	struct listed l = { 0 };
	char first[ID_SIZE];

	assert_int_equal(present(s, "two.example.org", VALUE), 0);
	memcpy(first, s->id, ID_SIZE);
	release(s, first);
	run_for(s, 60 * 1000);
	assert_int_equal(present(s, "two.example.org", VALUE2), 0);
	while (engine_challenge(s->engine, first))
		run_for(s, 3600 * 1000);
	assert_int_equal(engine_list(s->engine, &filter, NULL, 8, list_one, &l), engine_challenge(s->engine, s->id) ? 1 : 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scenario_test(a_list_by_domain_is_newest_first_and_goes_on_after_any_of_it),
		scenario_test(what_was_forgotten_is_in_no_list_by_domain),
		scenario_test(a_wildcard_is_refused_for_http01),
		scenario_test(an_empty_label_is_refused),
		scenario_test(a_label_of_64_bytes_is_refused),
		scenario_test(a_name_of_254_bytes_is_refused),
		scenario_test(a_missing_domain_token_or_value_is_refused),
		scenario_test(a_value_that_no_txt_record_can_hold_is_refused),
		scenario_test(an_order_with_one_bad_challenge_leaves_nothing),
		scenario_test(an_order_of_none_or_of_1001_is_refused),
		scenario_test(a_name_without_a_route_is_refused),
		scenario_test(a_type_without_a_route_is_refused_before_anything_happens),
		scenario_test(more_than_may_live_at_once_is_refused),
		scenario_test(an_international_name_is_published_as_its_a_label),
		scenario_test(a_reload_retires_the_provider_and_a_running_job_ends_with_the_old_one),
		scenario_test(a_provider_that_left_the_configuration_is_waited_for_and_withdraws_when_it_is_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
