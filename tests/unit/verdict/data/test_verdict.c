#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/base/mem.h"
#include "solver/verdict/data/verdict.h"

static void decide(struct verdict *v, enum verdict_result result, enum verdict_stage stage, const char *detail)
{
	verdict_decide(v, result, stage, PROBLEM_DNS, mem_dup(detail));
}

static void what_nobody_decided_is_unknown(void **state)
{
	struct verdict *v = verdict_new();

	(void)state;
	assert_int_equal(v->result, VERDICT_UNKNOWN);
	verdict_free(v);
	verdict_free(NULL);
}

static void the_earliest_refusal_is_what_the_authority_says(void **state)
{
	struct verdict *v = verdict_new();

	(void)state;
	decide(v, VERDICT_FAIL, STAGE_CAA, "caa");
	decide(v, VERDICT_FAIL, STAGE_LOOKUP, "lookup");
	decide(v, VERDICT_FAIL, STAGE_VALIDATION, "validation");
	assert_int_equal(v->stage, STAGE_LOOKUP);
	assert_string_equal(v->detail, "lookup");
	verdict_free(v);
}

static void a_refusal_outweighs_doubt_and_doubt_outweighs_a_pass(void **state)
{
	struct verdict *v = verdict_new();

	(void)state;
	decide(v, VERDICT_PASS, STAGE_IDENTIFIER, NULL);
	decide(v, VERDICT_UNKNOWN, STAGE_LOOKUP, "unseen");
	decide(v, VERDICT_FLAKY, STAGE_VALIDATION, "by luck");
	assert_int_equal(v->result, VERDICT_FLAKY);
	decide(v, VERDICT_PASS, STAGE_CAA, "allowed");
	assert_int_equal(v->result, VERDICT_FLAKY);
	decide(v, VERDICT_FAIL, STAGE_CAA, "denied");
	assert_int_equal(v->result, VERDICT_FAIL);
	assert_string_equal(v->detail, "denied");
	verdict_free(v);
}

static void of_passes_the_last_stage_stands_and_a_silent_one_keeps_the_detail(void **state)
{
	struct verdict *v = verdict_new();

	(void)state;
	decide(v, VERDICT_PASS, STAGE_VALIDATION, "four servers show the value");
	verdict_decide(v, VERDICT_PASS, STAGE_CAA, PROBLEM_NONE, NULL);
	assert_int_equal(v->stage, STAGE_CAA);
	assert_int_equal(v->problem, PROBLEM_NONE);
	assert_string_equal(v->detail, "four servers show the value");
	verdict_free(v);
}

static void more_findings_and_looks_than_the_maximum_are_dropped(void **state)
{
	struct verdict *v = verdict_new();

	(void)state;
	for (int i = 0; i < FINDINGS_MAX + 3; i++)
		verdict_add_finding(v, FINDING_NOTE, STAGE_LOOKUP, "a", mem_dup("text"), mem_dup("mend"));
	assert_int_equal(v->finding_count, FINDINGS_MAX);
	for (int i = 0; i < QUERY_RESULTS_MAX; i++)
		assert_non_null(verdict_add_result(v, "ns1.example.org", "192.0.2.1"));
	assert_null(verdict_add_result(v, "ns1.example.org", "192.0.2.1"));
	verdict_free(v);
}

static void an_error_is_kept_even_when_there_is_no_room(void **state)
{
	struct verdict *v = verdict_new();

	(void)state;
	verdict_add_finding(v, FINDING_NOTE, STAGE_LOOKUP, "note", mem_dup("note"), NULL);
	for (int i = 0; i < FINDINGS_MAX; i++)
		verdict_add_finding(v, FINDING_WARNING, STAGE_LOOKUP, "warning", mem_dup("warning"), NULL);
	verdict_add_finding(v, FINDING_ERROR, STAGE_CAA, "error", mem_dup("error"), NULL);
	verdict_add_finding(v, FINDING_WARNING, STAGE_CAA, "late", mem_dup("late"), NULL);
	assert_int_equal(v->finding_count, FINDINGS_MAX);
	for (int i = 0; i < FINDINGS_MAX - 1; i++)
		assert_string_equal(v->findings[i].code, "warning"); /* the note gave way too */
	assert_string_equal(v->findings[FINDINGS_MAX - 1].code, "error");
	verdict_free(v);
}

