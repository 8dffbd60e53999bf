#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/verdict/judge.h"

enum { TXT = 16, CAA = 257 };

static struct authorities *authorities;

static int load_authorities(void **state)
{
	(void)state;
	return authorities_load(NULL, &authorities, NULL);
}

static int free_authorities(void **state)
{
	(void)state;
	authorities_free(authorities);
	return 0;
}

static struct verdict *judged(const struct evidence *e)
{
	return judge(e, authorities_find(authorities, "letsencrypt"));
}

static struct ev_answer *add(struct evidence *e, const char *view, const char *name, int type, const char *data)
{
	struct ev_answer *a = evidence_add_answer(e);
	struct ev_record *r = data ? evidence_add_record(a) : NULL;

	a->view = mem_dup(view);
	a->name = mem_dup(name);
	a->type = type;
	a->soa = a->authoritative = a->edns = a->case_kept = true;
	if (r) {
		r->owner = mem_dup(name);
		r->type = type;
		r->data = mem_dup(data);
		r->strings = 1;
	}
	return a;
}

static void add_server(struct evidence *e, const char *address, const char *value)
{
	struct ev_answer *a = add(e, "direct", "_acme-challenge.www.lab.com", TXT, value);

	a->server = mem_printf("ns-%s.lab.com", address);
	a->address = mem_dup(address);
	a->zone = mem_dup("lab.com");
	a->transport = mem_dup("udp");
}

/* A dns-01 challenge that passes. */
static struct evidence *fine(void)
{
	struct evidence *e = evidence_new();

	e->identifier = mem_dup("www.lab.com");
	e->type = mem_dup("dns-01");
	e->authority = mem_dup("letsencrypt");
	e->expected = mem_dup("right");
	e->fqdn = mem_dup("_acme-challenge.www.lab.com");
	e->written_fqdn = mem_dup("_acme-challenge.www.lab.com");
	e->written_zone = mem_dup("lab.com");
	e->at_ms = 1795271000123;
	add(e, "authority", "_acme-challenge.www.lab.com", TXT, "right");
	add_server(e, "9.9.9.1", "right");
	add_server(e, "9.9.9.2", "right");
	add(e, "authority", "www.lab.com", CAA, NULL);
	add(e, "authority", "lab.com", CAA, NULL);
	add(e, "authority", "com", CAA, NULL);
	return e;
}

static void set_record(struct evidence *e, size_t answer, const char *data)
{
	struct ev_answer *a = &e->answers[answer];
	struct ev_record *r = a->record_count ? &a->records[0] : evidence_add_record(a);

	mem_replace(&r->owner, a->name);
	mem_replace(&r->data, data);
	r->type = a->type;
}

static void nothing_that_was_not_looked_at_passes(void **state)
{
	struct evidence *e = fine();
	struct verdict *v;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		e->answers[i].type = 1;
	v = judged(e);
	assert_int_equal(v->result, VERDICT_UNKNOWN);
	verdict_free(v);
	evidence_free(e);
}

static void an_unknown_type_never_passes(void **state)
{
	struct evidence *e = fine();
	struct verdict *v;

	(void)state;
	mem_replace(&e->type, "dns-99");
	v = judged(e);
	assert_int_equal(v->result, VERDICT_UNKNOWN);
	verdict_free(v);
	evidence_free(e);
}

static void the_name_is_refused_before_anything_else(void **state)
{
	struct evidence *e = fine();
	struct verdict *v;

	(void)state;
	mem_replace(&e->identifier, "a_b.lab.com");
	set_record(e, 0, "wrong");
	v = judged(e);
	assert_int_equal(v->result, VERDICT_FAIL);
	assert_int_equal(v->stage, STAGE_IDENTIFIER);
	assert_int_equal(v->findings[0].stage, STAGE_IDENTIFIER);
	verdict_free(v);
	evidence_free(e);
}

