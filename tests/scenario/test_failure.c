/* What goes wrong outside, and what the engine makes of it. */
#include <stdio.h>

#include "tests/scenario/scenario.h"

#define NAME "www.example.org"
#define FQDN "_acme-challenge.www.example.org"

static void gives_up_at_the_deadline_names_the_server_that_never_showed_the_record_and_withdraws(void **state)
{
	struct scenario *s = *state;

	fake_dns_fault(NS2, FAULT_LAGS);
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_for(s, 55000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_PROPAGATING);
	assert_int_equal(memory_count("example.org", FQDN), 1);
	run_until(s, s->id, CHALLENGE_FAILED, 6000);
	assert_says(reason_of(s, s->id), "deadline passed after 60 s");
	assert_says(reason_of(s, s->id), "ns2.example.org (192.0.2.2): NXDOMAIN");
	assert_int_equal(engine_order_state(s->engine, s->order), ORDER_FAILED);
	assert_nothing_left(s);
}

static void assert_verdict_says(struct scenario *s, const char *sentence)
{
	struct challenge history;

	history_of(s, s->id, &history);
	assert_says(history.verdict, sentence);
	challenge_done(&history);
}

/* One of two servers is at fault: not ready for as long, ready soon after it is mended. */
static void assert_holds_back(struct scenario *s, enum dns_fault fault, int64_t ms, const char *sentence)
{
	fake_dns_fault(NS1, FAULT_NONE);
	fake_dns_fault(NS2, fault);
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_for(s, ms);
	assert_int_equal(state_of(s, s->id), CHALLENGE_PROPAGATING);
	assert_verdict_says(s, sentence);
	assert_verdict_says(s, "\"result\":\"flaky\"");
	fake_dns_fault(NS2, FAULT_NONE);
	run_until(s, s->id, CHALLENGE_READY, 15000);
	release(s, s->id);
	run_until(s, s->id, CHALLENGE_GONE, 1000);
	assert_nothing_left(s);
}

static void one_lagging_server_holds_back_ready(void **state)
{
	assert_holds_back(*state, FAULT_LAGS, 40000, "NXDOMAIN looking up TXT for " FQDN);
}

static void a_silent_server_holds_back_ready(void **state)
{
	assert_holds_back(*state, FAULT_SILENT, 25000, "no answer in 2000 ms");
}

static void a_server_without_authority_holds_back_ready(void **state)
{
	assert_holds_back(*state, FAULT_LAME, 40000, "without authority (lame delegation)");
}

static void a_server_that_fails_holds_back_ready(void **state)
{
	assert_holds_back(*state, FAULT_SERVFAIL, 25000, "SERVFAIL looking up TXT for " FQDN);
}

static void a_garbage_reply_counts_as_not_shown(void **state)
{
	assert_holds_back(*state, FAULT_GARBAGE, 25000, "ns2.example.org");
}

static void half_a_reply_counts_as_not_shown(void **state)
{
	assert_holds_back(*state, FAULT_CUT, 25000, "ns2.example.org");
}

/* An authority that meets it asks the next one. */
static void a_server_that_says_nothing_is_waited_for_only_for_its_grace(void **state)
{
	struct scenario *s = *state;

	fake_dns_fault(NS2, FAULT_SILENT);
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_for(s, 29000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_PROPAGATING);
	run_until(s, s->id, CHALLENGE_READY, 8000);
	release(s, s->id);
	run_until(s, s->id, CHALLENGE_GONE, 1000);
	assert_nothing_left(s);
}

static bool is_said(struct scenario *s, const char *words)
{
	const struct challenge *c = engine_challenge(s->engine, s->id);

	for (size_t i = 0; i < c->event_count; i++)
		if (strstr(c->events[i].text, words))
			return true;
	return false;
}

