/* What acme-dns took and refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/api/acmedns/acme_dns_body.h"

#define VALUE "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0"

static const char *registered(const char *text)
{
	static char networks[200];
	struct register_body b = { 0 };
	const char *wrong = register_body_read(text, strlen(text), &b);

	if (wrong)
		return wrong;
	snprintf(networks, sizeof(networks), "%s", b.allow_from);
	free(b.allow_from);
	return networks;
}

static void broken_json_and_other_types_are_malformed(void **state)
{
	static const char *const bad[] = { "{", "[]", "null", "{\"allowfrom\":\"10.0.0.0/8\"}", "{\"allowfrom\":[1]}", "{\"allowfrom\":{}}", "x" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_string_equal(registered(bad[i]), "malformed_json_payload");
}

static void an_address_without_a_length_is_no_network(void **state)
{
	static const char *const bad[] = {
		"{\"allowfrom\":[\"192.0.2.1\"]}", "{\"allowfrom\":[\"10.0.0.0/8\",\"x/8\"]}", "{\"allowfrom\":[\"10.0.0.0/33\"]}",
		"{\"allowfrom\":[\"\"]}", "{\"allowfrom\":[\"2001:db8::1\"]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_string_equal(registered(bad[i]), "invalid_allowfrom_cidr");
}

static void no_body_is_a_body_and_brackets_come_off(void **state)
{
	(void)state;
	assert_string_equal(registered(""), "[]");
	assert_string_equal(registered("{}"), "[]");
	assert_string_equal(registered("{\"allowfrom\":null,\"other\":1}"), "[]");
	assert_string_equal(registered("{\"AllowFrom\":[\"192.0.2.0/24\",\"[2001:db8::]/32\"]}"), "[\"192.0.2.0/24\",\"2001:db8::/32\"]");
}

static void updated(const char *text, const char *subdomain, const char *txt)
{
	struct update_body b;

	update_body_read(text, strlen(text), &b);
	assert_string_equal(b.subdomain, subdomain);
	assert_string_equal(b.txt, txt);
}

static void what_is_no_value_reads_as_empty(void **state)
{
	(void)state;
	updated("", "", "");
	updated("{\"subdomain\":\"a\",", "", "");
	updated("{\"subdomain\":\"a\"}", "a", "");
	updated("{\"subdomain\":\"a\",\"txt\":43}", "a", "");
	updated("{\"subdomain\":\"a\",\"txt\":\"short\"}", "a", "");
	updated("{\"subdomain\":\"a\",\"txt\":\"" VALUE "0\"}", "a", "");
	updated("{\"subdomain\":\"a\",\"txt\":\"+oqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0\"}", "a", "");
	updated("{\"subdomain\":7,\"txt\":\"" VALUE "\"}", "", VALUE);
	updated("{\"subdomain\":\"a\",\"txt\":\"" VALUE "\"}", "a", VALUE);
}

static void uuids_are_of_version_4_and_read_in_either_case(void **state)
{
	char one[UUID_SIZE], two[UUID_SIZE];

	(void)state;
	uuid_new(one);
	uuid_new(two);
	assert_string_not_equal(one, two);
	assert_true(one[14] == '4' && strchr("89ab", one[19]));
	assert_true(uuid_read(one, two));
	assert_string_equal(one, two);
	assert_true(uuid_read("EAF746A6-E20D-4B78-B598-D143F9366D28", two));
	assert_string_equal(two, "eaf746a6-e20d-4b78-b598-d143f9366d28");
	assert_false(uuid_read("eaf746a6-e20d-4b78-b598-d143f9366d2", two));
	assert_false(uuid_read("eaf746a6ae20d-4b78-b598-d143f9366d28", two));
	assert_false(uuid_read("gaf746a6-e20d-4b78-b598-d143f9366d28", two));
	assert_false(uuid_read("", two));
}

static void passwords_have_forty_characters_of_the_alphabet(void **state)
{
	char password[ACME_DNS_PASSWORD_SIZE];

	(void)state;
	acme_dns_password_new(password);
	assert_true(acme_dns_password_is_well_formed(password));
	password[39] = '.';
	assert_false(acme_dns_password_is_well_formed(password));
	password[39] = '\0';
	assert_false(acme_dns_password_is_well_formed(password));
}

static void a_subdomain_is_one_label(void **state)
{
	(void)state;
	assert_true(acme_dns_subdomain_is_valid("eaf746a6-e20d-4b78-b598-d143f9366d28"));
	assert_true(acme_dns_subdomain_is_valid("a"));
	assert_false(acme_dns_subdomain_is_valid(""));
	assert_false(acme_dns_subdomain_is_valid("a.b"));
	assert_false(acme_dns_subdomain_is_valid("-a"));
	assert_false(acme_dns_subdomain_is_valid("a-"));
	assert_false(acme_dns_subdomain_is_valid("a_b"));
	assert_false(acme_dns_subdomain_is_valid("1234567890123456789012345678901234567890123456789012345678901234"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(broken_json_and_other_types_are_malformed),
		cmocka_unit_test(an_address_without_a_length_is_no_network),
		cmocka_unit_test(no_body_is_a_body_and_brackets_come_off),
		cmocka_unit_test(what_is_no_value_reads_as_empty),
		cmocka_unit_test(uuids_are_of_version_4_and_read_in_either_case),
		cmocka_unit_test(passwords_have_forty_characters_of_the_alphabet),
		cmocka_unit_test(a_subdomain_is_one_label),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