static void a_wrong_value_outweighs_what_caa_says(void **state)
{
	struct evidence *e = fine();
	struct verdict *v;

	(void)state;
	set_record(e, 3, "0 issue ;");
	for (size_t i = 0; i < 3; i++)
		set_record(e, i, "wrong");
	v = judged(e);
	assert_int_equal(v->result, VERDICT_FAIL);
	assert_int_equal(v->stage, STAGE_VALIDATION);
	assert_int_equal(v->problem, PROBLEM_UNAUTHORIZED);
	assert_int_equal(v->findings[0].stage, STAGE_VALIDATION);
	verdict_free(v);
	evidence_free(e);
}

static void caa_denies_after_a_validation_that_passes(void **state)
{
	struct evidence *e = fine();
	struct verdict *v;

	(void)state;
	set_record(e, 4, "0 issue ca.example");
	v = judged(e);
	assert_int_equal(v->result, VERDICT_FAIL);
	assert_int_equal(v->stage, STAGE_CAA);
	assert_int_equal(v->findings[0].severity, FINDING_ERROR);
	assert_string_equal(v->findings[0].code, "caa-denied");
	verdict_free(v);
	evidence_free(e);
}

static void a_server_that_lacks_the_value_is_flaky_and_a_denial_on_top_is_a_failure(void **state)
{
	struct evidence *e = fine();
	struct verdict *v;

	(void)state;
	set_record(e, 2, "stale");
	v = judged(e);
	assert_int_equal(v->result, VERDICT_FLAKY);
	verdict_free(v);
	set_record(e, 4, "0 issue ;");
	v = judged(e);
	assert_int_equal(v->result, VERDICT_FAIL);
	assert_int_equal(v->stage, STAGE_CAA);
	verdict_free(v);
	evidence_free(e);
}

static void errors_come_first_then_warnings_then_notes(void **state)
{
	struct evidence *e = fine();
	struct verdict *v;

	(void)state;
	e->answers[1].authoritative = false;
	set_record(e, 4, "0 issue ;");
	v = judged(e);
	assert_true(v->finding_count >= 2);
	for (size_t i = 1; i < v->finding_count; i++)
		assert_true(v->findings[i - 1].severity <= v->findings[i].severity);
	verdict_free(v);
	evidence_free(e);
}

static void what_passes_is_told_with_the_looks(void **state)
{
	struct evidence *e = fine();
	struct verdict *v = judged(e);

	(void)state;
	if (v->result != VERDICT_PASS)
		fail_msg("%s: %s", verdict_result_name(v->result), v->detail);
	assert_true(v->stage >= STAGE_CAA);
	assert_true(*v->detail);
	assert_int_equal(v->result_count, 2);
	assert_true(v->results[0].ok && v->results[1].ok);
	assert_string_equal(v->results[0].address, "9.9.9.1");
	assert_string_equal(v->identifier, "www.lab.com");
	assert_string_equal(v->zone, "lab.com");
	assert_string_equal(v->fqdn, "_acme-challenge.www.lab.com");
	assert_int_equal(v->at_ms, 1795271000123);
	verdict_free(v);
	evidence_free(e);
}

static void the_same_evidence_gives_the_same_verdict_after_a_replay(void **state)
{
	struct evidence *e = fine(), *again = NULL;
	json_t *json = evidence_to_json(e);
	struct verdict *v = judged(e), *w;
	char *first = verdict_json(v), *second;

	(void)state;
	assert_int_equal(evidence_from_json(json, &again, NULL), 0);
	w = judged(again);
	second = verdict_json(w);
	assert_string_equal(first, second);
	free(first);
	free(second);
	verdict_free(v);
	verdict_free(w);
	json_decref(json);
	evidence_free(e);
	evidence_free(again);
}

