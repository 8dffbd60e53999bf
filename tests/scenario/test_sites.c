/* Records at servers that the configuration does not name any more, or that never answered. */
#include "solver/base/mem.h"
#include "tests/scenario/scenario.h"

#define NAME "www.example.org"
#define FQDN "_acme-challenge.www.example.org"

#define SERVER_A "    server: a\n"
#define SERVER_B "    server: b\n"

static void present_at_a(struct scenario *s)
{
	reconfigure(s, SERVER_A);
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 5000);
	assert_int_equal(memory_count("a/example.org", FQDN), 1);
}

static void after_a_reload_with_another_server_the_record_is_withdrawn_from_the_old_one(void **state)
{
	struct scenario *s = *state;

	present_at_a(s);
	reconfigure(s, SERVER_B);
	reconfigure(s, SERVER_B);
	release(s, s->id);
	run_until(s, s->id, CHALLENGE_GONE, 1000);
	assert_nothing_left(s);
}

static void after_a_restart_with_another_server_the_record_is_said_to_stand_at_the_old_one(void **state)
{
	struct scenario *s = *state;

	present_at_a(s);
	reconfigure(s, SERVER_B);
	restart(s);
	release(s, s->id);
	run_for(s, 5000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_WITHDRAWING);
	assert_event_says(s, "the record stands at memory server=a (provider m), where no provider of the configuration leads any more");
	assert_int_equal(memory_count("a/example.org", FQDN), 1);
	reconfigure(s, SERVER_A);
	run_until(s, s->id, CHALLENGE_GONE, 600 * 1000);
	assert_nothing_left(s);
}

static void a_record_that_is_published_again_through_another_server_is_withdrawn_from_both(void **state)
{
	struct scenario *s = *state;

	present_at_a(s);
	memory_take("a/example.org", FQDN, VALUE);
	reconfigure(s, SERVER_B);
	run_for(s, 900 * 1000); /* the recheck finds it lost */
	assert_int_equal(memory_count("b/example.org", FQDN), 1);
	memory_put("a/example.org", FQDN, VALUE); /* as if a copy had lagged */
	release(s, s->id);
	run_for(s, 2000);
	assert_event_says(s, "withdrawn at memory server=b; it was written at memory server=a too");
	assert_nothing_left(s);
}

/* ---- a wrong key in between ---- */

static void a_wrong_key_for_a_moment_orphans_nothing_when_the_server_changes(void **state)
{
	struct scenario *s = *state;

	present_at_a(s);
	reconfigure(s, SERVER_A "    refuse: wrong key\n");
	reconfigure(s, SERVER_B);
	release(s, s->id);
	run_until(s, s->id, CHALLENGE_GONE, 2000);
	assert_nothing_left(s);
}

static void a_key_that_is_wrong_from_now_on_leaves_the_withdrawal_to_the_one_that_worked(void **state)
{
	struct scenario *s = *state;

	present_at_a(s);
	reconfigure(s, SERVER_A "    refuse: wrong key\n");
	release(s, s->id);
	run_until(s, s->id, CHALLENGE_GONE, 10000);
	assert_event_says(s, "not withdrawn yet: wrong key");
	assert_nothing_left(s);
}

static void a_key_that_nobody_used_before_the_wrong_one_is_kept_too(void **state)
{
	struct scenario *s = *state;

	present_at_a(s);
	restart(s);
	reconfigure(s, SERVER_A "    refuse: wrong key\n");
	reconfigure(s, SERVER_B);
	release(s, s->id);
	run_until(s, s->id, CHALLENGE_GONE, 10000);
	assert_nothing_left(s);
}

static void a_record_that_no_key_of_today_can_withdraw_says_what_to_do(void **state)
{
	struct scenario *s = *state;

	present_at_a(s);
	reconfigure(s, SERVER_A "    refuse: wrong key\n");
	restart(s);
	reconfigure(s, SERVER_B);
	release(s, s->id);
	run_for(s, 5000);
	assert_event_says(s, "wrong key. No provider of the configuration leads to memory server=a any more: put it back there as another provider");
	assert_event_says(s, s->id);
}

/* ---- a server that never had the record ---- */

static void present_at_a_dead_server(struct scenario *s, const char *options)
{
	CLEANUP(mem_freep) char *dead = mem_printf("%s%s", SERVER_A, options);

	reconfigure(s, dead);
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_for(s, 5000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_PUBLISHING);
	reconfigure(s, SERVER_B);
	run_until(s, s->id, CHALLENGE_READY, 50000);
}

static void a_server_that_no_update_can_have_reached_is_not_noted(void **state)
{
	struct scenario *s = *state;

	present_at_a_dead_server(s, "    unreachable: true\n");
	restart(s);
	reconfigure(s, SERVER_B);
	release(s, s->id);
	run_until(s, s->id, CHALLENGE_GONE, 1000);
	assert_nothing_left(s);
}