static void errors_are_fixed_before_warnings_and_nothing_twice(void **state)
{
	struct verdict *v = verdict_new();
	json_t *json, *fixes;

	(void)state;
	verdict_add_finding(v, FINDING_WARNING, STAGE_LOOKUP, "w", mem_dup("w"), mem_dup("second"));
	verdict_add_finding(v, FINDING_NOTE, STAGE_LOOKUP, "n", mem_dup("n"), mem_dup("never"));
	verdict_add_finding(v, FINDING_ERROR, STAGE_CAA, "e", mem_dup("e"), mem_dup("first"));
	verdict_add_finding(v, FINDING_ERROR, STAGE_CAA, "e", mem_dup("e"), mem_dup("first"));
	verdict_add_finding(v, FINDING_ERROR, STAGE_CAA, "f", mem_dup("f"), NULL);
	json = verdict_to_json(v);
	fixes = json_object_get(json, "fixes");
	assert_int_equal(json_array_size(fixes), 2);
	assert_string_equal(json_string_value(json_array_get(fixes, 0)), "first");
	assert_string_equal(json_string_value(json_array_get(fixes, 1)), "second");
	assert_true(json_equal(json_object_get(json, "mends"), fixes)); /* the former name */
	json_decref(json);
	verdict_free(v);
}

static void the_json_is_as_the_header_says(void **state)
{
	struct verdict *v = verdict_new();
	struct query_result *l = verdict_add_result(v, "ns1.example.org", "192.0.2.1");
	char *text;

	(void)state;
	v->identifier = mem_dup("example.org");
	v->type = mem_dup("dns-01");
	v->authority = mem_dup("letsencrypt");
	v->at_ms = 1000;
	l->ok = true;
	l->status = mem_dup("NOERROR");
	l->values[l->value_count++] = mem_dup("x");
	l->values[l->value_count++] = mem_dup("\xff");
	verdict_add_finding(v, FINDING_ERROR, STAGE_CAA, "caa-denied", mem_dup("no"), NULL);
	verdict_decide(v, VERDICT_FAIL, STAGE_CAA, PROBLEM_CAA, mem_dup("denied"));
	text = verdict_json(v);
	assert_string_equal(
		text,
		"{\"result\":\"fail\",\"stage\":\"caa\",\"error_type\":\"urn:ietf:params:acme:error:caa\",\"detail\":\"denied\",\"fixes\":[],\"mends\":[],"
		"\"findings\":[{\"severity\":\"error\",\"stage\":\"caa\",\"code\":\"caa-denied\",\"text\":\"no\",\"fix\":null,\"mend\":null}],"
		"\"identifier\":\"example.org\",\"wildcard\":false,\"type\":\"dns-01\",\"authority\":\"letsencrypt\",\"zone\":null,"
		"\"fqdn\":null,\"at\":\"1970-01-01T00:00:01.000Z\",\"looks\":[{\"server\":\"ns1.example.org\",\"address\":\"192.0.2.1\","
		"\"ok\":true,\"status\":\"NOERROR\",\"values\":[\"x\",\"\\\\255\"],\"authoritative\":false,\"elapsed_ms\":0,"
		"\"at\":\"1970-01-01T00:00:00.000Z\",\"detail\":null}]}");
	free(text);
	verdict_free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_nobody_decided_is_unknown),
		cmocka_unit_test(the_earliest_refusal_is_what_the_authority_says),
		cmocka_unit_test(a_refusal_outweighs_doubt_and_doubt_outweighs_a_pass),
		cmocka_unit_test(of_passes_the_last_stage_stands_and_a_silent_one_keeps_the_detail),
		cmocka_unit_test(more_findings_and_looks_than_the_maximum_are_dropped),
		cmocka_unit_test(an_error_is_kept_even_when_there_is_no_room),
		cmocka_unit_test(errors_are_fixed_before_warnings_and_nothing_twice),
		cmocka_unit_test(the_json_is_as_the_header_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