static void each_of_the_facts_of_a_pass_is_needed(void **state)
{
	static const struct { size_t answer; const char *data; int rcode; } mutations[] = {
		{ 0, "righ", 0 },     { 0, "Right", 0 }, { 0, "right ", 0 }, { 0, NULL, 3 }, { 0, NULL, 2 }, { 1, "other", 0 },
		{ 2, NULL, 3 },       { 3, "0 issue ;", 0 }, { 3, NULL, 2 }, { 4, NULL, 5 }, { 5, NULL, 3 },
		{ 5, "128 tbs x", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(mutations); i++) {
		struct evidence *e = fine();
		struct ev_answer *a = &e->answers[mutations[i].answer];
		struct verdict *v;

		if (mutations[i].data)
			set_record(e, mutations[i].answer, mutations[i].data);
		else
			for (; a->record_count; a->record_count--) {
				free(a->records[a->record_count - 1].owner);
				free(a->records[a->record_count - 1].data);
			}
		a->rcode = mutations[i].rcode;
		v = judged(e);
		if (v->result == VERDICT_PASS)
			fail_msg("mutation %zu passes", i);
		verdict_free(v);
		evidence_free(e);
	}
}

static void a_rule_that_changes_within_30_days_is_told_and_an_ended_authority_fails(void **state)
{
	static const struct { const char *authority, *at, *code; } rows[] = {
		{ "letsencrypt", "2026-11-15T00:00:00Z", "authority-changes" }, { "letsencrypt", "2026-11-14T00:00:00Z", NULL },
		{ "letsencrypt", "2026-12-15T00:00:00Z", NULL }, { "buypass", "2025-10-15T00:00:00Z", "authority-ended" },
		{ "buypass", "2025-10-14T23:59:59Z", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct evidence *e = evidence_new();
		struct verdict *v = verdict_new();

		assert_int_equal(clock_parse(rows[i].at, &e->at_ms), 0);
		if (i < 2)
			evidence_add_perspective(e);
		judge_calendar(e, authorities_find(authorities, rows[i].authority), v);
		assert_int_equal(v->finding_count, rows[i].code ? 1 : 0);
		if (rows[i].code)
			assert_string_equal(v->findings[0].code, rows[i].code);
		assert_int_equal(v->result == VERDICT_FAIL, rows[i].code && strcmp(rows[i].code, "authority-ended") == 0);
		if (i == 0)
			assert_string_equal(v->findings[0].text, "From 2026-12-15 on, Let's Encrypt asks from 5 remote perspectives, and not from 4 as now; configure as many (perspectives.peers)");
		verdict_free(v);
		evidence_free(e);
	}
}

static void a_change_that_a_check_does_not_depend_on_is_not_told(void **state)
{
	struct evidence *e = evidence_new();
	struct verdict *v = verdict_new();

	(void)state;
	assert_int_equal(clock_parse("2026-11-25T00:00:00Z", &e->at_ms), 0);
	judge_calendar(e, authorities_find(authorities, "letsencrypt"), v);
	assert_int_equal(v->finding_count, 0);
	verdict_free(v);
	evidence_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_that_a_check_does_not_depend_on_is_not_told),
		cmocka_unit_test(a_rule_that_changes_within_30_days_is_told_and_an_ended_authority_fails),
		cmocka_unit_test(nothing_that_was_not_looked_at_passes),
		cmocka_unit_test(an_unknown_type_never_passes),
		cmocka_unit_test(the_name_is_refused_before_anything_else),
		cmocka_unit_test(a_wrong_value_outweighs_what_caa_says),
		cmocka_unit_test(caa_denies_after_a_validation_that_passes),
		cmocka_unit_test(a_server_that_lacks_the_value_is_flaky_and_a_denial_on_top_is_a_failure),
		cmocka_unit_test(errors_come_first_then_warnings_then_notes),
		cmocka_unit_test(what_passes_is_told_with_the_looks),
		cmocka_unit_test(the_same_evidence_gives_the_same_verdict_after_a_replay),
		cmocka_unit_test(each_of_the_facts_of_a_pass_is_needed),
	};

	return cmocka_run_group_tests(tests, load_authorities, free_authorities);
}
