/* Somebody sets the clock: durations do not care, times of day follow it when it has held for a minute. */
#include "tests/scenario/scenario.h"

#define NAME "www.example.org"
#define MONTH_MS INT64_C(2592000000)

static void make_ready(struct scenario *s)
{
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 5000);
}

static void a_clock_that_is_a_month_ahead_for_less_than_a_minute_withdraws_nothing(void **state)
{
	struct scenario *s = *state;

	make_ready(s);
	fake_loop_set_wall(s->loop, MONTH_MS);
	run_for(s, 50000);
	fake_loop_set_wall(s->loop, -MONTH_MS);
	run_for(s, 300000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_READY);
}

static void what_has_expired_by_a_clock_that_was_set_is_withdrawn_after_a_minute(void **state)
{
	struct scenario *s = *state;

	make_ready(s);
	fake_loop_set_wall(s->loop, MONTH_MS);
	run_for(s, 59000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_READY);
	run_until(s, s->id, CHALLENGE_GONE, 10000);
	assert_nothing_left(s);
}

static void a_clock_that_is_set_back_makes_it_stay_as_long_as_it_says(void **state)
{
	struct scenario *s = *state;

	make_ready(s);
	fake_loop_set_wall(s->loop, -3600 * 1000);
	run_for(s, 7000 * 1000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_READY);
	run_for(s, 300 * 1000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_GONE);
}

static void a_deadline_neither_comes_early_nor_late_when_the_clock_is_set(void **state)
{
	struct scenario *s = *state;

	fake_dns_fault(NS2, FAULT_LAGS);
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_for(s, 1000);
	fake_loop_set_wall(s->loop, MONTH_MS);
	run_for(s, 25000);
	fake_loop_set_wall(s->loop, -2 * MONTH_MS);
	run_for(s, 33000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_PROPAGATING);
	run_until(s, s->id, CHALLENGE_FAILED, 3000);
}

/* As the first life left it, with another clock than that of now. */
static void boot_with_clock(struct scenario *s, int64_t by_ms)
{
	fake_loop_set_wall(s->loop, by_ms);
	fake_loop_unsettle(s->loop);
	restart(s);
}

static void a_boot_with_a_clock_years_ahead_withdraws_nothing_before_it_is_set_right(void **state)
{
	struct scenario *s = *state;

	make_ready(s);
	boot_with_clock(s, 24 * MONTH_MS);
	run_for(s, 40000);
	fake_loop_set_wall(s->loop, -24 * MONTH_MS);
	run_for(s, 300000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_READY);
}

static void a_boot_in_1970_withdraws_nothing_and_expires_on_time_after_it_is_set_right(void **state)
{
	struct scenario *s = *state;
	int64_t to_1970 = -loop_wall_ms(s->loop);

	make_ready(s);
	boot_with_clock(s, to_1970);
	run_for(s, 600000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_READY);
	fake_loop_set_wall(s->loop, -to_1970);
	run_for(s, 2900 * 1000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_READY);
	run_for(s, 200 * 1000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_GONE);
}

static void a_boot_with_a_clock_years_ahead_gives_what_is_under_way_a_minute(void **state)
{
	struct scenario *s = *state;

	fake_dns_fault(NS2, FAULT_LAGS);
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_for(s, 30000);
	boot_with_clock(s, 24 * MONTH_MS);
	run_for(s, 10000);
	fake_dns_fault(NS2, FAULT_NONE);
	run_until(s, s->id, CHALLENGE_READY, 30000);
}

static void what_was_accepted_in_1970_has_its_lifetime_when_the_clock_is_set_right(void **state)
{
	struct scenario *s = *state;
	int64_t to_1970 = -loop_wall_ms(s->loop);

	boot_with_clock(s, to_1970);
	make_ready(s);
	fake_loop_set_wall(s->loop, -to_1970);
	run_for(s, 3500 * 1000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_READY);
	run_for(s, 200 * 1000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_GONE);
}

static void a_clock_that_has_held_since_an_earlier_process_is_trusted_at_once(void **state)
{
	struct scenario *s = *state;

	make_ready(s);
	run_for(s, 70000);
	fake_loop_unsettle(s->loop); /* as a process that begins now */
	assert_true(loop_settled_ms(s->loop) == 0);
	restart(s);
	assert_true(loop_settled_ms(s->loop) > 0);
	assert_int_equal(state_of(s, s->id), CHALLENGE_READY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scenario_test(a_clock_that_is_a_month_ahead_for_less_than_a_minute_withdraws_nothing),
		scenario_test(what_has_expired_by_a_clock_that_was_set_is_withdrawn_after_a_minute),
		scenario_test(a_clock_that_is_set_back_makes_it_stay_as_long_as_it_says),
		scenario_test(a_deadline_neither_comes_early_nor_late_when_the_clock_is_set),
		scenario_test(a_clock_that_has_held_since_an_earlier_process_is_trusted_at_once),
		scenario_test(a_boot_with_a_clock_years_ahead_withdraws_nothing_before_it_is_set_right),
		scenario_test(a_boot_in_1970_withdraws_nothing_and_expires_on_time_after_it_is_set_right),
		scenario_test(a_boot_with_a_clock_years_ahead_gives_what_is_under_way_a_minute),
		scenario_test(what_was_accepted_in_1970_has_its_lifetime_when_the_clock_is_set_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
