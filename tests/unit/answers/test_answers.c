#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/answers/answers.h"

#define NAME "_acme-challenge.www.example.com"

static int setup(void **state)
{
	*state = answers_new();
	return 0;
}

static int teardown(void **state)
{
	answers_free(*state);
	return 0;
}

static void assert_body(struct answers *a, const char *host, const char *token, const char *expected)
{
	char body[64];
	long length = answers_get_http(a, host, token, body, sizeof(body));

	if (!expected) {
		assert_int_equal(length, -1);
		return;
	}
	assert_int_equal(length, strlen(expected));
	assert_memory_equal(body, expected, strlen(expected));
}

static void join(const char *value, size_t length, void *arg)
{
	strncat(arg, value, length);
	strcat(arg, " ");
}

static void assert_values(struct answers *a, const char *name, const char *expected)
{
	char all[256] = "";

	answers_each_dns(a, name, join, all);
	assert_string_equal(all, expected);
}

static void an_unknown_token_is_not_found(void **state)
{
	answers_set_http(*state, "a.example", "token", "body");
	assert_body(*state, "b.example", "token", NULL);
	assert_body(*state, "a.example", "toke", NULL);
	assert_body(*state, "a.exampletoken", "", NULL);
	assert_body(*state, "a", "exampletoken", NULL);
}

static void a_body_over_the_room_is_never_cut(void **state)
{
	char body[4];

	answers_set_http(*state, "a.example", "token", "12345");
	assert_int_equal(answers_get_http(*state, "a.example", "token", body, sizeof(body)), -1);
}

static void setting_a_token_twice_replaces_its_body(void **state)
{
	answers_set_http(*state, "a.example", "token", "old");
	answers_set_http(*state, "a.example", "token", "newer");
	assert_body(*state, "a.example", "token", "newer");
	assert_int_equal(answers_count(*state), 1);
}

static void clearing_what_is_absent_changes_nothing(void **state)
{
	unsigned serial = answers_dns_serial(*state);

	answers_clear_http(*state, "a.example", "token");
	answers_clear_dns(*state, NAME, "value");
	assert_int_equal(answers_count(*state), 0);
	assert_int_equal(answers_dns_serial(*state), serial);
	assert_false(answers_dns_exists(*state, "com"));
}

static void a_cleared_token_is_gone_and_others_stay(void **state)
{
	answers_set_http(*state, "a.example", "one", "1");
	answers_set_http(*state, "a.example", "two", "2");
	answers_clear_http(*state, "a.example", "one");
	assert_body(*state, "a.example", "one", NULL);
	assert_body(*state, "a.example", "two", "2");
}

static void one_name_holds_many_values_and_loses_only_the_named_one(void **state)
{
	answers_set_dns(*state, NAME, "one");
	answers_set_dns(*state, NAME, "two");
	answers_set_dns(*state, NAME, "three");
	answers_clear_dns(*state, NAME, "two");
	assert_values(*state, NAME, "one three ");
}

static void a_value_set_twice_stands_once_and_is_gone_after_one_clear(void **state)
{
	unsigned serial;

	answers_set_dns(*state, NAME, "one");
	serial = answers_dns_serial(*state);
	answers_set_dns(*state, NAME, "one");
	assert_int_equal(answers_dns_serial(*state), serial);
	assert_values(*state, NAME, "one ");
	answers_clear_dns(*state, NAME, "one");
	assert_values(*state, NAME, "");
	assert_false(answers_dns_exists(*state, NAME));
}

static void a_name_above_a_value_exists_until_the_last_value_below_is_gone(void **state)
{
	answers_set_dns(*state, NAME, "one");
	answers_set_dns(*state, "_acme-challenge.api.example.com", "two");
	assert_true(answers_dns_exists(*state, "www.example.com"));
	assert_true(answers_dns_exists(*state, "example.com"));
	assert_false(answers_dns_exists(*state, "ample.com"));
	assert_false(answers_dns_exists(*state, "x." NAME));
	answers_clear_dns(*state, NAME, "one");
	assert_false(answers_dns_exists(*state, "www.example.com"));
	assert_true(answers_dns_exists(*state, "example.com"));
	answers_clear_dns(*state, "_acme-challenge.api.example.com", "two");
	assert_false(answers_dns_exists(*state, "com"));
}