/* The polls waited for it no longer; the check that decides asks it again, and hears that it lacks the value. */
static void a_server_that_was_silent_and_then_lacks_the_value_holds_back_ready(void **state)
{
	struct scenario *s = *state;

	fake_dns_fault(NS2, FAULT_SILENT);
	assert_int_equal(present(s, NAME, VALUE), 0);
	while (!is_said(s, "some name servers say nothing") && loop_now_ms(s->loop) < 60000)
		step(s, loop_now_ms(s->loop) + 1000);
	fake_dns_fault(NS2, FAULT_LAGS);
	run_for(s, 5000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_PROPAGATING);
	assert_says(engine_challenge(s->engine, s->id)->verdict, "\"result\":\"flaky\"");
	fake_dns_fault(NS2, FAULT_NONE);
	run_until(s, s->id, CHALLENGE_READY, 30000);
}

static void servers_that_are_all_silent_end_at_the_deadline_with_nothing_published(void **state)
{
	struct scenario *s = *state;

	fake_dns_fault(NS1, FAULT_SILENT);
	fake_dns_fault(NS2, FAULT_SILENT);
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_FAILED, 61000);
	assert_says(reason_of(s, s->id), "no name server of zone example.org answers for " FQDN);
	assert_int_equal(memory_jobs(), 0);
}

static void a_name_in_no_zone_ends_at_the_deadline_and_says_so(void **state)
{
	struct scenario *s = *state;

	assert_int_equal(present(s, "www.unregistered.net", VALUE), 0);
	run_until(s, s->id, CHALLENGE_FAILED, 61000);
	assert_says(reason_of(s, s->id), "no zone holds _acme-challenge.www.unregistered.net");
}

/* ---- the provider ---- */

static void a_provider_that_denies_fails_the_challenge_at_once_with_its_sentence(void **state)
{
	struct scenario *s = *state;

	reconfigure(s, "    refuse: the token may not edit example.org\n");
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_FAILED, 500);
	assert_string_equal(reason_of(s, s->id), "the token may not edit example.org");
	assert_nothing_left(s);
}

static void a_provider_that_fails_for_the_moment_is_tried_again_after_its_pause(void **state)
{
	struct scenario *s = *state;

	reconfigure(s, "    fail-first: 1\n    retry-after: 5s\n");
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_for(s, 4900);
	assert_int_equal(state_of(s, s->id), CHALLENGE_PUBLISHING);
	assert_int_equal(memory_jobs(), 0);
	run_until(s, s->id, CHALLENGE_READY, 5000);
}

static void a_provider_that_asks_to_slow_down_is_left_alone_for_its_pause(void **state)
{
	struct scenario *s = *state;

	reconfigure(s, "    limit-first: 1\n    retry-after: 20s\n");
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_for(s, 1000);
	assert_int_equal(present(s, "other.example.org", VALUE2), 0);
	run_for(s, 18000);
	assert_int_equal(memory_jobs(), 0);
	run_until(s, s->id, CHALLENGE_READY, 15000);
}

static void a_job_whose_reply_was_lost_is_repeated(void **state)
{
	struct scenario *s = *state;

	reconfigure(s, "    lose-first: 1\n");
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 5000);
	assert_int_equal(memory_count("example.org", FQDN), 1);
	assert_int_equal(memory_jobs(), 2);
}

static void a_deadline_while_the_provider_works_withdraws_what_it_may_have_published(void **state)
{
	struct scenario *s = *state;

	reconfigure(s, "    pause: 70s\n");
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_for(s, 61000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_WITHDRAWING);
	run_until(s, s->id, CHALLENGE_FAILED, 100000);
	assert_says(reason_of(s, s->id), "the provider did not take it in time");
	assert_nothing_left(s);
}

static void a_record_that_cannot_be_withdrawn_is_tried_until_somebody_mends_the_credentials(void **state)
{
	struct scenario *s = *state;

	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 1000);
	reconfigure(s, "    fail-first: 1000000\n");
	release(s, s->id);
	run_for(s, 3600 * 1000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_WITHDRAWING);
	reconfigure(s, "");
	run_until(s, s->id, CHALLENGE_GONE, 600 * 1000);
	assert_nothing_left(s);
}

