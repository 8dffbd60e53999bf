/* bcrypt as acme-dns wrote it, and as we write it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "solver/crypto/password.h"

static void what_is_no_bcrypt_is_not_known(void **state)
{
	static const char *const bad[] = {
		"", "secret", "$1$abc$def", "$2b$10$short", "$2x$10$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyzABCDE",
		"$2b$31$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyzABCDE", /* would take hours */
		"$2b$10$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyzABC:E", "$2b$xx$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyzABCDE",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (password_hash_is_known(bad[i]))
			fail_msg("taken: %s", bad[i]);
		assert_false(password_matches("secret", bad[i]));
	}
	assert_false(password_matches("secret", NULL));
}

static void a_wrong_password_does_not_match(void **state)
{
	char hash[PASSWORD_HASH_SIZE], longer[100];
	struct err err;

	(void)state;
	assert_int_equal(password_hash("right", hash, &err), 0);
	assert_false(password_matches("wrong", hash));
	assert_false(password_matches("", hash));
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(password_hash(longer, hash, &err), ERR_TOO_LARGE);
}

static void the_right_one_matches_and_no_two_digests_are_alike(void **state)
{
	char one[PASSWORD_HASH_SIZE], two[PASSWORD_HASH_SIZE];
	struct err err;

	(void)state;
	assert_int_equal(password_hash("right", one, &err), 0);
	assert_int_equal(password_hash("right", two, &err), 0);
	assert_string_not_equal(one, two);
	assert_true(password_hash_is_known(one));
	assert_true(password_matches("right", one));
	assert_memory_equal(one, "$2b$10$", 7);
}

/* Written by another implementation under its own name for the same digest. */
static void digests_of_others_match(void **state)
{
	(void)state;
	assert_true(password_matches("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
	assert_true(password_matches("U*U", "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_bcrypt_is_not_known),
		cmocka_unit_test(a_wrong_password_does_not_match),
		cmocka_unit_test(the_right_one_matches_and_no_two_digests_are_alike),
		cmocka_unit_test(digests_of_others_match),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