static void a_name_with_values_of_its_own_survives_the_names_below_it(void **state)
{
	answers_set_dns(*state, "example.com", "apex");
	answers_set_dns(*state, "a.example.com", "below");
	answers_clear_dns(*state, "a.example.com", "below");
	assert_values(*state, "example.com", "apex ");
	answers_set_dns(*state, "a.example.com", "below");
	answers_clear_dns(*state, "example.com", "apex");
	assert_true(answers_dns_exists(*state, "example.com"));
	assert_values(*state, "example.com", "");
}

static void the_serial_grows_with_each_change(void **state)
{
	unsigned first = answers_dns_serial(*state), second;

	answers_set_dns(*state, NAME, "one");
	second = answers_dns_serial(*state);
	assert_true(second > first);
	answers_clear_dns(*state, NAME, "one");
	assert_true(answers_dns_serial(*state) > second);
}

static void thousands_of_tokens_are_found_and_cleared_again(void **state)
{
	char token[32];

	for (int i = 0; i < 5000; i++) {
		snprintf(token, sizeof(token), "token-%d", i);
		answers_set_http(*state, "a.example", token, token);
	}
	assert_int_equal(answers_count(*state), 5000);
	for (int i = 0; i < 5000; i++) {
		snprintf(token, sizeof(token), "token-%d", i);
		assert_body(*state, "a.example", token, token);
		answers_clear_http(*state, "a.example", token);
		assert_body(*state, "a.example", token, NULL);
	}
	assert_int_equal(answers_count(*state), 0);
}

#define CHANGES 2000

static void check_whole(const char *value, size_t length, void *arg)
{
	size_t *bad = arg;

	for (size_t i = 1; i < length; i++)
		*bad += value[i] != value[0];
}

/* Reads until the writer has set the last token; counts what was half there. */
static void *read_while_written(void *arg)
{
	struct answers *a = arg;
	size_t bad = 0;
	char body[64];

	while (answers_get_http(a, "a.example", "done", body, sizeof(body)) < 0) {
		long length = answers_get_http(a, "a.example", "token", body, sizeof(body));

		for (long i = 1; i < length; i++)
			bad += body[i] != body[0];
		answers_each_dns(a, NAME, check_whole, &bad);
		answers_dns_exists(a, "example.com");
	}
	return (void *)(uintptr_t)bad;
}

static void write_changes(struct answers *a, int from)
{
	char text[33];

	for (int i = 0; i < CHANGES; i++) {
		memset(text, 'a' + (i + from) % 26, 32);
		text[32] = '\0';
		answers_set_http(a, "a.example", "token", text);
		answers_set_dns(a, NAME, text);
		answers_clear_dns(a, NAME, text);
	}
}

static void *write_too(void *arg)
{
	write_changes(arg, 13);
	return NULL;
}

static void readers_see_whole_answers_while_two_threads_write(void **state)
{
	pthread_t readers[2], writer;
	void *bad;

	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&readers[i], NULL, read_while_written, *state), 0);
	assert_int_equal(pthread_create(&writer, NULL, write_too, *state), 0);
	write_changes(*state, 0);
	pthread_join(writer, NULL);
	answers_set_http(*state, "a.example", "done", "");
	for (int i = 0; i < 2; i++) {
		pthread_join(readers[i], &bad);
		assert_int_equal((uintptr_t)bad, 0);
	}
	assert_false(answers_dns_exists(*state, "com"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_unknown_token_is_not_found),
		TEST(a_body_over_the_room_is_never_cut),
		TEST(setting_a_token_twice_replaces_its_body),
		TEST(clearing_what_is_absent_changes_nothing),
		TEST(a_cleared_token_is_gone_and_others_stay),
		TEST(one_name_holds_many_values_and_loses_only_the_named_one),
		TEST(a_value_set_twice_stands_once_and_is_gone_after_one_clear),
		TEST(a_name_above_a_value_exists_until_the_last_value_below_is_gone),
		TEST(a_name_with_values_of_its_own_survives_the_names_below_it),
		TEST(the_serial_grows_with_each_change),
		TEST(thousands_of_tokens_are_found_and_cleared_again),
		TEST(readers_see_whole_answers_while_two_threads_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
