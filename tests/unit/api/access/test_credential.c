/* What callers show: nothing but a well-formed credential counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/api/access/credential.h"
#include "solver/base/mem.h"
#include "solver/crypto/crypto.h"

static struct credential basic(const char *pair, size_t length)
{
	CLEANUP(mem_freep) char *text = crypto_base64(pair, length);
	CLEANUP(mem_freep) char *header = mem_printf("Basic %s", text);
	struct credential c;

	credential_read(header, &c);
	return c;
}

static void what_is_no_credential_is_broken(void **state)
{
	static const char *const bad[] = { "", "Bearer", "Bearer ", "Basic", "Basic ", "Basic !!!", "Basic YQ", "Digest a=b", "Negotiate x", "bearer" };
	char much[400];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct credential c;

		credential_read(bad[i], &c);
		if (c.kind != CREDENTIAL_BROKEN)
			fail_msg("\"%s\" was taken", bad[i]);
	}
	memset(much, 'a', sizeof(much));
	memcpy(much, "Bearer ", 7);
	much[sizeof(much) - 1] = '\0';
	struct credential c;
	credential_read(much, &c);
	assert_int_equal(c.kind, CREDENTIAL_BROKEN);
	assert_int_equal(basic("nocolon", 7).kind, CREDENTIAL_BROKEN);
	assert_int_equal(basic(":password", 9).kind, CREDENTIAL_BROKEN);
	assert_int_equal(basic("user:", 5).kind, CREDENTIAL_BROKEN);
	assert_int_equal(basic("user\0x:y", 8).kind, CREDENTIAL_BROKEN);
	assert_int_equal(basic("user:y\0z", 8).kind, CREDENTIAL_BROKEN);
}

static void none_is_told_from_a_broken_one(void **state)
{
	struct credential c;

	(void)state;
	credential_read(NULL, &c);
	assert_int_equal(c.kind, CREDENTIAL_NONE);
}

static void bearer_and_basic_are_read(void **state)
{
	struct credential c;

	(void)state;
	credential_read("bEARER   dcvd_abc", &c);
	assert_int_equal(c.kind, CREDENTIAL_BEARER);
	assert_string_equal(c.token, "dcvd_abc");
	c = basic("robot:a:b", 9);
	assert_int_equal(c.kind, CREDENTIAL_BASIC);
	assert_string_equal(c.user, "robot");
	assert_string_equal(c.token, "a:b");
}

static void in_path(const char *path, size_t length, const char *token)
{
	struct credential c;
	size_t found = credential_in_path(path, &c);

	if (found != length || strcmp(c.token, token) != 0)
		fail_msg("%s: %zu bytes, token \"%s\"", path, found, c.token);
}

static void a_token_in_front_of_the_path_is_cut_off(void **state)
{
	(void)state;
	in_path("/t/secret/present", 9, "secret");
	in_path("/t/secret", 9, "secret");
	in_path("/t/secret//present", 10, "secret");
	in_path("/dcvd_abc/present", 9, "dcvd_abc");
	in_path("//dcvd_abc//v1/orders", 11, "dcvd_abc");
	in_path("/t//secret/register", 10, "secret");
}

static void what_looks_like_a_token_is_cut_off_though_it_is_none(void **state)
{
	struct credential c;

	(void)state;
	assert_int_equal(credential_in_path("/t/se cret/present", &c), 10);
	assert_int_equal(c.kind, CREDENTIAL_BROKEN);
	assert_int_equal(credential_in_path("/dcvd_%00/x", &c), 9);
	assert_int_equal(c.kind, CREDENTIAL_BROKEN);
}

static void other_paths_are_left_alone(void **state)
{
	(void)state;
	in_path("/present", 0, "");
	in_path("/v1/challenges/t/secret", 0, "");
	in_path("/t/", 0, "");
	in_path("/t", 0, "");
	in_path("", 0, "");
	in_path("/", 0, "");
	in_path("t/secret/present", 0, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_credential_is_broken),
		cmocka_unit_test(none_is_told_from_a_broken_one),
		cmocka_unit_test(bearer_and_basic_are_read),
		cmocka_unit_test(a_token_in_front_of_the_path_is_cut_off),
		cmocka_unit_test(what_looks_like_a_token_is_cut_off_though_it_is_none),
		cmocka_unit_test(other_paths_are_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
