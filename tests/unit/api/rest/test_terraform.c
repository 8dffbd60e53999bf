/* The arrays of Terraform's akamai_cps_dv_enrollment in an order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "solver/api/rest/body.h"

#define VALUE "0123456789012345678901234567890123456789012"
#define DNS(domain, path) "{\"domain\":\"" domain "\",\"full_path\":\"" path "\",\"response_body\":\"" VALUE "\"}"
#define HTTP(domain, path) "{\"domain\":\"" domain "\",\"full_path\":\"" path "\",\"response_body\":\"t0ken.thumb\"}"

static void refused(const char *text, const char *pointer, const char *word)
{
	struct problem problem = { 0 };
	struct order_body body;

	if (body_read_order(text, strlen(text), &body, &problem) == 0)
		fail_msg("taken: %s", text);
	if (problem.status != 422 || strcmp(problem.pointer, pointer) != 0 || !strstr(problem.err.text, word))
		fail_msg("%s: %d at \"%s\": %s", text, problem.status, problem.pointer, problem.err.text);
}

static void accepted(const char *text, struct order_body *ret)
{
	struct problem problem = { 0 };

	if (body_read_order(text, strlen(text), ret, &problem) < 0)
		fail_msg("%s: %s", text, problem.err.text);
}

static void an_order_needs_a_challenge_in_one_of_the_arrays(void **state)
{
	(void)state;
	refused("{}", "/challenges", "missing");
	refused("{\"dns_challenges\":[],\"http_challenges\":[]}", "/challenges", "not 0");
	refused("{\"dns_challenges\":{}}", "/dns_challenges", "array");
}

static void a_path_must_be_that_of_its_domain(void **state)
{
	static const char path[] = "/dns_challenges/0/full_path", url[] = "/http_challenges/0/full_path";

	(void)state;
	refused("{\"dns_challenges\":[" DNS("a.example", "_acme-challenge.b.example.") "]}", path, "_acme-challenge.a.example.");
	refused("{\"dns_challenges\":[" DNS("a.example", "_acme-challenge.a.example.org.") "]}", path, "full_path");
	refused("{\"dns_challenges\":[" DNS("a.example", "a.example.") "]}", path, "full_path");
	refused("{\"http_challenges\":[" HTTP("a.example", "http://b.example/.well-known/acme-challenge/t0ken") "]}", url, "http://a.example/");
	refused("{\"http_challenges\":[" HTTP("a.example", "http://a.example/.well-known/acme-challenge/") "]}", url, "token");
	refused("{\"http_challenges\":[" HTTP("a.example", "http://a.example.org/.well-known/acme-challenge/t0ken") "]}", url, "full_path");
}

static void fields_are_checked_as_everywhere(void **state)
{
	(void)state;
	refused("{\"dns_challenges\":[7]}", "/dns_challenges/0", "object");
	refused("{\"dns_challenges\":[" DNS("a.example", "_acme-challenge.a.example.") ",{\"domain\":\"b.example\"}]}", "/dns_challenges/1/full_path", "missing");
	refused("{\"dns_challenges\":[{\"domain\":\"b.example\",\"token\":\"x\"}]}", "/dns_challenges/0/token", "known are");
}

static void both_arrays_become_challenges_of_their_type(void **state)
{
	struct order_body b;

	(void)state;
	accepted("{\"dns_challenges\":[" DNS("*.a.example", "_acme-challenge.a.example.") "],"
	         "\"http_challenges\":[" HTTP("www.a.example", "http://www.a.example/.well-known/acme-challenge/t0ken") "]}", &b);
	assert_int_equal(b.request.count, 2);
	assert_int_equal(b.challenges[0].type, CHALLENGE_DNS01);
	assert_string_equal(b.challenges[0].domain, "*.a.example");
	assert_string_equal(b.challenges[0].value, VALUE);
	assert_int_equal(b.challenges[1].type, CHALLENGE_HTTP01);
	assert_string_equal(b.challenges[1].token, "t0ken");
	assert_string_equal(b.challenges[1].key_authorization, "t0ken.thumb");
	order_body_done(&b);
}

static void what_comes_twice_is_taken_once(void **state)
{
	struct order_body b;

	(void)state;
	accepted("{\"challenges\":[{\"type\":\"dns-01\",\"domain\":\"b.example\",\"value\":\"x\"}],\"dns_challenges\":["
	         DNS("a.example", "_acme-challenge.a.example.") "," DNS("A.example", "_acme-challenge.a.example.") ","
	         DNS("*.a.example", "_acme-challenge.a.example") "]}", &b);
	assert_int_equal(b.request.count, 3);
	assert_string_equal(b.challenges[0].domain, "b.example");
	assert_string_equal(b.challenges[2].domain, "*.a.example");
	order_body_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_order_needs_a_challenge_in_one_of_the_arrays),
		cmocka_unit_test(a_path_must_be_that_of_its_domain),
		cmocka_unit_test(fields_are_checked_as_everywhere),
		cmocka_unit_test(both_arrays_become_challenges_of_their_type),
		cmocka_unit_test(what_comes_twice_is_taken_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
