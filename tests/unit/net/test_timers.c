#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "solver/net/timers.h"

#define MANY 1000

/* Takes out all, first ones first, and checks that none ends before the one in front of it. */
static size_t drain(struct timers *all)
{
	int64_t before = INT64_MIN;
	struct timer *t;
	size_t count = 0;

	for (; (t = timers_first(all)); count++) {
		assert_true(t->at_ms >= before);
		before = t->at_ms;
		timers_remove(all, t);
	}
	return count;
}

static void the_one_that_ends_first_stands_first(void **state)
{
	struct timers all = { 0 };
	struct timer t[MANY];

	(void)state;
	for (int i = 0; i < MANY; i++) {
		t[i].at_ms = i * 7919 % 613;
		timers_add(&all, &t[i]);
	}
	assert_int_equal(drain(&all), MANY);
	timers_done(&all);
}

static void any_of_them_can_be_removed(void **state)
{
	struct timers all = { 0 };
	struct timer t[MANY];

	(void)state;
	for (int i = 0; i < MANY; i++) {
		t[i].at_ms = i * 7919 % 613;
		timers_add(&all, &t[i]);
	}
	for (int i = 0; i < MANY; i += 3)
		timers_remove(&all, &t[i]);
	assert_int_equal(drain(&all), MANY - (MANY + 2) / 3);
	timers_done(&all);
}

static void those_that_end_together_come_as_they_were_started(void **state)
{
	struct timers all = { .started = UINT32_MAX - MANY / 2 }; /* also where the numbers begin anew */
	struct timer t[MANY];

	(void)state;
	for (int i = 0; i < MANY; i++) {
		t[i].at_ms = 5;
		timers_add(&all, &t[i]);
	}
	for (int i = 0; i < MANY; i++) {
		assert_ptr_equal(timers_first(&all), &t[i]);
		timers_remove(&all, &t[i]);
	}
	timers_done(&all);
}

static void knows_which_were_started_since(void **state)
{
	struct timers all = { .started = UINT32_MAX };
	struct timer old = { .at_ms = 1 }, new = { .at_ms = 1 };
	uint32_t started;

	(void)state;
	timers_add(&all, &old);
	started = all.started;
	timers_add(&all, &new);
	assert_false(timers_is_since(&all, &old, started));
	assert_true(timers_is_since(&all, &new, started));
	drain(&all);
	timers_done(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_one_that_ends_first_stands_first),
		cmocka_unit_test(any_of_them_can_be_removed),
		cmocka_unit_test(those_that_end_together_come_as_they_were_started),
		cmocka_unit_test(knows_which_were_started_since),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
