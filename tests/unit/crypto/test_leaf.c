#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/crypto/leaf.h"

/* www.example.org, *.Example.ORG and an address; serial number 1A2B. */
static const char pem[] =
	"-----BEGIN CERTIFICATE-----\n"
	"MIIBqjCCAVCgAwIBAgICGiswCgYIKoZIzj0EAwIwGjEYMBYGA1UEAwwPd3d3LmV4\n"
	"YW1wbGUub3JnMB4XDTI2MTEyNjAyMjUwM1oXDTI3MDIyNDAyMjUwM1owGjEYMBYG\n"
	"A1UEAwwPd3d3LmV4YW1wbGUub3JnMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n"
	"yxj8VukvrTCfy6dAOvnTQ3zwitlMXdXQt61KOHmseJhzJY7JYrSgYEXXIPYp6ZXt\n"
	"gr+LP3e4+RkW8rbUESObdqOBhTCBgjAdBgNVHQ4EFgQUmu9jr9ZUDa7Pi68A4NJI\n"
	"Ar+FsbAwHwYDVR0jBBgwFoAUmu9jr9ZUDa7Pi68A4NJIAr+FsbAwDwYDVR0TAQH/\n"
	"BAUwAwEB/zAvBgNVHREEKDAmgg93d3cuZXhhbXBsZS5vcmeCDSouRXhhbXBsZS5P\n"
	"UkeHBMAAAgEwCgYIKoZIzj0EAwIDSAAwRQIgRcTNrXzfKqstmfJiEYIOsEvj74xX\n"
	"XS9927oZgRJeyxECIQD//gesemuvr3U1Q7/1O0Hp0KtJLhHaYl2UPVO1DWKznQ==\n"
	"-----END CERTIFICATE-----\n";

static int64_t at(const char *text)
{
	int64_t ms = 0;

	assert_int_equal(clock_parse(text, &ms), 0);
	return ms;
}

static void a_certificate_is_known_by_digest_serial_and_names(void **state)
{
	struct leaf l;
	struct err err;

	(void)state;
	assert_int_equal(leaf_read(pem, &l, &err), 0);
	assert_string_equal(l.digest, "67ecd7031375322ba5c28a1c053e1faa07367456012756f48eddd805a0e56599");
	assert_string_equal(l.serial, "1A2B");
	assert_int_equal(l.not_before_ms, at("2026-11-26T02:25:03Z"));
	assert_int_equal(l.not_after_ms, at("2027-02-24T02:25:03Z"));
	assert_int_equal(l.name_count, 2);
	assert_true(leaf_names(&l, "WWW.example.org") && leaf_names(&l, "*.example.org"));
	assert_false(leaf_names(&l, "api.example.org")); /* a wildcard is a name, not a pattern */
	leaf_done(&l);
}

static void only_the_first_certificate_counts(void **state)
{
	CLEANUP(mem_freep) char *two = mem_printf("  some text\n%s%s", pem, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	struct leaf l;
	struct err err;

	(void)state;
	assert_int_equal(leaf_read(two, &l, &err), 0);
	assert_string_equal(l.serial, "1A2B");
	leaf_done(&l);
}

static void what_is_no_certificate_is_refused(void **state)
{
	static const char *const texts[] = { "", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" };
	struct leaf l;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_int_equal(leaf_read(texts[i], &l, &err), ERR_INVALID);
	for (size_t cut = 0; cut + 30 < strlen(pem); cut += 7) {
		CLEANUP(mem_freep) char *part = mem_dup_n(pem, cut);

		assert_int_equal(leaf_read(part, &l, &err), ERR_INVALID);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certificate_is_known_by_digest_serial_and_names),
		cmocka_unit_test(only_the_first_certificate_counts),
		cmocka_unit_test(what_is_no_certificate_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
