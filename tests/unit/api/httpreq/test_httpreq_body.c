/* Two shapes by their fields, an echo that is the same, and errors that never show the value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/api/httpreq/httpreq_body.h"

#define VALUE "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0"

static void refused(const char *text, const char *word)
{
	struct problem problem = { 0 };
	struct httpreq_body b;

	if (httpreq_body_read(text, strlen(text), &b, &problem) == 0)
		fail_msg("taken: %s", text);
	if (problem.status != 400 || !strstr(problem.err.text, word))
		fail_msg("%s: %d: %s", text, problem.status, problem.err.text);
	if (strstr(problem.err.text, VALUE))
		fail_msg("it shows the value: %s", problem.err.text);
}

static void taken(const char *text, struct httpreq_body *ret)
{
	struct problem problem = { 0 };

	if (httpreq_body_read(text, strlen(text), ret, &problem) < 0)
		fail_msg("%s: %s", text, problem.err.text);
}

static void half_a_shape_or_two_are_refused(void **state)
{
	(void)state;
	refused("", "no body");
	refused("{}", "either fqdn");
	refused("{\"other\":\"" VALUE "\"}", "either fqdn");
	refused("{\"fqdn\":\"_acme-challenge.a.example.\"}", "value is missing");
	refused("{\"value\":\"" VALUE "\"}", "fqdn is missing");
	refused("{\"domain\":\"a.example\",\"token\":\"t\"}", "keyAuth is missing");
	refused("{\"fqdn\":\"a.example\",\"value\":\"" VALUE "\",\"domain\":\"a.example\"}", "either fqdn");
}

static void no_error_shows_the_value(void **state)
{
	(void)state;
	refused("{\"fqdn\":\"a.example.\",\"value\":\"" VALUE "\"", "JSON");
	refused("{\"fqdn\":\"a.example.\",\"value\":\"" VALUE "\" \"" VALUE "\"}", "JSON");
	refused("{\"fqdn\":\"a.example.\",\"" VALUE "\":1,\"" VALUE "\":2}", "JSON");
	refused("{\"fqdn\":\"a_" VALUE ".*\",\"value\":\"" VALUE "\"}", "fqdn");
	refused("{\"fqdn\":\"a.example.\",\"value\":\"" VALUE "\\u00e4\"}", "value");
	refused("{\"fqdn\":\"a.example.\",\"value\":[\"" VALUE "\"]}", "value must be a text");
	refused("{\"fqdn\":\"a.example.\",\"value\":\"" VALUE "\",\"VALUE\":\"" VALUE "\"}", "twice");
	refused("{\"domain\":\"a.example\",\"token\":\"" VALUE "\",\"keyAuth\":\"other." VALUE "\"}", "key authorization");
	refused("{\"domain\":\"a b\",\"token\":\"t\",\"keyAuth\":\"t." VALUE "\"}", "domain");
}

static void a_finished_record_belongs_to_the_identifier_behind_it(void **state)
{
	struct httpreq_body b;

	(void)state;
	taken("{\"fqdn\":\"_acme-challenge.WWW.example.org.\",\"value\":\"" VALUE "\"}", &b);
	assert_string_equal(b.request.domain, "www.example.org");
	assert_null(b.request.record_name);
	assert_string_equal(b.request.value, VALUE);
	httpreq_body_done(&b);
	taken("{\"fqdn\":\"some.target.example.net.\",\"value\":\"" VALUE "\"}", &b);
	assert_string_equal(b.request.domain, "some.target.example.net");
	assert_string_equal(b.request.record_name, "some.target.example.net");
	httpreq_body_done(&b);
	taken("{\"fqdn\":\"_abc._acme-challenge.example.net.\",\"value\":\"" VALUE "\"}", &b);
	assert_string_equal(b.request.domain, "example.net");
	assert_string_equal(b.request.record_name, "_abc._acme-challenge.example.net");
	assert_int_equal(b.request.type, CHALLENGE_DNS01); /* which the engine refuses */
	httpreq_body_done(&b);
	taken("{\"fqdn\":\"_ujmmovf2vn55tgye._acme-challenge.example.net.\",\"value\":\"" VALUE "\"}", &b);
	assert_int_equal(b.request.type, CHALLENGE_DNS_ACCOUNT01);
	httpreq_body_done(&b);
}

static void a_raw_challenge_is_handed_on_as_it_is(void **state)
{
	static const char *const texts[] = {
		"{\"domain\":\"www.example.org\",\"token\":\"tok\",\"keyAuth\":\"tok.thumb\"}",
		"{\"Domain\":\"www.example.org\",\"TOKEN\":\"tok\",\"keyauth\":\"tok.thumb\",\"other\":7}",
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct httpreq_body b;

		taken(texts[i], &b);
		assert_string_equal(b.request.domain, "www.example.org");
		assert_string_equal(b.request.key_authorization, "tok.thumb");
		assert_null(b.request.value);
		assert_string_equal(b.value, "sYAwVrqDtVOuJZvAHurSAYPoEt5fFV_C4bdSOOW-o5Y");
		httpreq_body_done(&b);
	}
}

static void echoes(const char *text, const char *expected)
{
	struct httpreq_body b;
	json_t *echo;
	char *said;

	taken(text, &b);
	echo = httpreq_body_echo(&b);
	said = json_dumps(echo, JSON_COMPACT);
	assert_string_equal(said, expected);
	free(said);
	json_decref(echo);
	httpreq_body_done(&b);
}

static void the_echo_has_keys_and_values_as_they_came(void **state)
{
	(void)state;
	echoes("{\"fqdn\": \"_acme-challenge.Example.ORG.\", \"value\": \"" VALUE "\"}",
	       "{\"fqdn\":\"_acme-challenge.Example.ORG.\",\"value\":\"" VALUE "\"}");
	echoes("{\"Value\":\"a\\/\\\"b\",\"FQDN\":\"a.example\",\"more\":[1]}", "{\"Value\":\"a/\\\"b\",\"FQDN\":\"a.example\"}");
}

static void hiding_takes_the_digest_out_too(void **state)
{
	struct httpreq_body b;
	char text[200];

	(void)state;
	taken("{\"domain\":\"www.example.org\",\"token\":\"tok\",\"keyAuth\":\"tok.thumb\"}", &b);
	httpreq_body_hide(&b, "TXT \"sYAwVrqDtVOuJZvAHurSAYPoEt5fFV_C4bdSOOW-o5Y\" of tok.thumb", text, sizeof(text));
	assert_string_equal(text, "TXT \"…\" of …");
	httpreq_body_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(half_a_shape_or_two_are_refused),
		cmocka_unit_test(no_error_shows_the_value),
		cmocka_unit_test(a_finished_record_belongs_to_the_identifier_behind_it),
		cmocka_unit_test(a_raw_challenge_is_handed_on_as_it_is),
		cmocka_unit_test(the_echo_has_keys_and_values_as_they_came),
		cmocka_unit_test(hiding_takes_the_digest_out_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
