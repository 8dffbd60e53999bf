/* The time of day that is trusted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "solver/net/settle.h"

#define NOON INT64_C(1795262400000)
#define MONTH INT64_C(2592000000)

/* Looks every second from `from` to `to` seconds at a clock that runs `course` ahead; how often another one was trusted. */
static int look(struct settle *s, int64_t from, int64_t to, int64_t course)
{
	int moved = 0;

	for (int64_t at = from; at <= to; at++)
		moved += settle_read(s, at * 1000, at * 1000 + course);
	return moved;
}

static void nothing_is_known_for_the_first_minute(void **state)
{
	struct settle s = { 0 };

	(void)state;
	assert_int_equal(look(&s, 0, 59, NOON), 0);
	assert_int_equal(settle_wall_ms(&s, 59000), 0);
	assert_int_equal(look(&s, 60, 60, NOON), 1);
	assert_int_equal(settle_wall_ms(&s, 60000), NOON + 60000);
}

static void a_clock_that_is_set_right_in_the_first_minute_begins_it_anew(void **state)
{
	struct settle s = { 0 };

	(void)state;
	look(&s, 0, 30, 0); /* 1970 */
	assert_int_equal(look(&s, 31, 90, NOON), 0);
	assert_int_equal(look(&s, 91, 91, NOON), 1);
	assert_int_equal(settle_wall_ms(&s, 91000), NOON + 91000);
}

static void a_jump_that_is_taken_back_within_a_minute_is_never_trusted(void **state)
{
	struct settle s = { 0 };

	(void)state;
	look(&s, 0, 100, NOON);
	assert_int_equal(look(&s, 101, 159, NOON + MONTH), 0);
	assert_int_equal(settle_wall_ms(&s, 159000), NOON + 159000);
	assert_int_equal(look(&s, 160, 300, NOON), 0);
	assert_int_equal(settle_wall_ms(&s, 300000), NOON + 300000);
}

static void a_jump_that_holds_is_followed_after_a_minute(void **state)
{
	struct settle s = { 0 };

	(void)state;
	look(&s, 0, 100, NOON);
	assert_int_equal(look(&s, 101, 160, NOON + MONTH), 0);
	assert_int_equal(look(&s, 161, 161, NOON + MONTH), 1);
	assert_int_equal(settle_wall_ms(&s, 161000), NOON + MONTH + 161000);
	assert_int_equal(look(&s, 162, 221, NOON - MONTH), 0);
	assert_int_equal(look(&s, 222, 222, NOON - MONTH), 1);
}

static void a_clock_in_1970_is_never_trusted(void **state)
{
	struct settle s = { 0 };

	(void)state;
	assert_int_equal(look(&s, 0, 1000, 0), 0);
	assert_int_equal(settle_wall_ms(&s, 1000000), 0);
}

static void a_clock_that_is_slewed_never_jumps(void **state)
{
	struct settle s = { 0 };
	int moved = 0;

	(void)state;
	for (int64_t at = 0; at < 100000; at++) /* half a millisecond in a second */
		moved += settle_read(&s, at * 1000, at * 1000 + NOON + at / 2);
	assert_int_equal(moved, 1);
	assert_int_equal(settle_wall_ms(&s, 99999000), NOON + 99999000 + 99999 / 2);
}

static void a_course_that_an_earlier_process_saw_a_minute_ago_is_trusted_at_once(void **state)
{
	struct settle s = { 0 };

	(void)state;
	settle_resume(&s, NOON, 40000);
	assert_int_equal(look(&s, 100, 100, NOON), 1);
	assert_int_equal(settle_wall_ms(&s, 100000), NOON + 100000);
}

static void another_course_than_that_of_an_earlier_process_waits_for_its_minute(void **state)
{
	struct settle s = { 0 };

	(void)state;
	settle_resume(&s, NOON + MONTH, 40000);
	assert_int_equal(look(&s, 100, 159, NOON), 0);
	assert_int_equal(look(&s, 160, 160, NOON), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_course_that_an_earlier_process_saw_a_minute_ago_is_trusted_at_once),
		cmocka_unit_test(another_course_than_that_of_an_earlier_process_waits_for_its_minute),
		cmocka_unit_test(nothing_is_known_for_the_first_minute),
		cmocka_unit_test(a_clock_that_is_set_right_in_the_first_minute_begins_it_anew),
		cmocka_unit_test(a_jump_that_is_taken_back_within_a_minute_is_never_trusted),
		cmocka_unit_test(a_jump_that_holds_is_followed_after_a_minute),
		cmocka_unit_test(a_clock_in_1970_is_never_trusted),
		cmocka_unit_test(a_clock_that_is_slewed_never_jumps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
