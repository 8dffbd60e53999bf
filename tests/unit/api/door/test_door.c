/* Which identifier a record belongs to: what the grant is asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "solver/api/door/door.h"

static void belongs(const char *record, const char *identifier)
{
	char found[254];

	door_identifier(record, found);
	if (strcmp(found, identifier) != 0)
		fail_msg("%s belongs to \"%s\", not to \"%s\"", record, found, identifier);
}

static void what_is_no_name_belongs_to_nobody(void **state)
{
	(void)state;
	belongs("", "");
	belongs("*.example.org", "");
	belongs("a..b", "");
}

static void the_labels_of_acme_are_taken_off_once(void **state)
{
	(void)state;
	belongs("_acme-challenge.www.example.org", "www.example.org");
	belongs("_ACME-Challenge.WWW.Example.ORG.", "www.example.org");
	belongs("_ujmmovf2vn55tgye._acme-challenge.example.org", "example.org");
	belongs("_validation-persist.example.org", "example.org");
	belongs("_acme-challenge._acme-challenge.example.org", "_acme-challenge.example.org");
}

static void any_other_name_stands_for_itself(void **state)
{
	(void)state;
	belongs("example.org", "example.org");
	belongs("xacme-challenge.example.org", "xacme-challenge.example.org");
	belongs("label._acme-challenge.example.org", "label._acme-challenge.example.org");
	belongs("_a._b._acme-challenge.example.org", "_a._b._acme-challenge.example.org");
	belongs("_acme-challenge", "_acme-challenge");
	belongs("_acme-challengeexample.org", "_acme-challengeexample.org");
}

static int check(const char *grants, const char *domain, const char *record)
{
	struct challenge_request request = { .type = CHALLENGE_DNS01, .domain = domain, .record_name = record };
	const struct config config = { .route_count = 0 };
	const struct api api = { .config = &config };
	struct caller caller = { .name = "tests" };
	struct grants *g = NULL;
	struct err err;
	int code;

	assert_int_equal(grants_parse(grants, &g, &err), 0);
	caller.grants = g;
	code = caller_may_write(&api, &caller, &request, &err);
	grants_free(g);
	return code;
}

static void a_record_elsewhere_needs_a_grant_of_its_own(void **state)
{
	static const char one[] = "{\"identifiers\":[\"www.example.org\"]}";

	(void)state;
	assert_int_equal(check(one, "www.example.org", "www.example.net"), ERR_DENIED);
	assert_int_equal(check(one, "www.example.org", "_acme-challenge.example.org"), ERR_DENIED);
	assert_int_equal(check(one, "www.example.org", "x.www.example.org"), ERR_DENIED);
	assert_int_equal(check(one, "example.net", "_acme-challenge.www.example.org"), ERR_DENIED);
	assert_int_equal(check(one, NULL, NULL), ERR_INVALID);
	assert_int_equal(check(one, "www.example.org", "a..b"), ERR_INVALID);
	assert_int_equal(check(one, "www.example.org", "_x._acme-challenge.www.example.org."), 0);
}

static void a_wildcard_stands_at_the_name_without_it(void **state)
{
	static const char below[] = "{\"identifiers\":[\"*.example.org\"],\"wildcard\":true}";

	(void)state;
	assert_int_equal(check(below, "*.example.org", "_acme-challenge.example.org"), 0);
	assert_int_equal(check(below, "example.org", "_acme-challenge.example.org"), ERR_DENIED);
	assert_int_equal(check(below, "*.example.org", "_acme-challenge.example.net"), ERR_DENIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_name_belongs_to_nobody),
		cmocka_unit_test(the_labels_of_acme_are_taken_off_once),
		cmocka_unit_test(any_other_name_stands_for_itself),
		cmocka_unit_test(a_record_elsewhere_needs_a_grant_of_its_own),
		cmocka_unit_test(a_wildcard_stands_at_the_name_without_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
