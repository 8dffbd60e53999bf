#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "solver/cps/media.h"
#include "solver/cps/reply.h"

#define NOW 1795270800000LL /* 2026-11-21T14:20:00Z */

static void a_page_of_html_keeps_its_first_bytes_on_one_line(void **state)
{
	struct err err = { 0 };
	char page[1000];

	(void)state;
	memset(page, 'x', sizeof(page));
	memcpy(page, "<html>\r\n\t<body>\033[31mdown", 24);
	assert_int_equal(cps_reply_error(503, page, sizeof(page), &err), ERR_PROTOCOL);
	assert_non_null(strstr(err.text, "503: <html> <body> [31mdown"));
	assert_true(strlen(err.text) < 260);
}

static void an_empty_body_still_gives_a_sentence(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_int_equal(cps_reply_error(409, NULL, 0, &err), ERR_CONFLICT);
	assert_non_null(strstr(err.text, "409: (no text)"));
}

static void refusals_of_the_gateway_say_what_to_check(void **state)
{
	static const char authn[] = "{\"type\":\"https://x.example/-/pep-authn/deny\",\"title\":\"Not authorized\",\"detail\":\"no\"}";
	static const char authz[] = "{\"type\":\"https://x.example/-/pep-authz/deny\",\"title\":\"Forbidden\"}";
	struct err err = { 0 };

	(void)state;
	assert_int_equal(cps_reply_error(401, authn, strlen(authn), &err), ERR_DENIED);
	assert_non_null(strstr(err.text, "Not authorized: no"));
	assert_non_null(strstr(err.text, "client_secret"));
	assert_int_equal(cps_reply_error(403, authz, strlen(authz), &err), ERR_DENIED);
	assert_non_null(strstr(err.text, "grant"));
}

static void only_refusals_that_name_the_timestamp_blame_the_clock(void **state)
{
	static const char body[] = "{\"detail\":\"Invalid timestamp\"}";

	(void)state;
	assert_true(cps_reply_blames_clock(401, body, strlen(body)));
	assert_true(cps_reply_blames_clock(400, body, strlen(body)));
	assert_false(cps_reply_blames_clock(500, body, strlen(body)));
	assert_false(cps_reply_blames_clock(401, "{}", 2));
}

static void every_way_to_say_later_is_understood(void **state)
{
	static const char text[] = "You have reached the limit. Please try after 2026-11-21T14:20:05.500Z.";

	(void)state;
	assert_int_equal(cps_reply_retry_at("Retry-After: 7\r\n", "", NOW), NOW + 7000);
	assert_int_equal(cps_reply_retry_at("retry-after: Sat, 21 Nov 2026 14:21:00 GMT\r\n", "", NOW), NOW + 60000);
	assert_int_equal(cps_reply_retry_at("X-RateLimit-Next: 2026-11-21T14:20:02.250Z\r\n", "", NOW), NOW + 2250);
	assert_int_equal(cps_reply_retry_at("Server: x\r\n", text, NOW), NOW + 5500);
}

static void nonsense_about_later_is_not_believed(void **state)
{
	(void)state;
	assert_int_equal(cps_reply_retry_at("Server: x\r\n", "try after lunch", NOW), 0);
	assert_int_equal(cps_reply_retry_at("Retry-After: soon\r\n", "", NOW), 0);
	assert_int_equal(cps_reply_retry_at("Retry-After: 99999999999999\r\n", "", NOW), NOW + 15 * 60 * 1000);
	assert_int_equal(cps_reply_retry_at("X-RateLimit-Next: 2020-01-01T00:00:00Z\r\n", "", NOW), NOW + 1);
}

static void paths_have_their_media_types(void **state)
{
	(void)state;
	assert_string_equal(cps_media_accept("GET", "/cps/v2/enrollments?contractId=X"), "enrollments.v12");
	assert_string_equal(cps_media_accept("GET", "/cps/v2/enrollments/10002"), "enrollment.v12");
	assert_string_equal(cps_media_accept("GET", "/cps/v2/enrollments/10002/changes/3"), "change.v2");
	assert_string_equal(cps_media_accept("GET", "/cps/v2/enrollments/10002/history/changes"), "change-history.v5");
	assert_string_equal(cps_media_accept("DELETE", "/cps/v2/enrollments/10002/changes/3"), "change-id.v1");
	assert_string_equal(cps_media_accept("PUT", "/cps/v2/enrollments/10002"), "enrollment-status.v1");
	assert_string_equal(cps_media_accept("GET", "/contract-api/v1/contracts/identifiers"), "application/json");
	assert_string_equal(cps_media_accept("GET", "/cps/v2/"), "application/json");
	assert_string_equal(cps_media_content("/cps/v2/enrollments/1/changes/2/input/update/lets-encrypt-challenges-completed"),
	                    "acknowledgement.v1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_of_html_keeps_its_first_bytes_on_one_line),
		cmocka_unit_test(an_empty_body_still_gives_a_sentence),
		cmocka_unit_test(refusals_of_the_gateway_say_what_to_check),
		cmocka_unit_test(only_refusals_that_name_the_timestamp_blame_the_clock),
		cmocka_unit_test(every_way_to_say_later_is_understood),
		cmocka_unit_test(nonsense_about_later_is_not_believed),
		cmocka_unit_test(paths_have_their_media_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
