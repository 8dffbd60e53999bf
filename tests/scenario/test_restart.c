/* The process ends at any moment and starts again: nothing is lost, nothing is left behind. */
#include <stdio.h>

#include "tests/scenario/scenario.h"

#define NAME "www.example.org"
#define FQDN "_acme-challenge.www.example.org"
#define STEPS_MAX 400

/* Runs `steps` steps of the loop; false when the state came first. */
static bool steps_before(struct scenario *s, enum challenge_state state, unsigned steps)
{
	while (steps--) {
		if (state_of(s, s->id) == state)
			return false;
		step(s, loop_now_ms(s->loop) + 1000);
	}
	return true;
}

static void let_go(struct scenario *s)
{
	release(s, s->id);
	run_until(s, s->id, CHALLENGE_GONE, 60000);
	assert_nothing_left(s);
}

static void a_restart_after_any_step_of_publishing_ends_in_ready(void **state)
{
	struct scenario *s = *state;
	bool reached = false;
	char name[64];

	for (unsigned n = 0; !reached; n++) {
		assert_true(n < STEPS_MAX);
		snprintf(name, sizeof(name), "n%u.example.org", n);
		assert_int_equal(present(s, name, VALUE), 0);
		reached = !steps_before(s, CHALLENGE_READY, n);
		restart(s);
		run_until(s, s->id, CHALLENGE_READY, 60000);
		let_go(s);
	}
}

static void a_restart_after_any_step_of_withdrawing_ends_in_gone(void **state)
{
	struct scenario *s = *state;
	bool reached = false;
	char name[64];

	for (unsigned n = 0; !reached; n++) {
		assert_true(n < STEPS_MAX);
		snprintf(name, sizeof(name), "n%u.example.org", n);
		assert_int_equal(present(s, name, VALUE), 0);
		run_until(s, s->id, CHALLENGE_READY, 60000);
		release(s, s->id);
		reached = !steps_before(s, CHALLENGE_GONE, n);
		restart(s);
		run_until(s, s->id, CHALLENGE_GONE, 60000);
		assert_nothing_left(s);
	}
}

static void a_restart_after_the_provider_did_it_and_before_the_journal_knows_leaves_nothing(void **state)
{
	struct scenario *s = *state;

	reconfigure(s, "    pause: 5s\n");
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_PUBLISHING, 100);
	memory_put("example.org", FQDN, VALUE); /* the call arrived, its reply did not */
	restart(s);
	reconfigure(s, "    refuse: expired credentials\n");
	run_for(s, 2000);
	assert_int_not_equal(state_of(s, s->id), CHALLENGE_FAILED);
	reconfigure(s, "");
	run_until(s, s->id, CHALLENGE_FAILED, 600000);
	assert_nothing_left(s);
}

static void a_challenge_that_failed_is_withdrawn_and_keeps_its_reason_after_a_restart(void **state)
{
	struct scenario *s = *state;

	reconfigure(s, "    pause: 5s\n");
	fake_dns_fault(NS2, FAULT_LAGS);
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_for(s, 61000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_WITHDRAWING);
	restart(s);
	assert_int_equal(engine_order_state(s->engine, s->order), ORDER_FAILED);
	run_until(s, s->id, CHALLENGE_FAILED, 10000);
	assert_says(reason_of(s, s->id), "ns2.example.org");
	assert_nothing_left(s);
}

static void a_ready_challenge_stays_ready_and_a_repeated_present_finds_it(void **state)
{
	struct scenario *s = *state;
	char id[ID_SIZE];

	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 1000);
	memcpy(id, s->id, ID_SIZE);
	restart(s);
	assert_int_equal(present(s, NAME, VALUE), 0);
	assert_true(s->existed);
	assert_string_equal(s->id, id);
	assert_int_equal(memory_jobs(), 1);
	let_go(s);
}

static void a_deadline_that_passed_while_it_was_down_ends_the_challenge(void **state)
{
	struct scenario *s = *state;

	fake_dns_fault(NS2, FAULT_LAGS);
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_for(s, 58000);
	restart(s);
	run_until(s, s->id, CHALLENGE_FAILED, 3000);
	assert_nothing_left(s);
}

static void our_own_answers_are_back_before_the_first_question(void **state)
{
	struct scenario *s = *state;

	fake_dns_cname(FQDN, "abc.dcvd.test");
	fake_dns_value("abc.dcvd.test", VALUE);
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 2000);
	restart(s);
	assert_int_equal(answers_count(s->answers), 1);
	let_go(s);
}

static void two_who_share_a_record_still_share_it_after_a_restart(void **state)
{
	struct scenario *s = *state;
	struct challenge_request r = dns01(NAME, VALUE);
	char alice[ID_SIZE];

	assert_int_equal(present(s, NAME, VALUE), 0);
	memcpy(alice, s->id, ID_SIZE);
	assert_int_equal(submit_order(s, &(struct order_request){ .challenges = &r, .count = 1, .client = "bob" }), 0);
	run_until(s, s->id, CHALLENGE_READY, 1000);
	restart(s);
	release(s, alice);
	run_until(s, alice, CHALLENGE_GONE, 1000);
	assert_true(memory_has("example.org", FQDN, VALUE));
	let_go(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scenario_test(a_restart_after_any_step_of_publishing_ends_in_ready),
		scenario_test(a_restart_after_any_step_of_withdrawing_ends_in_gone),
		scenario_test(a_restart_after_the_provider_did_it_and_before_the_journal_knows_leaves_nothing),
		scenario_test(a_challenge_that_failed_is_withdrawn_and_keeps_its_reason_after_a_restart),
		scenario_test(a_ready_challenge_stays_ready_and_a_repeated_present_finds_it),
		scenario_test(a_deadline_that_passed_while_it_was_down_ends_the_challenge),
		scenario_test(our_own_answers_are_back_before_the_first_question),
		scenario_test(two_who_share_a_record_still_share_it_after_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
