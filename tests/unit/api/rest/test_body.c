/* What a body may hold; the sentence names the field, the pointer shows it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "solver/api/rest/body.h"

typedef int (*read_fn)(const char *text, size_t length, struct order_body *ret, struct problem *problem);

static void refused(read_fn read, const char *text, int status, const char *pointer, const char *word)
{
	struct problem problem = { 0 };
	struct order_body body;

	if (read(text, strlen(text), &body, &problem) == 0)
		fail_msg("taken: %s", text);
	if (problem.status != status || strcmp(problem.pointer, pointer) != 0 || !strstr(problem.err.text, word))
		fail_msg("%s: %d at \"%s\": %s", text, problem.status, problem.pointer, problem.err.text);
}

static void what_is_not_an_object_is_refused(void **state)
{
	(void)state;
	refused(body_read_challenge, "", 400, "", "no body");
	refused(body_read_challenge, "{\"type\":", 400, "", "line 1");
	refused(body_read_challenge, "[]", 400, "", "object");
	refused(body_read_challenge, "{} {}", 400, "", "JSON");
	refused(body_read_challenge, "{\"type\":\"dns-01\",\"type\":\"http-01\"}", 400, "", "duplicate");
	refused(body_read_challenge, "{\"domain\":\"a\\u0000b\"}", 400, "", "JSON");
	refused(body_read_challenge, "{\"domain\":\"\xff\"}", 400, "", "JSON");
}

static void nesting_has_an_end(void **state)
{
	char deep[5000];

	(void)state;
	memset(deep, '[', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	refused(body_read_challenge, deep, 400, "", "nested");
}

static void brackets_inside_a_text_are_no_nesting(void **state)
{
	static const char text[] = "{\"type\":\"dns-01\",\"domain\":\"a.example\",\"value\":\"[[[[[[[[[[\\\"{{{{{{{{{{\"}";
	struct problem problem = { 0 };
	struct order_body body;

	(void)state;
	assert_int_equal(body_read_challenge(text, strlen(text), &body, &problem), 0);
	order_body_done(&body);
}

static void unknown_fields_are_named(void **state)
{
	(void)state;
	refused(body_read_challenge, "{\"type\":\"dns-01\",\"domain\":\"a.example\",\"valeu\":\"x\"}", 422, "/valeu", "\"valeu\"");
	refused(body_read_order, "{\"challenges\":[{\"type\":\"dns-01\",\"domain\":\"a.example\",\"deadline\":\"5m\"}]}", 422, "/challenges/0/deadline", "challenge 1");
	refused(body_read_order, "{\"challenges\":[],\"callback\":{\"url\":\"https://a\",\"secret\":\"s\",\"x\":1}}", 422, "/callback/x", "\"x\"");
}

static void wrong_types_are_named(void **state)
{
	(void)state;
	refused(body_read_challenge, "{\"type\":\"dns-01\",\"domain\":7}", 422, "/domain", "not a number");
	refused(body_read_challenge, "{\"type\":\"tls-sni-01\",\"domain\":\"a\"}", 422, "/type", "tls-alpn-01");
	refused(body_read_challenge, "{\"type\":[],\"domain\":\"a\"}", 422, "/type", "an array");
	refused(body_read_challenge, "{\"domain\":\"a\"}", 422, "/type", "missing");
	refused(body_read_order, "{\"challenges\":{}}", 422, "/challenges", "an array");
	refused(body_read_order, "{\"challenges\":[7]}", 422, "/challenges/0", "object");
}

static void a_duration_has_a_unit(void **state)
{
	static const char *const bad[] = { "600", "\"600\"", "\"10 m\"", "\"-5s\"", "\"\"", "\"1w\"", "\"99999999999999d\"", "true", "\"0s\"" };
	char text[200];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "{\"type\":\"dns-01\",\"domain\":\"a\",\"value\":\"x\",\"deadline\":%s}", bad[i]);
		refused(body_read_challenge, text, 422, "/deadline", "deadline");
	}
}

static void an_order_has_at_least_one_and_at_most_the_maximum(void **state)
{
	static char text[64 * (ORDER_MAX + 2)];
	size_t used;

	(void)state;
	refused(body_read_order, "{\"challenges\":[]}", 422, "/challenges", "not 0");
	used = (size_t)sprintf(text, "{\"challenges\":[");
	for (int i = 0; i <= ORDER_MAX; i++)
		used += (size_t)sprintf(text + used, "%s{\"type\":\"dns-01\",\"domain\":\"a%d.example\",\"value\":\"x\"}", i ? "," : "", i);
	strcpy(text + used, "]}");
	refused(body_read_order, text, 422, "/challenges", "1001");
}

static void a_callback_is_http_and_signed(void **state)
{
	(void)state;
	refused(body_read_order, "{\"challenges\":[],\"callback\":{\"url\":\"file:///etc/passwd\",\"secret\":\"s\"}}", 422, "/callback/url", "https://");
	refused(body_read_order, "{\"challenges\":[],\"callback\":{\"url\":\"https://a.example/\"}}", 422, "/callback/secret", "missing");
}

static void a_complete_order_is_read(void **state)
{
	static const char text[] = "{\"challenges\":[{\"type\":\"dns-01\",\"domain\":\"*.a.example\",\"value\":\"v\"},"
	                           "{\"type\":\"http-01\",\"domain\":\"a.example\",\"token\":\"t\",\"key_authorization\":\"t.k\"}],"
	                           "\"deadline\":\"90s\",\"lifetime\":\"2d\",\"label\":\"l\",\"callback\":{\"url\":\"https://b.example/\",\"secret\":\"s\"}}";
	struct problem problem = { 0 };
	struct order_body body;

	(void)state;
	assert_int_equal(body_read_order(text, strlen(text), &body, &problem), 0);
	assert_int_equal(body.request.count, 2);
	assert_string_equal(body.challenges[0].value, "v");
	assert_int_equal(body.challenges[1].type, CHALLENGE_HTTP01);
	assert_string_equal(body.challenges[1].token, "t");
	assert_int_equal(body.request.deadline_ms, 90000);
	assert_int_equal(body.request.lifetime_ms, 172800000);
	assert_string_equal(body.request.callback_url, "https://b.example/");
	order_body_done(&body);
}

static void only_a_standing_record_may_stand_for_ever(void **state)
{
	static const char text[] = "{\"type\":\"dns-persist-01\",\"domain\":\"a.example\",\"account_uri\":\"https://ca.example/1\",\"lifetime\":\"0s\"}";
	struct problem problem = { 0 };
	struct order_body body;

	(void)state;
	assert_int_equal(body_read_challenge(text, strlen(text), &body, &problem), 0);
	assert_int_equal(body.request.lifetime_ms, LIFETIME_FOREVER);
	assert_string_equal(body.challenges[0].account_uri, "https://ca.example/1");
	order_body_done(&body);
	refused(body_read_challenge, "{\"type\":\"dns-01\",\"domain\":\"a.example\",\"value\":\"v\",\"lifetime\":\"0s\"}", 422, "/lifetime", "dns-persist-01");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_an_object_is_refused),
		cmocka_unit_test(nesting_has_an_end),
		cmocka_unit_test(brackets_inside_a_text_are_no_nesting),
		cmocka_unit_test(unknown_fields_are_named),
		cmocka_unit_test(wrong_types_are_named),
		cmocka_unit_test(a_duration_has_a_unit),
		cmocka_unit_test(an_order_has_at_least_one_and_at_most_the_maximum),
		cmocka_unit_test(a_callback_is_http_and_signed),
		cmocka_unit_test(a_complete_order_is_read),
		cmocka_unit_test(only_a_standing_record_may_stand_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
