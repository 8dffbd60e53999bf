#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "providers/kit/kit.h"
#include "solver/base/mem.h"

static struct answer reply(int status, const char *body)
{
	return (struct answer){ .status = status, .body = body, .length = strlen(body) };
}

static struct answer headed(const char *headers)
{
	return (struct answer){ .status = 200, .headers = headers };
}

static void a_body_that_is_not_json_is_no_json(void **state)
{
	struct answer none = { 0 }, empty = reply(200, ""), page = reply(200, "<html>"), cut = reply(200, "{\"a\":");
	struct answer large = { .body = "{}", .length = (size_t)KIT_BODY_MAX + 1 };

	(void)state;
	assert_null(kit_json(&none));
	assert_null(kit_json(&empty));
	assert_null(kit_json(&page));
	assert_null(kit_json(&cut));
	assert_null(kit_json(&large));
}

static void a_detail_is_one_printable_line(void **state)
{
	static const char *const cases[][2] = {
		{ "{\"detail\":\"no such zone\",\"title\":\"Not Found\"}", "no such zone" },
		{ "{\"title\":\"Not Found\"}", "Not Found" },
		{ "{\"errors\":[{\"message\":\"deep\"}]}", "deep" },
		{ "{\"errors\":[\"flat\"]}", "flat" },
		{ "<html>\n\t<b>\x1b[31mred\xff</b>\r\n", "<html> <b>?[31mred?</b>" },
		{ "", "no details" },
	};
	char text[KIT_DETAIL_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct answer a = reply(400, cases[i][0]);

		assert_string_equal(kit_detail(&a, text), cases[i][1]);
	}
}

static void a_long_detail_is_cut(void **state)
{
	CLEANUP(mem_freep) char *body = mem_new(10001, 1);
	char text[KIT_DETAIL_SIZE];
	struct answer a;

	(void)state;
	memset(body, 'x', 10000);
	a = reply(500, body);
	assert_int_equal(strlen(kit_detail(&a, text)), KIT_DETAIL_SIZE - 1);
}

static void a_header_is_found_whatever_its_case(void **state)
{
	struct answer a = headed("Date: today\r\nX-Retry: no\r\nretry-AFTER:  7 \r\n");
	CLEANUP(mem_freep) char *value = kit_header(&a, "Retry-After");
	CLEANUP(mem_freep) char *absent = kit_header(&a, "Retry");

	(void)state;
	assert_string_equal(value, "7");
	assert_null(absent);
}

static void retry_after_is_seconds_or_a_date_and_never_absurd(void **state)
{
	static const struct { const char *headers; unsigned ms; } cases[] = {
		{ "", 0 }, { "Retry-After:\r\n", 0 }, { "Retry-After: soon\r\n", 0 }, { "Retry-After: -5\r\n", 0 },
		{ "Retry-After: 7\r\n", 7000 }, { "Retry-After: 99999999999999999999\r\n", KIT_RETRY_MAX_MS },
		{ "Retry-After: Thu, 01 Jan 1970 00:01:40 GMT\r\n", 90000 },
		{ "Retry-After: Thu, 01 Jan 1970 00:00:05 GMT\r\n", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct answer a = headed(cases[i].headers);

		assert_int_equal(kit_retry_after_ms(&a, 10), cases[i].ms);
	}
}

static void a_status_has_a_meaning(void **state)
{
	static const struct { int status; enum change_status meaning; } cases[] = {
		{ 200, CHANGE_DONE }, { 204, CHANGE_DONE }, { 301, CHANGE_FATAL }, { 400, CHANGE_FATAL },
		{ 401, CHANGE_DENIED }, { 403, CHANGE_DENIED }, { 408, CHANGE_RETRY }, { 422, CHANGE_FATAL },
		{ 429, CHANGE_RATE_LIMITED }, { 500, CHANGE_RETRY }, { 503, CHANGE_RETRY },
	};
	struct answer lost = { .code = ERR_TIMEOUT }, refused = { .code = ERR_UNREACHABLE };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct answer a = reply(cases[i].status, "");

		assert_int_equal(kit_status(&a), cases[i].meaning);
	}
	assert_int_equal(kit_status(&lost), CHANGE_UNKNOWN);
	assert_int_equal(kit_status(&refused), CHANGE_RETRY);
}

static void a_failed_job_leaves_what_was_decided(void **state)
{
	struct change changes[2] = { { .status = CHANGE_DONE }, { .status = CHANGE_PENDING } };
	struct job job = { .changes = changes, .count = 2 };
	struct answer a = reply(429, "slow");

	(void)state;
	a.headers = "Retry-After: 3\r\n";
	kit_job_fail(&job, &a, "the API", NULL);
	assert_int_equal(changes[0].status, CHANGE_DONE);
	assert_int_equal(changes[1].status, CHANGE_RATE_LIMITED);
	assert_string_equal(changes[1].message, "the API: answered 429, slow");
	assert_int_equal(job.retry_after_ms, 3000);
	assert_false(kit_job_pending(&job));
}

static void a_call_is_filled_in_and_can_be_started_again(void **state)
{
	struct kit_call call = { 0 };
	struct request request;

	(void)state;
	kit_call_start(&call, "POST", "http://h/", mem_dup("{}"));
	kit_call_header(&call, "X-Key: %s", "secret");
	kit_call_request(&call, "ca.pem", &request);
	assert_string_equal(request.headers[0], "X-Key: secret");
	assert_string_equal(request.headers[1], "Content-Type: application/json");
	assert_null(request.headers[2]);
	assert_string_equal(request.ca_file, "ca.pem");
	kit_call_start(&call, "GET", request.url, NULL);
	kit_call_request(&call, NULL, &request);
	assert_string_equal(request.url, "http://h/");
	assert_null(request.headers[0]);
	assert_null(request.body);
	kit_call_done(&call);
}

static void text_is_escaped_for_a_path(void **state)
{
	CLEANUP(mem_freep) char *text = kit_escape("_a-b.c~*/ \xc3\xa9?");

	(void)state;
	assert_string_equal(text, "_a-b.c~%2A%2F%20%C3%A9%3F");
}

static void names_are_the_same_without_case_and_dot(void **state)
{
	(void)state;
	assert_true(kit_same_name("A.example.", "a.EXAMPLE"));
	assert_false(kit_same_name("a.example", "b.example"));
	assert_false(kit_same_name("a.example", "a.example.com"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_that_is_not_json_is_no_json),
		cmocka_unit_test(a_detail_is_one_printable_line),
		cmocka_unit_test(a_long_detail_is_cut),
		cmocka_unit_test(a_header_is_found_whatever_its_case),
		cmocka_unit_test(retry_after_is_seconds_or_a_date_and_never_absurd),
		cmocka_unit_test(a_status_has_a_meaning),
		cmocka_unit_test(a_failed_job_leaves_what_was_decided),
		cmocka_unit_test(a_call_is_filled_in_and_can_be_started_again),
		cmocka_unit_test(text_is_escaped_for_a_path),
		cmocka_unit_test(names_are_the_same_without_case_and_dot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
