#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "solver/base/mem.h"
#include "solver/dns/name.h"

static void refused(const char *text, const char *reason)
{
	char name[NAME_SIZE] = "untouched";
	struct err err = { 0 };

	assert_int_equal(name_normalize(text, name, &err), ERR_INVALID);
	if (!strstr(err.text, reason))
		fail_msg("\"%s\" does not say \"%s\"", err.text, reason);
	assert_string_equal(name, "untouched");
}

static void becomes(const char *text, const char *expected)
{
	char name[NAME_SIZE];
	struct err err = { 0 };

	if (name_normalize(text, name, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(name, expected);
}

static void refuses_what_is_no_name(void **state)
{
	(void)state;
	refused("", "empty");
	refused(".", "label is empty");
	refused("a..b", "label is empty");
	refused(".example.com", "label is empty");
	refused("example.com..", "label is empty");
	refused("exa mple.com", "only letters");
	refused("example.com/x", "only letters");
	refused("*.example.com", "only letters");
	refused("\xff\xfe.example", "not a domain name");
	refused("a\nb.example", "\"a?b.example\"");
}

static void refuses_a_label_of_64_bytes(void **state)
{
	char text[80];

	(void)state;
	memset(text, 'a', 64);
	strcpy(text + 64, ".example");
	refused(text, "longer than 63");
	becomes(text + 1, text + 1);
}

static void refuses_a_name_of_254_bytes(void **state)
{
	char text[256];

	(void)state;
	for (int i = 0; i < 254; i++)
		text[i] = i % 50 == 49 ? '.' : 'a';
	text[254] = '\0';
	refused(text, "longer than 253");
	text[253] = '\0';
	becomes(text, text);
}

static void shows_a_huge_name_cut_short(void **state)
{
	static char text[5000];
	char name[NAME_SIZE];
	struct err err = { 0 };

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	assert_int_equal(name_normalize(text, name, &err), ERR_INVALID);
	assert_non_null(strstr(err.text, "..."));
	assert_true(strlen(err.text) < 200);
}

static void lowers_case_and_drops_the_last_dot(void **state)
{
	(void)state;
	becomes("WWW.Example.com.", "www.example.com");
	becomes("_acme-challenge.Example.com", "_acme-challenge.example.com");
}

static void turns_u_labels_into_a_labels(void **state)
{
	(void)state;
	becomes("bücher.example", "xn--bcher-kva.example");
	becomes("BÜCHER.example.", "xn--bcher-kva.example");
	becomes("_acme-challenge.bücher.example", "_acme-challenge.xn--bcher-kva.example");
}

static void takes_the_wildcard_off_an_identifier(void **state)
{
	char name[NAME_SIZE];
	bool wildcard = false;

	(void)state;
	assert_int_equal(name_identifier("*.Example.com", name, &wildcard, NULL), 0);
	assert_true(wildcard);
	assert_string_equal(name, "example.com");
	assert_int_equal(name_identifier("example.com", name, &wildcard, NULL), 0);
	assert_false(wildcard);
	assert_int_equal(name_identifier("*.*.example.com", name, &wildcard, NULL), ERR_INVALID);
	assert_int_equal(name_identifier("*.", name, &wildcard, NULL), ERR_INVALID);
}

static void knows_what_is_below_what(void **state)
{
	(void)state;
	assert_true(name_is_below("a.example.com", "example.com"));
	assert_true(name_is_below("example.com", "example.com"));
	assert_true(name_is_below("example.com", ""));
	assert_false(name_is_below("badexample.com", "example.com"));
	assert_false(name_is_below("com", "example.com"));
	assert_string_equal(name_parent("a.b.c"), "b.c");
	assert_null(name_parent("c"));
}

static void refuses_a_challenge_name_that_is_too_long(void **state)
{
	char name[NAME_SIZE], fqdn[NAME_SIZE];
	struct err err = { 0 };

	(void)state;
	for (int i = 0; i < 240; i++)
		name[i] = i % 50 == 49 ? '.' : 'a';
	name[240] = '\0';
	assert_int_equal(name_challenge(name, fqdn, &err), ERR_TOO_LARGE);
	assert_int_equal(name_challenge("example.com", fqdn, &err), 0);
	assert_string_equal(fqdn, "_acme-challenge.example.com");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_no_name),
		cmocka_unit_test(refuses_a_label_of_64_bytes),
		cmocka_unit_test(refuses_a_name_of_254_bytes),
		cmocka_unit_test(shows_a_huge_name_cut_short),
		cmocka_unit_test(lowers_case_and_drops_the_last_dot),
		cmocka_unit_test(turns_u_labels_into_a_labels),
		cmocka_unit_test(takes_the_wildcard_off_an_identifier),
		cmocka_unit_test(knows_what_is_below_what),
		cmocka_unit_test(refuses_a_challenge_name_that_is_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
