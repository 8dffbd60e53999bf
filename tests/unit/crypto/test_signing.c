/* Ed25519 signatures; the vector is that of RFC 8032 section 7.1, test 2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/base/mem.h"
#include "solver/crypto/crypto.h"
#include "solver/crypto/signing.h"

static const char key[] = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n-----END PRIVATE KEY-----\n";

static void the_vector_of_the_rfc(void **state)
{
	unsigned char signature[SIGNATURE_SIZE];
	CLEANUP(mem_freep) char *public = NULL, *hex = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(signing_sign(key, "\x72", 1, signature, &err), 0);
	hex = crypto_hex(signature, sizeof(signature));
	assert_string_equal(hex, "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
	assert_int_equal(signing_public(key, &public, &err), 0);
	assert_non_null(strstr(public, "MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw="));
}

static void a_new_key_signs(void **state)
{
	unsigned char signature[SIGNATURE_SIZE];
	CLEANUP(mem_freep) char *one = NULL, *two = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(signing_key_new(&one, &err), 0);
	assert_int_equal(signing_key_new(&two, &err), 0);
	assert_string_not_equal(one, two);
	assert_int_equal(signing_sign(one, "text", 4, signature, &err), 0);
}

static void what_is_no_ed25519_key_is_refused(void **state)
{
	static const char *const bad[] = { "", "key", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
		"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VuBCIEIEzNCJsoz/abnda41PumRt2WXvVbnLBrY7EZ49uo4Kb7\n-----END PRIVATE KEY-----\n" };
	unsigned char signature[SIGNATURE_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err err = { 0 };

		assert_int_equal(signing_sign(bad[i], "", 0, signature, &err), ERR_INVALID);
		assert_non_null(strstr(err.text, "Ed25519"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vector_of_the_rfc),
		cmocka_unit_test(a_new_key_signs),
		cmocka_unit_test(what_is_no_ed25519_key_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
