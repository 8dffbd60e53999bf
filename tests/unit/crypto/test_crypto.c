#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/base/err.h"
#include "solver/base/mem.h"
#include "solver/crypto/crypto.h"

static void refuses_to_decode(const char *text)
{
	unsigned char *bytes = NULL;
	size_t length = 0;

	assert_int_equal(crypto_base64_decode(text, &bytes, &length), ERR_INVALID);
	assert_null(bytes);
}

static void text_that_is_not_base64_is_refused(void **state)
{
	(void)state;
	refuses_to_decode("A");
	refuses_to_decode("AAAAA");
	refuses_to_decode("AA=A");
	refuses_to_decode("AAA==");
	refuses_to_decode("A===");
	refuses_to_decode("====");
	refuses_to_decode("AA A");
	refuses_to_decode("AA\nAA");
	refuses_to_decode("AA*A");
}

static void decodes_to(const char *text, const void *expected, size_t expected_length)
{
	unsigned char *bytes = NULL;
	size_t length = 0;

	assert_int_equal(crypto_base64_decode(text, &bytes, &length), 0);
	assert_int_equal(length, expected_length);
	assert_memory_equal(bytes, expected, length);
	free(bytes);
}

static void both_alphabets_decode_with_and_without_padding(void **state)
{
	(void)state;
	decodes_to("", "", 0);
	decodes_to("Zg==", "f", 1);
	decodes_to("Zg", "f", 1);
	decodes_to("Zm8=", "fo", 2);
	decodes_to("Zm9v", "foo", 3);
	decodes_to("Zm9vYmFy", "foobar", 6);
	decodes_to("+/8=", "\xfb\xff", 2);
	decodes_to("-_8", "\xfb\xff", 2);
}

/* RFC 4648 section 10. */
static void base64_pads_and_base64url_does_not(void **state)
{
	static const char *const cases[][3] = {
		{ "", "", "" }, { "f", "Zg==", "Zg" }, { "fo", "Zm8=", "Zm8" }, { "foo", "Zm9v", "Zm9v" },
		{ "foobar", "Zm9vYmFy", "Zm9vYmFy" }, { "\xfb\xff", "+/8=", "-_8" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(mem_freep) char *plain = crypto_base64(cases[i][0], strlen(cases[i][0]));
		CLEANUP(mem_freep) char *url = crypto_base64url(cases[i][0], strlen(cases[i][0]));

		assert_string_equal(plain, cases[i][1]);
		assert_string_equal(url, cases[i][2]);
	}
}

static void sha256_is_that_of_the_standard(void **state)
{
	unsigned char digest[SHA256_SIZE];
	CLEANUP(mem_freep) char *text = NULL;

	(void)state;
	crypto_sha256("abc", 3, digest);
	text = crypto_hex(digest, sizeof(digest));
	assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* RFC 4231, test case 2. */
static void hmac_is_that_of_the_standard(void **state)
{
	unsigned char mac[SHA256_SIZE];
	CLEANUP(mem_freep) char *text = NULL;

	(void)state;
	crypto_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, mac);
	text = crypto_hex(mac, sizeof(mac));
	assert_string_equal(text, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void an_empty_key_and_an_empty_text_have_a_mac(void **state)
{
	unsigned char mac[SHA256_SIZE];
	CLEANUP(mem_freep) char *text = NULL;

	(void)state;
	crypto_hmac_sha256(NULL, 0, NULL, 0, mac);
	text = crypto_hex(mac, sizeof(mac));
	assert_string_equal(text, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void equal_texts_are_equal_and_others_are_not(void **state)
{
	(void)state;
	assert_false(crypto_equal("a", "b"));
	assert_false(crypto_equal("a", "aa"));
	assert_false(crypto_equal("", "a"));
	assert_true(crypto_equal("", ""));
	assert_true(crypto_equal("same", "same"));
}

static void the_dns01_value_is_43_characters_of_base64url(void **state)
{
	char value[SHA256_TEXT_SIZE];

	(void)state;
	crypto_dns01_value("token.thumbprint", value);
	assert_int_equal(strlen(value), 43);
	assert_null(strpbrk(value, "+/="));
	assert_string_equal(value, "61rBZ_4knHblO0MNoxFsXZ_eTFUHum0B6IVRbhvUn5I");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_that_is_not_base64_is_refused),
		cmocka_unit_test(both_alphabets_decode_with_and_without_padding),
		cmocka_unit_test(base64_pads_and_base64url_does_not),
		cmocka_unit_test(sha256_is_that_of_the_standard),
		cmocka_unit_test(hmac_is_that_of_the_standard),
		cmocka_unit_test(an_empty_key_and_an_empty_text_have_a_mac),
		cmocka_unit_test(equal_texts_are_equal_and_others_are_not),
		cmocka_unit_test(the_dns01_value_is_43_characters_of_base64url),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
