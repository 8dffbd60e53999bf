/* Open MPIC as it is written and read, and the quorum of the Baseline Requirements. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/base/mem.h"
#include "solver/dns/message.h"
#include "solver/mpic/message.h"

static json_t *load(const char *text)
{
	json_t *all = json_loads(text, 0, NULL);

	assert_non_null(all);
	return all;
}

static void refused(const char *text, bool coordinator, bool caa, const char *word)
{
	struct mpic_question q;
	struct err err = { 0 };
	json_t *all = load(text);

	if (mpic_question_read(all, coordinator, caa, &q, &err) == 0)
		fail_msg("taken: %s", text);
	if (!strstr(err.text, word))
		fail_msg("%s: %s", text, err.text);
	json_decref(all);
}

static void a_question_that_lacks_something_is_refused_by_its_name(void **state)
{
	(void)state;
	refused("[]", false, false, "JSON object");
	refused("{}", true, false, "check_type is missing");
	refused("{}", false, false, "domain_or_ip_target is missing");
	refused("{\"domain_or_ip_target\":7}", false, false, "domain_or_ip_target must be a text");
	refused("{\"check_type\":\"x\",\"domain_or_ip_target\":\"a.example\"}", true, false, "check_type is dcv or caa");
	refused("{\"check_type\":\"caa\",\"domain_or_ip_target\":\"a.example\"}", false, false, "check_type");
	refused("{\"domain_or_ip_target\":\"a.example\"}", false, false, "dcv_check_parameters is missing");
	refused("{\"domain_or_ip_target\":\"a.example\",\"dcv_check_parameters\":{\"validation_method\":\"website-change\"}}", false, false,
	        "website-change");
	refused("{\"domain_or_ip_target\":\"a.example\",\"dcv_check_parameters\":{\"validation_method\":\"acme-dns-01\"}}", false, false,
	        "key_authorization_hash is missing");
	refused("{\"domain_or_ip_target\":\"a.example\",\"caa_check_parameters\":{\"caa_domains\":[1]}}", false, true, "caa_domains");
	refused("{\"check_type\":\"caa\",\"domain_or_ip_target\":\"a.example\",\"orchestration_parameters\":{\"quorum_count\":0}}", true, false,
	        "quorum_count must be a number from 1");
}

static void what_is_asked_is_understood_by_the_other_side(void **state)
{
	const struct mpic_question asked[] = {
		{ .domain = "*.a.example", .type = "dns-01", .value = "V" },
		{ .domain = "a.example", .type = "http-01", .token = "T", .key_authorization = "T.K" },
		{ .domain = "a.example", .caa = true, .issuers = { "ca.example", "other.example" } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
		json_t *all = mpic_question_json(&asked[i], true);
		struct mpic_question q;
		struct err err = { 0 };

		assert_int_equal(mpic_question_read(all, true, false, &q, &err), 0);
		assert_int_equal(q.caa, asked[i].caa);
		assert_string_equal(q.domain, asked[i].domain);
		if (q.value)
			assert_string_equal(q.value, "V");
		if (q.token)
			assert_string_equal(q.key_authorization, "T.K");
		if (q.caa)
			assert_string_equal(q.issuers[1], "other.example");
		json_decref(all);
	}
}

static void a_verdict_becomes_a_check_response_and_is_read_back(void **state)
{
	const struct mpic_question q = { .domain = "a.example", .type = "dns-01", .value = "V" };
	struct evidence *e = evidence_new();
	struct ev_answer *a = evidence_add_answer(e);
	struct verdict *v = verdict_new();
	struct mpic_result r = { 0 };
	json_t *response;

	(void)state;
	e->identifier = mem_dup("a.example");
	e->fqdn = mem_dup("_acme-challenge.a.example");
	a->view = mem_dup("authority");
	a->name = mem_dup(e->fqdn);
	a->type = DNS_TXT;
	verdict_decide(v, VERDICT_FAIL, STAGE_VALIDATION, PROBLEM_UNAUTHORIZED, mem_dup("No TXT record found"));
	response = mpic_response_json(&q, e, v);
	mpic_response_read(response, &r);
	assert_true(r.completed);
	assert_false(r.passed);
	assert_string_equal(r.problem, "unauthorized");
	assert_string_equal(r.detail, "No TXT record found");
	json_decref(response);
	mpic_result_done(&r);
	verdict_free(v);
	evidence_free(e);
}

static void what_could_not_be_seen_is_not_completed(void **state)
{
	const struct mpic_question q = { .domain = "a.example", .caa = true };
	struct evidence *e = evidence_new();
	struct verdict *v = verdict_new();
	json_t *response;

	(void)state;
	e->identifier = mem_dup("a.example");
	verdict_decide(v, VERDICT_UNKNOWN, STAGE_LOOKUP, PROBLEM_NONE, mem_dup("no root answers"));
	response = mpic_response_json(&q, e, v);
	assert_true(json_is_false(json_object_get(response, "check_completed")));
	assert_true(json_is_false(json_object_get(response, "check_passed")));
	json_decref(response);
	verdict_free(v);
	evidence_free(e);
}

static void a_reply_that_is_none_never_passes(void **state)
{
	const char *const replies[] = { "{}", "[]", "{\"check_passed\":true}", "{\"check_passed\":true,\"check_completed\":false}",
	                                "{\"check_passed\":\"true\",\"check_completed\":\"true\"}" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
		struct mpic_result r = { 0 };
		json_t *all = load(replies[i]);

		mpic_response_read(all, &r);
		assert_false(r.passed);
		assert_non_null(r.detail);
		json_decref(all);
		mpic_result_done(&r);
	}
}

static void the_quorum_is_that_of_the_baseline_requirements(void **state)
{
	const size_t expected[] = { 0, 1, 1, 2, 3, 4, 4, 5, 6 };

	(void)state;
	for (size_t n = 0; n < ARRAY_LEN(expected); n++)
		assert_int_equal(mpic_quorum(n), expected[n]);
}

static void passing_perspectives_of_one_region_are_not_enough(void **state)
{
	struct mpic_result list[4];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		list[i] = (struct mpic_result){ .rir = i == 3 ? "APNIC" : "RIPE", .completed = true, .passed = i != 3 };
	assert_false(mpic_is_valid(list, 4, 3));
	list[0].passed = false;
	list[3].passed = true;
	assert_true(mpic_is_valid(list, 4, 3));
	list[1].completed = false; /* never counts as a pass */
	assert_false(mpic_is_valid(list, 4, 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_that_lacks_something_is_refused_by_its_name),
		cmocka_unit_test(what_is_asked_is_understood_by_the_other_side),
		cmocka_unit_test(a_verdict_becomes_a_check_response_and_is_read_back),
		cmocka_unit_test(what_could_not_be_seen_is_not_completed),
		cmocka_unit_test(a_reply_that_is_none_never_passes),
		cmocka_unit_test(the_quorum_is_that_of_the_baseline_requirements),
		cmocka_unit_test(passing_perspectives_of_one_region_are_not_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
