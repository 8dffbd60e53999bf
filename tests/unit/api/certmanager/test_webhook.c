/* cert-manager's ChallengePayload: what is read, and that no answer can hurt its controller. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "solver/api/certmanager/webhook_payload.h"

static int read_text(const char *text, struct webhook_payload *p, struct problem *problem)
{
	return webhook_payload_read(text, strlen(text), p, problem);
}

static void refused(const char *text, const char *word)
{
	struct webhook_payload p;
	struct problem problem = { 0 };

	if (read_text(text, &p, &problem) == 0)
		fail_msg("taken: %s", text);
	if (problem.status != 400 || !strstr(problem.err.text, word))
		fail_msg("%s: %d %s", text, problem.status, problem.err.text);
}

static void what_is_no_payload_is_refused(void **state)
{
	(void)state;
	refused("", "ChallengePayload");
	refused("[]", "ChallengePayload");
	refused("{}", "no request");
	refused("{\"request\":[]}", "no request");
	refused("{\"request\":{\"dnsName\":\"a.example\",\"key\":\"k\"}}", "request.action is missing");
	refused("{\"request\":{\"action\":\"Eat\",\"dnsName\":\"a.example\",\"key\":\"k\"}}", "Present or CleanUp");
	refused("{\"request\":{\"action\":\"Present\",\"type\":\"http-01\",\"dnsName\":\"a.example\",\"key\":\"k\"}}", "dns-01");
	refused("{\"request\":{\"action\":\"Present\",\"dnsName\":7,\"key\":\"k\"}}", "request.dnsName must be a text");
	refused("{\"request\":{\"action\":\"Present\",\"dnsName\":\"a..example\",\"key\":\"k\"}}", "request.dnsName");
	refused("{\"request\":{\"action\":\"Present\",\"dnsName\":\"a.example\",\"key\":\"\"}}", "request.key is empty");
	refused("{\"request\":{\"action\":\"Present\",\"dnsName\":\"a.example\",\"key\":\"k\",\"resolvedFQDN\":\"a..b\"}}", "resolvedFQDN");
}

static void a_sentence_never_holds_the_key(void **state)
{
	struct webhook_payload p;
	struct problem problem = { 0 };

	(void)state;
	assert_true(read_text("{\"request\":{\"action\":\"Present\",\"dnsName\":\"a.example\",\"key\":\"se\\ncret\"}}", &p, &problem) < 0);
	assert_null(strstr(problem.err.text, "cret"));
}

static void the_record_is_named_only_where_it_is_not_the_usual_one(void **state)
{
	struct webhook_payload p;
	struct problem problem = { 0 };

	(void)state;
	assert_int_equal(read_text("{\"request\":{\"action\":\"present\",\"dnsName\":\"A.example\",\"key\":\"k\","
	                           "\"resolvedFQDN\":\"_acme-challenge.a.example.\"}}", &p, &problem), 0);
	assert_string_equal(p.request.domain, "a.example");
	assert_null(p.request.record_name);
	assert_false(p.cleanup);
	webhook_payload_done(&p);
	assert_int_equal(read_text("{\"request\":{\"action\":\"CLEANUP\",\"dnsName\":\"a.example\",\"key\":\"k\","
	                           "\"resolvedFQDN\":\"x.acme.example.\"}}", &p, &problem), 0);
	assert_string_equal(p.request.record_name, "x.acme.example");
	assert_true(p.cleanup);
	webhook_payload_done(&p);
}

static void a_failure_has_always_a_message_and_every_answer_a_response(void **state)
{
	struct webhook_payload p;
	struct problem problem = { 0 };
	json_t *answer, *status;

	(void)state;
	assert_int_equal(read_text("{\"request\":{\"uid\":\"u\",\"action\":\"Present\",\"dnsName\":\"a.example\",\"key\":\"k\","
	                           "\"config\":{\"token\":\"hidden\"}}}", &p, &problem), 0);
	answer = webhook_payload_failure(&p, 500, "");
	status = json_object_get(json_object_get(answer, "response"), "status");
	assert_string_equal(json_string_value(json_object_get(status, "status")), "Failure");
	assert_true(json_string_length(json_object_get(status, "message")) > 0);
	assert_string_equal(json_string_value(json_object_get(json_object_get(answer, "response"), "uid")), "u");
	assert_null(json_object_get(json_object_get(answer, "request"), "config"));
	json_decref(answer);
	answer = webhook_payload_success(&p);
	assert_true(json_is_true(json_object_get(json_object_get(answer, "response"), "success")));
	json_decref(answer);
	webhook_payload_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_payload_is_refused),
		cmocka_unit_test(a_sentence_never_holds_the_key),
		cmocka_unit_test(the_record_is_named_only_where_it_is_not_the_usual_one),
		cmocka_unit_test(a_failure_has_always_a_message_and_every_answer_a_response),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
