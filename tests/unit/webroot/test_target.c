#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "webroot/target.h"

static void assert_host(const char *header, const char *expected)
{
	char host[TARGET_HOST_SIZE];

	assert_true(target_host("/", header, host));
	assert_string_equal(host, expected);
}

static void a_host_that_is_none_is_refused(void **state)
{
	static const char *const bad[] = { "", ".", ":80", "a b", "a/b", "a:8o", "a:123456", "a,b", "[]", "[::1", "[::1]x", "[::g]", "u@h", "::1" };
	char host[TARGET_HOST_SIZE];

	(void)state;
	assert_false(target_host("/", NULL, host));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (target_host("/", bad[i], host))
			fail_msg("\"%s\" was taken for a host", bad[i]);
}

static void a_host_of_256_bytes_is_refused(void **state)
{
	char long_host[257], host[TARGET_HOST_SIZE];

	(void)state;
	memset(long_host, 'a', 256);
	long_host[256] = '\0';
	assert_false(target_host("/", long_host, host));
	long_host[255] = '\0';
	assert_true(target_host("/", long_host, host));
}

static void hosts_are_normalised(void **state)
{
	(void)state;
	assert_host("Example.COM", "example.com");
	assert_host("example.com.:80", "example.com");
	assert_host("example.com:", "example.com");
	assert_host("_x-1.example.com", "_x-1.example.com");
	assert_host("[2001:DB8::1]:443", "2001:db8::1");
	assert_host("[::ffff:192.0.2.1]", "::ffff:192.0.2.1");
	assert_host("192.0.2.1", "192.0.2.1");
}

static void a_token_is_1_to_128_base64url_characters(void **state)
{
	char token[TARGET_TOKEN_MAX + 2];

	(void)state;
	memset(token, 'a', sizeof(token));
	token[TARGET_TOKEN_MAX + 1] = '\0';
	assert_false(target_token_valid(token));
	token[TARGET_TOKEN_MAX] = '\0';
	assert_true(target_token_valid(token));
	assert_false(target_token_valid(""));
	assert_true(target_token_valid("azAZ09-_"));
	assert_false(target_token_valid("a="));
	assert_false(target_token_valid("a+b"));
	assert_false(target_token_valid("a\xff"));
}

static void the_token_is_found_in_both_forms_of_a_target(void **state)
{
	(void)state;
	assert_string_equal(target_token(TARGET_PATH "abc"), "abc");
	assert_string_equal(target_token("HTTP://a.example:80" TARGET_PATH "abc"), "abc");
	assert_null(target_token("http://a.example"));
	assert_null(target_token("https://a.example" TARGET_PATH "abc"));
	assert_null(target_token("*"));
	assert_null(target_token(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_that_is_none_is_refused),
		cmocka_unit_test(a_host_of_256_bytes_is_refused),
		cmocka_unit_test(hosts_are_normalised),
		cmocka_unit_test(a_token_is_1_to_128_base64url_characters),
		cmocka_unit_test(the_token_is_found_in_both_forms_of_a_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
