/* The authority's limits of failed validations, mirrored. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/engine/failures.h"

#define MINUTE INT64_C(60000)
#define NOW INT64_C(1700000000000)

static const struct authority letsencrypt = { .failures_per_hour = 5, .failures_consecutive = 1152, .cache_ms = 60000 };

static struct ev_budget budget(const struct failures *f, int64_t at)
{
	struct ev_budget b;

	failures_budget(f, &letsencrypt, at, &b);
	return b;
}

static void without_a_failure_nothing_is_waited_for(void **state)
{
	struct failures f = { 0 };

	(void)state;
	assert_true(budget(&f, NOW).known);
	assert_int_equal(budget(&f, NOW).wait_ms, 0);
	assert_int_equal(budget(&f, NOW).failures_limit, 5);
	assert_int_equal(budget(&f, NOW).consecutive_limit, 1152);
}

static void after_a_failure_the_caches_forget_first(void **state)
{
	struct failures f = { 0 };

	(void)state;
	failures_add(&f, &letsencrypt, NOW);
	assert_int_equal(budget(&f, NOW).wait_ms, MINUTE);
	assert_int_equal(budget(&f, NOW + MINUTE - 1).wait_ms, 1);
	assert_int_equal(budget(&f, NOW + MINUTE).wait_ms, 0);
	assert_int_equal(budget(&f, NOW).failures, 1);
	assert_int_equal(budget(&f, NOW + 13 * MINUTE).failures, 0);
}

static void the_pause_grows_with_each_failure_in_a_row(void **state)
{
	struct failures f = { 0 };
	int64_t at = NOW;
	static const int64_t pauses[] = { 1, 10, 100, 1440, 1440 };

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		failures_add(&f, &letsencrypt, at);
		assert_int_equal(failures_back_off(&f, &letsencrypt, at), pauses[i] * MINUTE);
		assert_int_equal(failures_back_off(&f, &letsencrypt, at + pauses[i] * MINUTE), 0);
		assert_int_equal(budget(&f, at).wait_ms, MINUTE);
		at += 1500 * MINUTE;
	}
	assert_int_equal(f.consecutive, 5);
}

static void a_failure_that_would_leave_the_last_one_is_held_back(void **state)
{
	struct failures f = { 0 };

	(void)state;
	for (int i = 0; i < 4; i++)
		failures_add(&f, &letsencrypt, NOW);
	failures_clear(&f); /* the row is over: only the bucket counts */
	assert_int_equal(budget(&f, NOW).failures, 4);
	assert_int_equal(budget(&f, NOW).wait_ms, 12 * MINUTE);
	assert_int_equal(budget(&f, NOW + 12 * MINUTE).wait_ms, 0);
}

static void a_success_ends_the_row(void **state)
{
	struct failures f = { 0 };

	(void)state;
	failures_add(&f, &letsencrypt, NOW);
	failures_clear(&f);
	assert_int_equal(budget(&f, NOW).consecutive, 0);
	assert_int_equal(budget(&f, NOW).wait_ms, 0);
	assert_int_equal(failures_back_off(&f, &letsencrypt, NOW), 0);
	assert_int_equal(budget(&f, NOW).failures, 1);
}

static void an_authority_without_known_limits_is_only_waited_for_as_its_caches_need(void **state)
{
	struct authority other = { .cache_ms = 90000 };
	struct failures f = { 0 };
	struct ev_budget b;

	(void)state;
	failures_add(&f, &other, NOW);
	failures_budget(&f, &other, NOW, &b);
	assert_int_equal(b.wait_ms, 90000);
	assert_int_equal(b.failures_limit, 0);
}

static void it_is_written_and_read(void **state)
{
	struct failures f = { 0 }, back;
	char text[128];

	(void)state;
	failures_add(&f, &letsencrypt, NOW);
	failures_add(&f, &letsencrypt, NOW + MINUTE);
	failures_text(&f, text);
	assert_true(failures_read(text, &back));
	assert_int_equal(back.consecutive, 2);
	assert_int_equal(budget(&back, NOW + MINUTE).failures, budget(&f, NOW + MINUTE).failures);
	assert_false(failures_read(NULL, &back));
	assert_false(failures_read("", &back));
	assert_false(failures_read("1 2 3", &back));
	assert_false(failures_read("nan 1 2 3", &back));
	assert_false(failures_read("-1 1 2 3", &back));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_failure_nothing_is_waited_for),
		cmocka_unit_test(after_a_failure_the_caches_forget_first),
		cmocka_unit_test(the_pause_grows_with_each_failure_in_a_row),
		cmocka_unit_test(a_failure_that_would_leave_the_last_one_is_held_back),
		cmocka_unit_test(a_success_ends_the_row),
		cmocka_unit_test(an_authority_without_known_limits_is_only_waited_for_as_its_caches_need),
		cmocka_unit_test(it_is_written_and_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
