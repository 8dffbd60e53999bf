/* Buckets of changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/api/access/rate.h"
#include "solver/base/mem.h"

static struct rate rate_of(const char *text)
{
	struct rate r = { 0 };
	struct err err = { 0 };

	if (rate_read(text, &r, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	return r;
}

static void what_is_no_rate_is_refused(void **state)
{
	static const char *const bad[] = { "", "5", "5/", "/1m", "0/1m", "5/0s", "-1/1m", "5/1", "5/2d", "5/m", "10000000/1m", "99999999/1m", "5/1m ", "x/1m", "5 /1m" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct rate r;
		struct err err;

		if (rate_read(bad[i], &r, &err) == 0)
			fail_msg("\"%s\" was taken", bad[i]);
	}
}

static void an_empty_bucket_says_when_to_come_again(void **state)
{
	struct rate_table *t = rate_table_new();
	struct rate r = rate_of("2/1m");
	int64_t wait;

	(void)state;
	assert_int_equal(rate_take(t, "a", &r, 1, 1000), 0);
	assert_int_equal(rate_take(t, "a", &r, 1, 1000), 0);
	wait = rate_take(t, "a", &r, 1, 1000);
	assert_in_range(wait, 29000, 30001);
	assert_true(rate_take(t, "a", &r, 1, 1000 + wait - 100) > 0);
	assert_int_equal(rate_take(t, "a", &r, 1, 1000 + wait), 0);
	rate_table_free(t);
}

static void a_bucket_holds_no_more_than_its_count(void **state)
{
	struct rate_table *t = rate_table_new();
	struct rate r = rate_of("2/1s");

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(rate_take(t, "a", &r, 1, 1000000), 0);
	assert_true(rate_take(t, "a", &r, 1, 1000000) > 0);
	rate_table_free(t);
}

static void clients_have_buckets_of_their_own(void **state)
{
	struct rate_table *t = rate_table_new();
	struct rate r = rate_of("1/1m"), none = { 0 }, more = rate_of("3/1m");

	(void)state;
	assert_int_equal(rate_take(t, "a", &r, 1, 5), 0);
	assert_int_equal(rate_take(t, "b", &r, 1, 5), 0);
	assert_true(rate_take(t, "a", &r, 1, 5) > 0);
	assert_int_equal(rate_take(t, "a", &none, 1, 5), 0);
	assert_int_equal(rate_take(t, "a", &more, 1, 5), 0);
	rate_table_free(t);
}

static void a_changed_rate_makes_nobody_begin_anew(void **state)
{
	struct rate_table *t = rate_table_new();
	struct rate three = rate_of("3/10m"), four = rate_of("4/10m"), two = rate_of("2/10m");

	(void)state;
	assert_int_equal(rate_take(t, "a", &three, 3, 5), 0);
	assert_int_equal(rate_take(t, "a", &four, 1, 5), 0);
	assert_true(rate_take(t, "a", &four, 1, 5) > 0);
	assert_true(rate_take(t, "a", &two, 1, 5) > 0);
	assert_true(rate_take(t, "a", &three, 3, 5) > 0);
	rate_table_free(t);
}

static void what_was_taken_for_nothing_comes_back(void **state)
{
	struct rate_table *t = rate_table_new();
	struct rate r = rate_of("10/10s");

	(void)state;
	assert_int_equal(rate_take(t, "a", &r, 10, 0), 0);
	rate_give(t, "a", 9);
	rate_give(t, "b", 9);
	assert_int_equal(rate_take(t, "a", &r, 9, 0), 0);
	assert_true(rate_take(t, "a", &r, 1, 0) > 0);
	rate_give(t, "a", 1000);
	assert_true(rate_take(t, "a", &r, 11, 0) == RATE_NEVER);
	assert_int_equal(rate_take(t, "a", &r, 10, 0), 0);
	assert_true(rate_take(t, "a", &r, 1, 0) > 0);
	rate_table_free(t);
}

static void a_call_for_many_is_counted_in_full_or_not_at_all(void **state)
{
	struct rate_table *t = rate_table_new();
	struct rate r = rate_of("10/10s");

	(void)state;
	assert_int_equal(rate_take(t, "a", &r, 6, 0), 0);
	assert_in_range(rate_take(t, "a", &r, 10, 0), 5900, 6001);
	assert_int_equal(rate_take(t, "a", &r, 4, 0), 0);
	assert_true(rate_take(t, "a", &r, 1, 0) > 0);
	rate_table_free(t);
}

static void the_time_to_wait_for_many_is_enough(void **state)
{
	struct rate_table *t = rate_table_new();
	struct rate r = rate_of("10/10s");

	(void)state;
	assert_int_equal(rate_take(t, "a", &r, 6, 0), 0);
	assert_int_equal(rate_take(t, "a", &r, 10, rate_take(t, "a", &r, 10, 0)), 0);
	rate_table_free(t);
}

static void more_than_the_bucket_holds_is_never_taken(void **state)
{
	struct rate_table *t = rate_table_new();
	struct rate r = rate_of("10/10s");

	(void)state;
	assert_true(rate_take(t, "a", &r, 11, 0) == RATE_NEVER);
	assert_int_equal(rate_take(t, "a", &r, 10, 0), 0);
	rate_table_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_rate_is_refused),
		cmocka_unit_test(an_empty_bucket_says_when_to_come_again),
		cmocka_unit_test(a_bucket_holds_no_more_than_its_count),
		cmocka_unit_test(a_call_for_many_is_counted_in_full_or_not_at_all),
		cmocka_unit_test(the_time_to_wait_for_many_is_enough),
		cmocka_unit_test(more_than_the_bucket_holds_is_never_taken),
		cmocka_unit_test(clients_have_buckets_of_their_own),
		cmocka_unit_test(a_changed_rate_makes_nobody_begin_anew),
		cmocka_unit_test(what_was_taken_for_nothing_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
