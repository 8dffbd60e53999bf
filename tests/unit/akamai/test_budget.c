#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "solver/base/mem.h"
#include "solver/akamai/budget.h"

static struct budget b; /* too large for the stack */

static void the_burst_waits_for_two_seconds(void **state)
{
	(void)state;
	budget_init(&b, 1000, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(budget_take(&b, 1000 + i, true), 0);
	assert_int_equal(budget_take(&b, 1003, true), 2000 + 100 - 3);
	assert_int_equal(budget_take(&b, 3100, true), 0);
	assert_int_equal(budget_take(&b, 3100, true), 1);
}

/* For any minute, also one that begins between two others. */
static void no_minute_holds_more_than_the_limit(void **state)
{
	int64_t left[200];
	size_t count = 0;

	(void)state;
	budget_init(&b, 35, 20);
	for (int64_t now = 0; now < 240000; now += 37)
		while (count < ARRAY_LEN(left) && budget_take(&b, now, true) == 0)
			left[count++] = now;
	assert_true(count > 100);
	for (size_t i = 35; i < count; i++)
		assert_true(left[i] - left[i - 35] >= 60000);
	for (size_t i = 20; i < count; i++)
		assert_true(left[i] - left[i - 20] >= 2000);
}

static void a_closed_budget_opens_at_the_latest_time_named(void **state)
{
	(void)state;
	budget_init(&b, 35, 20);
	budget_close(&b, 5000);
	budget_close(&b, 3000);
	assert_int_equal(budget_take(&b, 1000, true), 4000);
	assert_int_equal(budget_take(&b, 5000, true), 0);
}

static void only_requests_of_the_last_minute_are_used(void **state)
{
	(void)state;
	budget_init(&b, 35, 20);
	assert_int_equal(budget_used(&b, 0), 0);
	for (int i = 0; i < 5; i++)
		budget_take(&b, i * 20000, true);
	assert_int_equal(budget_used(&b, 80000), 3);
	assert_int_equal(budget_used(&b, 200000), 0);
}

static void nonsense_limits_still_let_requests_leave(void **state)
{
	(void)state;
	budget_init(&b, 0, -5);
	assert_int_equal(budget_take(&b, 0, true), 0);
	budget_limit(&b, 1000000, 1000000);
	assert_int_equal(budget_take(&b, 1, true), 0);
}

static void what_is_not_urgent_leaves_some_of_each_minute_to_what_is(void **state)
{
	(void)state;
	budget_init(&b, 35, 1000);
	for (int i = 0; i < 32; i++)
		assert_int_equal(budget_take(&b, 1000, false), 0);
	assert_true(budget_take(&b, 1000, false) > 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(budget_take(&b, 1000, true), 0);
	assert_true(budget_take(&b, 1000, true) > 0);
}

static void what_may_have_arrived_late_counts_from_then(void **state)
{
	(void)state;
	budget_init(&b, 1000, 1);
	assert_int_equal(budget_take(&b, 1000, true), 0);
	budget_latency(&b, 700);
	assert_int_equal(budget_take(&b, 1000, true), 2700);
	for (int i = 0; i < 100; i++)
		budget_latency(&b, 5);
	assert_int_equal(budget_take(&b, 1000, true), 2100);
	budget_latency(&b, 1000000);
	assert_int_equal(budget_take(&b, 1000, true), 4000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_may_have_arrived_late_counts_from_then),
		cmocka_unit_test(what_is_not_urgent_leaves_some_of_each_minute_to_what_is),
		cmocka_unit_test(the_burst_waits_for_two_seconds),
		cmocka_unit_test(no_minute_holds_more_than_the_limit),
		cmocka_unit_test(a_closed_budget_opens_at_the_latest_time_named),
		cmocka_unit_test(only_requests_of_the_last_minute_are_used),
		cmocka_unit_test(nonsense_limits_still_let_requests_leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