/* ---- one name, and the others ---- */

#define REFUSED "_acme-challenge.bad.example.org"

static void only_the_name_that_the_provider_refuses_fails_of_a_hundred_of_several_clients(void **state)
{
	struct scenario *s = *state;
	char domains[100][40], ids[100][ID_SIZE];

	reconfigure(s, "    refuse-name: " REFUSED "\n");
	for (int i = 0; i < 100; i++) {
		struct challenge_request one;
		struct order_request order = { .challenges = &one, .count = 1, .client = i % 2 ? "odd" : "even" };

		snprintf(domains[i], sizeof(domains[i]), i == 37 ? "bad.example.org" : "n%d.example.org", i);
		one = dns01(domains[i], VALUE);
		assert_int_equal(submit_order(s, &order), 0);
		memcpy(ids[i], s->id, ID_SIZE);
	}
	run_for(s, 20000);
	for (int i = 0; i < 100; i++)
		assert_int_equal(state_of(s, ids[i]), i == 37 ? CHALLENGE_FAILED : CHALLENGE_READY);
	assert_says(reason_of(s, ids[37]), "refuse a name");
	assert_int_equal(memory_count("example.org", NULL), 99);
	for (int i = 0; i < 100; i++)
		release(s, ids[i]);
	run_for(s, 2000);
	assert_nothing_left(s);
}

static void a_removal_that_is_refused_does_not_hold_those_beside_it(void **state)
{
	struct scenario *s = *state;
	struct challenge_request list[] = { dns01("good.example.org", VALUE), dns01("bad.example.org", VALUE), dns01("best.example.org", VALUE) };

	assert_int_equal(submit(s, list, 3), 0);
	run_for(s, 5000);
	assert_int_equal(memory_count("example.org", NULL), 3);
	reconfigure(s, "    refuse-name: " REFUSED "\n");
	restart(s); /* the provider as it was before would remove it */
	assert_int_equal(engine_release_order(s->engine, s->order, NULL, NULL, &s->err), 0);
	run_for(s, 1000);
	assert_int_equal(memory_count("example.org", NULL), 1);
	assert_int_equal(memory_count("example.org", REFUSED), 1);
	reconfigure(s, "");
	run_for(s, 60000);
	assert_nothing_left(s);
}

/* ---- a zone that the provider does not know ---- */

static void a_zone_that_is_gone_at_removal_does_not_make_the_record_gone(void **state)
{
	struct scenario *s = *state;

	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 1000);
	reconfigure(s, "    lost-zone: example.org\n");
	restart(s);
	release(s, s->id);
	run_for(s, 86400 * INT64_C(1000));
	assert_int_equal(state_of(s, s->id), CHALLENGE_WITHDRAWING);
	run_for(s, 600000);
	assert_event_says(s, "for more than a day; remove the cause");
	reconfigure(s, "");
	run_until(s, s->id, CHALLENGE_GONE, 3600 * 1000 * 2);
	assert_nothing_left(s);
}

static void a_zone_that_the_provider_does_not_know_at_first_is_waited_for(void **state)
{
	struct scenario *s = *state;

	reconfigure(s, "    lost-zone: example.org\n");
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_for(s, 10000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_PUBLISHING);
	assert_event_says(s, "not published yet: the memory provider was told to know no such zone");
	reconfigure(s, "");
	run_until(s, s->id, CHALLENGE_READY, 30000);
}

static void a_zone_that_never_comes_ends_at_the_deadline_with_nothing_to_withdraw(void **state)
{
	struct scenario *s = *state;

	reconfigure(s, "    lost-zone: example.org\n");
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_FAILED, 61000);
	assert_says(reason_of(s, s->id), "deadline passed after 60 s: the memory provider was told to know no such zone");
	assert_event_says(s, "nothing was published");
}

