/* Why a challenge does not go on is told while it waits, not only at its deadline. */
#include "tests/scenario/scenario.h"

#define NAME "www.example.org"
#define FQDN "_acme-challenge.www.example.org"
#define TOKEN "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"

static const struct challenge *challenge(struct scenario *s)
{
	return engine_challenge(s->engine, s->id);
}

static void assert_waits(struct scenario *s, const char *part)
{
	assert_non_null(challenge(s)->waiting_for);
	assert_says(challenge(s)->waiting_for, part);
	assert_true(challenge(s)->waiting_since_ms > 0);
}

static size_t events_that_say(struct scenario *s, const char *part)
{
	struct challenge history;
	size_t count = 0;

	history_of(s, s->id, &history);
	for (size_t i = 0; i < history.event_count; i++)
		count += strstr(history.events[i].text, part) != NULL;
	challenge_done(&history);
	return count;
}

static void an_error_of_the_name_servers_is_told_while_the_place_is_looked_for(void **state)
{
	struct scenario *s = *state;
	int64_t since;

	fake_dns_fault(NS1, FAULT_SERVFAIL);
	fake_dns_fault(NS2, FAULT_SERVFAIL);
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_for(s, 10000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_QUEUED);
	assert_waits(s, "SERVFAIL");
	since = challenge(s)->waiting_since_ms;
	run_for(s, 10000);
	assert_int_equal(challenge(s)->waiting_since_ms, since);
	assert_in_range(events_that_say(s, "SERVFAIL"), 1, 2); /* of each of two servers, however often they are asked */
	fake_dns_fault(NS1, FAULT_NONE);
	fake_dns_fault(NS2, FAULT_NONE);
	run_until(s, s->id, CHALLENGE_READY, 35000);
	assert_null(challenge(s)->waiting_for);
	assert_int_equal(challenge(s)->waiting_since_ms, 0);
}

static void an_error_of_the_provider_is_told_while_it_is_tried_again(void **state)
{
	struct scenario *s = *state;

	reconfigure(s, "    fail-first: 5\n");
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_for(s, 3000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_PUBLISHING);
	assert_waits(s, "told to fail");
	run_until(s, s->id, CHALLENGE_READY, 30000);
	assert_null(challenge(s)->waiting_for);
	assert_int_equal(events_that_say(s, "not published yet: the memory provider was told to fail"), 1);
}

static void who_never_tried_is_told_that_the_provider_wants_a_pause(void **state)
{
	struct scenario *s = *state;

	reconfigure(s, "    limit-first: 1\n    retry-after: 20s\n");
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_for(s, 1000);
	assert_waits(s, "told to be slow");
	assert_int_equal(present(s, "other.example.org", VALUE2), 0);
	run_for(s, 1000);
	assert_waits(s, "told to be slow");
	assert_int_equal(present(s, "www.other.net", VALUE2), 0); /* in another zone of the same provider */
	run_for(s, 1000);
	assert_waits(s, "told to be slow");
	run_until(s, s->id, CHALLENGE_READY, 30000);
	assert_null(challenge(s)->waiting_for);
}

static void a_server_that_does_not_show_it_yet_is_named_without_an_event(void **state)
{
	struct scenario *s = *state;

	fake_dns_fault(NS2, FAULT_LAGS);
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_for(s, 5000);
	assert_waits(s, "ns2.example.org (192.0.2.2): NXDOMAIN");
	assert_int_equal(events_that_say(s, "ns2"), 0);
	fake_dns_fault(NS2, FAULT_NONE);
	run_until(s, s->id, CHALLENGE_READY, 20000);
	assert_null(challenge(s)->waiting_for);
}

static void a_server_that_fails_is_named_in_an_event_too(void **state)
{
	struct scenario *s = *state;

	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_PUBLISHING, 1000);
	fake_dns_fault(NS2, FAULT_SERVFAIL);
	run_for(s, 5000);
	assert_waits(s, "ns2.example.org (192.0.2.2): SERVFAIL");
	assert_int_equal(events_that_say(s, "not seen yet: ns2.example.org (192.0.2.2): SERVFAIL"), 1);
}

static void a_silent_server_is_named_while_it_is_waited_for(void **state)
{
	struct scenario *s = *state;

	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_PUBLISHING, 1000);
	fake_dns_fault(NS2, FAULT_SILENT);
	run_for(s, 1500);
	assert_int_equal(state_of(s, s->id), CHALLENGE_PROPAGATING);
	assert_waits(s, "ns2.example.org (192.0.2.2): no answer yet; the others show the value");
	assert_waits(s, "(check.silent-grace)");
	run_for(s, 18000);
	assert_waits(s, "ns2.example.org (192.0.2.2)");
	assert_waits(s, "(check.silent-grace)");
	run_until(s, s->id, CHALLENGE_READY, 35000);
	assert_null(challenge(s)->waiting_for);
}

static void reasons_that_change_all_the_time_make_few_events(void **state)
{
	struct scenario *s = *state;

	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_PUBLISHING, 1000);
	for (unsigned i = 0; i < 50; i++) {
		fake_dns_fault(NS1, i % 2 ? FAULT_SERVFAIL : FAULT_LAME);
		fake_dns_fault(NS2, i % 3 ? FAULT_SERVFAIL : FAULT_GARBAGE);
		run_for(s, 1000);
	}
	assert_in_range(events_that_say(s, "not seen yet"), 1, 8);
	assert_non_null(challenge(s)->waiting_for);
}

static void a_record_that_cannot_be_withdrawn_says_why(void **state)
{
	struct scenario *s = *state;

	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 5000);
	reconfigure(s, "    refuse: the key has expired\n");
	restart(s); /* the provider as it was before would remove it */
	release(s, s->id);
	run_for(s, 3600 * 1000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_WITHDRAWING);
	assert_waits(s, "the key has expired");
	assert_int_equal(events_that_say(s, "not withdrawn yet: the key has expired"), 1);
	reconfigure(s, "");
	run_until(s, s->id, CHALLENGE_GONE, 600 * 1000);
	assert_null(challenge(s)->waiting_for);
}

static void a_web_server_that_does_not_have_the_token_is_named(void **state)
{
	struct scenario *s = *state;
	struct challenge_request r = http01(NAME, TOKEN, TOKEN ".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI");

	fake_http_odd(WEB2, 404, "not here");
	assert_int_equal(submit(s, &r, 1), 0);
	run_for(s, 5000);
	assert_waits(s, WEB2);
	assert_waits(s, "404");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scenario_test(an_error_of_the_name_servers_is_told_while_the_place_is_looked_for),
		scenario_test(an_error_of_the_provider_is_told_while_it_is_tried_again),
		scenario_test(who_never_tried_is_told_that_the_provider_wants_a_pause),
		scenario_test(a_server_that_does_not_show_it_yet_is_named_without_an_event),
		scenario_test(a_server_that_fails_is_named_in_an_event_too),
		scenario_test(a_silent_server_is_named_while_it_is_waited_for),
		scenario_test(reasons_that_change_all_the_time_make_few_events),
		scenario_test(a_record_that_cannot_be_withdrawn_says_why),
		scenario_test(a_web_server_that_does_not_have_the_token_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