static void a_server_that_never_answered_is_given_up_at_once_when_nobody_leads_there(void **state)
{
	struct scenario *s = *state;

	present_at_a_dead_server(s, "    silent: true\n");
	restart(s);
	reconfigure(s, SERVER_B);
	release(s, s->id);
	run_until(s, s->id, CHALLENGE_GONE, 2000);
	assert_event_says(s, "withdrawn at memory server=b; it may have been written at memory server=a too");
	assert_event_says(s, "not withdrawn at memory server=a: no update was ever confirmed there, and no provider of the configuration leads there any more");
	assert_nothing_left(s);
}

static void a_server_that_never_answered_is_asked_for_a_day_through_the_old_instance(void **state)
{
	struct scenario *s = *state;

	present_at_a_dead_server(s, "    silent: true\n");
	release(s, s->id);
	run_for(s, 23 * 3600 * 1000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_WITHDRAWING);
	run_until(s, s->id, CHALLENGE_GONE, 2 * 3600 * 1000);
	assert_event_says(s, "not withdrawn at memory server=a: no update was ever confirmed there, and the memory provider was told not to answer");
}

static void a_server_of_the_configuration_that_never_answered_is_asked_for_a_week(void **state)
{
	struct scenario *s = *state;

	reconfigure(s, SERVER_A "    silent: true\n");
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_for(s, 5000);
	release(s, s->id);
	run_for(s, 6 * 86400 * INT64_C(1000));
	assert_int_equal(state_of(s, s->id), CHALLENGE_WITHDRAWING);
	restart(s);
	reconfigure(s, SERVER_A "    silent: true\n");
	run_until(s, s->id, CHALLENGE_GONE, 2 * 86400 * INT64_C(1000));
	assert_event_says(s, "The record may stand there");
}

static void a_record_whose_lost_update_arrived_is_withdrawn_where_it_stands(void **state)
{
	struct scenario *s = *state;

	reconfigure(s, SERVER_A "    lose-first: 1\n    retry-after: 20s\n");
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_for(s, 400);
	assert_int_equal(memory_count("a/example.org", FQDN), 1);
	reconfigure(s, SERVER_B);
	run_until(s, s->id, CHALLENGE_READY, 50000);
	release(s, s->id);
	run_until(s, s->id, CHALLENGE_GONE, 5000);
	assert_nothing_left(s);
}

static void a_record_that_another_challenge_left_is_withdrawn_although_its_heir_wrote_nothing_there(void **state)
{
	struct scenario *s = *state;
	struct challenge_request same = dns01(NAME, VALUE);
	char first[ID_SIZE];

	present_at_a(s);
	memcpy(first, s->id, ID_SIZE);
	reconfigure(s, SERVER_A "    unreachable: true\n");
	assert_int_equal(submit_order(s, &(struct order_request){ .challenges = &same, .count = 1, .client = "bob" }), 0);
	run_for(s, 2000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_PUBLISHING);
	release(s, first);
	run_until(s, first, CHALLENGE_GONE, 2000);
	assert_int_equal(memory_count("a/example.org", FQDN), 1);
	reconfigure(s, SERVER_B);
	run_until(s, s->id, CHALLENGE_READY, 50000);
	release(s, s->id);
	run_until(s, s->id, CHALLENGE_GONE, 5000);
	assert_nothing_left(s);
}

static void a_record_that_was_seen_is_never_given_up(void **state)
{
	struct scenario *s = *state;

	present_at_a(s);
	reconfigure(s, SERVER_A "    silent: true\n");
	restart(s);
	release(s, s->id);
	run_for(s, 20 * 86400 * INT64_C(1000));
	restart(s);
	reconfigure(s, SERVER_B);
	run_for(s, 20 * 86400 * INT64_C(1000));
	assert_int_equal(state_of(s, s->id), CHALLENGE_WITHDRAWING);
	reconfigure(s, SERVER_A);
	run_until(s, s->id, CHALLENGE_GONE, 2 * 3600 * 1000);
	assert_nothing_left(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scenario_test(after_a_reload_with_another_server_the_record_is_withdrawn_from_the_old_one),
		scenario_test(after_a_restart_with_another_server_the_record_is_said_to_stand_at_the_old_one),
		scenario_test(a_record_that_is_published_again_through_another_server_is_withdrawn_from_both),
		scenario_test(a_wrong_key_for_a_moment_orphans_nothing_when_the_server_changes),
		scenario_test(a_key_that_is_wrong_from_now_on_leaves_the_withdrawal_to_the_one_that_worked),
		scenario_test(a_key_that_nobody_used_before_the_wrong_one_is_kept_too),
		scenario_test(a_record_that_no_key_of_today_can_withdraw_says_what_to_do),
		scenario_test(a_server_that_no_update_can_have_reached_is_not_noted),
		scenario_test(a_server_that_never_answered_is_given_up_at_once_when_nobody_leads_there),
		scenario_test(a_server_that_never_answered_is_asked_for_a_day_through_the_old_instance),
		scenario_test(a_server_of_the_configuration_that_never_answered_is_asked_for_a_week),
		scenario_test(a_record_whose_lost_update_arrived_is_withdrawn_where_it_stands),
		scenario_test(a_record_that_another_challenge_left_is_withdrawn_although_its_heir_wrote_nothing_there),
		scenario_test(a_record_that_was_seen_is_never_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