static void an_operator_can_forget_what_cannot_be_withdrawn_and_nothing_else(void **state)
{
	struct scenario *s = *state;

	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 1000);
	assert_int_equal(engine_forget_challenge(s->engine, s->id, "operator", NULL, NULL, &s->err), ERR_CONFLICT);
	assert_says(s->err.text, "withdraw it first");
	reconfigure(s, "    lost-zone: example.org\n");
	restart(s);
	release(s, s->id);
	run_for(s, 5000);
	assert_int_equal(engine_forget_challenge(s->engine, s->id, "operator", NULL, NULL, &s->err), 0);
	run_until(s, s->id, CHALLENGE_GONE, 1000);
	assert_event_says(s, "forgotten on the word of operator: " FQDN " was not seen to go; the last try said: the memory provider");
	assert_int_equal(engine_forget_challenge(s->engine, s->id, "operator", NULL, NULL, &s->err), ERR_CONFLICT);
	run_for(s, 600000); /* and its next try, which was due, does no harm */
}

/* ---- the journal ---- */

static void an_order_the_journal_refuses_leaves_nothing(void **state)
{
	struct scenario *s = *state;

	journal_refuse(s->loop, 1);
	assert_int_equal(present(s, NAME, VALUE), ERR_IO);
	assert_says(s->err.text, "the disk is full");
	run_for(s, 5000);
	assert_int_equal(count_listed(s), 0);
	assert_int_equal(memory_jobs(), 0);
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 1000);
}

static void a_step_the_journal_refuses_waits_and_nothing_is_lost(void **state)
{
	struct scenario *s = *state;

	assert_int_equal(present(s, NAME, VALUE), 0);
	journal_refuse(s->loop, 5);
	run_for(s, 4000);
	assert_int_equal(memory_jobs(), 0); /* journal first: nothing left the house */
	run_until(s, s->id, CHALLENGE_READY, 5000);
	journal_refuse(s->loop, 3);
	release(s, s->id);
	run_for(s, 5000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_GONE);
	assert_nothing_left(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scenario_test(gives_up_at_the_deadline_names_the_server_that_never_showed_the_record_and_withdraws),
		scenario_test(one_lagging_server_holds_back_ready),
		scenario_test(a_silent_server_holds_back_ready),
		scenario_test(a_server_without_authority_holds_back_ready),
		scenario_test(a_server_that_fails_holds_back_ready),
		scenario_test(a_garbage_reply_counts_as_not_shown),
		scenario_test(half_a_reply_counts_as_not_shown),
		scenario_test(a_server_that_says_nothing_is_waited_for_only_for_its_grace),
		scenario_test(a_server_that_was_silent_and_then_lacks_the_value_holds_back_ready),
		scenario_test(servers_that_are_all_silent_end_at_the_deadline_with_nothing_published),
		scenario_test(a_name_in_no_zone_ends_at_the_deadline_and_says_so),
		scenario_test(a_provider_that_denies_fails_the_challenge_at_once_with_its_sentence),
		scenario_test(a_provider_that_fails_for_the_moment_is_tried_again_after_its_pause),
		scenario_test(a_provider_that_asks_to_slow_down_is_left_alone_for_its_pause),
		scenario_test(a_job_whose_reply_was_lost_is_repeated),
		scenario_test(a_deadline_while_the_provider_works_withdraws_what_it_may_have_published),
		scenario_test(a_record_that_cannot_be_withdrawn_is_tried_until_somebody_mends_the_credentials),
		scenario_test(only_the_name_that_the_provider_refuses_fails_of_a_hundred_of_several_clients),
		scenario_test(a_removal_that_is_refused_does_not_hold_those_beside_it),
		scenario_test(a_zone_that_is_gone_at_removal_does_not_make_the_record_gone),
		scenario_test(a_zone_that_the_provider_does_not_know_at_first_is_waited_for),
		scenario_test(a_zone_that_never_comes_ends_at_the_deadline_with_nothing_to_withdraw),
		scenario_test(an_operator_can_forget_what_cannot_be_withdrawn_and_nothing_else),
		scenario_test(an_order_the_journal_refuses_leaves_nothing),
		scenario_test(a_step_the_journal_refuses_waits_and_nothing_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
