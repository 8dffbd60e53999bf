#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "solver/akamai/reply.h"

#define NOW 1795270800000LL /* 2026-11-21T14:20:00Z */

static void a_page_of_html_keeps_its_first_bytes_on_one_line(void **state)
{
	struct err err = { 0 };
	char page[1000];

	(void)state;
	memset(page, 'x', sizeof(page));
	memcpy(page, "<html>\r\n\t<body>\033[31mdown", 24);
	assert_int_equal(akamai_reply_error(503, NULL, page, sizeof(page), &err), ERR_PROTOCOL);
	assert_non_null(strstr(err.text, "503: <html> <body> [31mdown"));
	assert_true(strlen(err.text) < 260);
}

static void an_empty_body_still_gives_a_sentence(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_int_equal(akamai_reply_error(409, NULL, NULL, 0, &err), ERR_CONFLICT);
	assert_non_null(strstr(err.text, "409: (no text)"));
}

static void a_redirect_is_told_with_its_target(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(akamai_reply_error(301, "Location: https://other.example.net/x\r\n", "", 0, &err), ERR_PROTOCOL);
	assert_non_null(strstr(err.text, "CPS answered 301 to https://other.example.net/x"));
}

static void refusals_of_the_gateway_say_what_to_check(void **state)
{
	static const char authn[] = "{\"type\":\"https://x.example/-/pep-authn/deny\",\"title\":\"Not authorized\",\"detail\":\"no\"}";
	static const char authz[] = "{\"type\":\"https://x.example/-/pep-authz/deny\",\"title\":\"Forbidden\"}";
	struct err err = { 0 };

	(void)state;
	assert_int_equal(akamai_reply_error(401, NULL, authn, strlen(authn), &err), ERR_DENIED);
	assert_non_null(strstr(err.text, "Not authorized: no"));
	assert_non_null(strstr(err.text, "client_secret"));
	assert_int_equal(akamai_reply_error(403, NULL, authz, strlen(authz), &err), ERR_DENIED);
	assert_non_null(strstr(err.text, "grant"));
}

static void only_refusals_that_name_the_timestamp_blame_the_clock(void **state)
{
	static const char body[] = "{\"detail\":\"Invalid timestamp\"}";

	(void)state;
	assert_true(akamai_reply_blames_clock(401, body, strlen(body)));
	assert_true(akamai_reply_blames_clock(400, body, strlen(body)));
	assert_false(akamai_reply_blames_clock(500, body, strlen(body)));
	assert_false(akamai_reply_blames_clock(401, "{}", 2));
}

static void every_way_to_say_later_is_understood(void **state)
{
	static const char text[] = "You have reached the limit. Please try after 2026-11-21T14:20:05.500Z.";

	(void)state;
	assert_int_equal(akamai_reply_retry_at("Retry-After: 7\r\n", "", NOW), NOW + 7000);
	assert_int_equal(akamai_reply_retry_at("retry-after: Sat, 21 Nov 2026 14:21:00 GMT\r\n", "", NOW), NOW + 60000);
	assert_int_equal(akamai_reply_retry_at("X-RateLimit-Next: 2026-11-21T14:20:02.250Z\r\n", "", NOW), NOW + 2250);
	assert_int_equal(akamai_reply_retry_at("Akamai-RateLimit-Next: 2026-11-21T14:20:03Z\r\n", "", NOW), NOW + 3000);
	assert_int_equal(akamai_reply_retry_at("X-RateLimit-Reset: 4\r\n", "", NOW), NOW + 4000);
	assert_int_equal(akamai_reply_retry_at("x-ratelimit-reset: 1795270805\r\n", "", NOW), akamai_reply_retry_at("X-RateLimit-Next: 2026-11-21T14:20:05Z\r\n", "", NOW));
	assert_int_equal(akamai_reply_retry_at("Server: x\r\n", text, NOW), NOW + 5500);
}

static void nonsense_about_later_is_not_believed(void **state)
{
	(void)state;
	assert_int_equal(akamai_reply_retry_at("Server: x\r\n", "try after lunch", NOW), 0);
	assert_int_equal(akamai_reply_retry_at("Retry-After: soon\r\n", "", NOW), 0);
	assert_int_equal(akamai_reply_retry_at("Retry-After: 99999999999999\r\n", "", NOW), NOW + 15 * 60 * 1000);
	assert_int_equal(akamai_reply_retry_at("X-RateLimit-Next: 2020-01-01T00:00:00Z\r\n", "", NOW), NOW + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_of_html_keeps_its_first_bytes_on_one_line),
		cmocka_unit_test(an_empty_body_still_gives_a_sentence),
		cmocka_unit_test(a_redirect_is_told_with_its_target),
		cmocka_unit_test(refusals_of_the_gateway_say_what_to_check),
		cmocka_unit_test(only_refusals_that_name_the_timestamp_blame_the_clock),
		cmocka_unit_test(every_way_to_say_later_is_understood),
		cmocka_unit_test(nonsense_about_later_is_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
