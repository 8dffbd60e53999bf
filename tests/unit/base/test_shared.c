#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <stdio.h>

#include <cmocka.h>

#include "solver/base/shared.h"

static void keeps_each_text_once(void **state)
{
	char text[] = "example.org";
	const char *first = shared_text("example.org"), *second = shared_text(text), *other = shared_text("example.net");

	(void)state;
	assert_ptr_equal(first, second);
	assert_ptr_not_equal(first, other);
	shared_drop(first);
	assert_string_equal(second, "example.org");
	shared_drop(second);
	shared_drop(other);
}

static void nothing_stays_nothing(void **state)
{
	const char *slot = NULL;

	(void)state;
	assert_null(shared_text(NULL));
	shared_drop(NULL);
	shared_replace(&slot, NULL);
	assert_null(slot);
}

static void takes_a_new_text_out_of_the_old_one(void **state)
{
	const char *slot = shared_text("first\nsecond");

	(void)state;
	shared_replace(&slot, slot + 6);
	assert_string_equal(slot, "second");
	shared_replace(&slot, slot);
	assert_string_equal(slot, "second");
	shared_replace(&slot, NULL);
	assert_null(slot);
}

static void *hold_and_drop(void *arg)
{
	for (int i = 0; i < 5000; i++) {
		char text[16];
		const char *held;

		snprintf(text, sizeof(text), "zone %d", i % 7);
		held = shared_text(text);
		assert_string_equal(held, text);
		shared_drop(held);
	}
	return arg;
}

static void threads_hold_the_same_texts(void **state)
{
	pthread_t threads[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, hold_and_drop, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_each_text_once),
		cmocka_unit_test(nothing_stays_nothing),
		cmocka_unit_test(takes_a_new_text_out_of_the_old_one),
		cmocka_unit_test(threads_hold_the_same_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
