#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "solver/base/hash.h"
#include "solver/base/index.h"

#define MANY 5000

struct thing { char name[16]; };

static struct thing things[MANY];

static bool has_name(const void *object, const void *key)
{
	return strcmp(((const struct thing *)object)->name, key) == 0;
}

/* Few hashes make long rows of neighbours. */
static uint64_t hash_of(const char *name, uint64_t hashes)
{
	return hash_text(hash_begin(), name) % hashes;
}

static void check(const struct index *x, uint64_t hashes, int step)
{
	for (int i = 0; i < MANY; i++)
		assert_ptr_equal(index_find(x, hash_of(things[i].name, hashes), has_name, things[i].name), i % step ? &things[i] : NULL);
}

static void add_all(struct index *x, uint64_t hashes)
{
	for (int i = 0; i < MANY; i++) {
		snprintf(things[i].name, sizeof(things[i].name), "n%d", i);
		index_add(x, hash_of(things[i].name, hashes), &things[i]);
	}
}

static void remove_some(struct index *x, uint64_t hashes, int step)
{
	for (int i = 0; i < MANY; i += step)
		index_remove(x, hash_of(things[i].name, hashes), &things[i]);
	check(x, hashes, step);
}

static void finds_what_is_in_it_and_nothing_else(void **state)
{
	struct index x = { 0 };

	(void)state;
	assert_null(index_find(&x, 1, has_name, "n1"));
	add_all(&x, UINT64_MAX);
	remove_some(&x, UINT64_MAX, 3);
	index_done(&x);
}

static void finds_what_is_left_where_hashes_are_the_same(void **state)
{
	struct index x = { 0 };

	(void)state;
	add_all(&x, 7);
	remove_some(&x, 7, 2);
	index_done(&x);
	add_all(&x, 4999);
	remove_some(&x, 4999, 5);
	index_done(&x);
}

static void takes_little_memory(void **state)
{
	struct index x = { 0 };

	(void)state;
	add_all(&x, UINT64_MAX);
	assert_true(x.room < 2 * MANY * 8 / 7);
	index_done(&x);
}

static void texts_do_not_run_together(void **state)
{
	uint64_t begin = hash_begin();

	(void)state;
	assert_true(hash_text(hash_text(begin, "ab"), "c") != hash_text(hash_text(begin, "a"), "bc"));
	assert_true(hash_text(begin, NULL) != hash_text(begin, ""));
	assert_true(hash_text(begin, "12345678") != hash_text(begin, "123456780"));
	assert_true(hash_text(begin, "name") == hash_text(hash_begin(), "name"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_is_in_it_and_nothing_else),
		cmocka_unit_test(finds_what_is_left_where_hashes_are_the_same),
		cmocka_unit_test(takes_little_memory),
		cmocka_unit_test(texts_do_not_run_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
