#include "tests/unit/verdict/world.h"

/* One letter a perspective: "+" passed, "-" failed, "?" did not finish; the region is the letter behind it. */
static struct evidence *seen_by(const char *check, const char *all)
{
	struct evidence *e = world_evidence("dns-01");

	for (; all[0] && all[1]; all += 2) {
		struct ev_perspective *p = evidence_add_perspective(e);

		p->code = mem_printf("p%zu", e->perspective_count);
		p->rir = mem_dup_n(all + 1, 1);
		p->check = mem_dup(check);
		p->completed = all[0] != '?';
		p->passed = all[0] == '+';
		if (all[0] == '-') {
			p->problem = mem_dup("urn:ietf:params:acme:error:dns");
			p->detail = mem_dup("DNS problem: query timed out");
		}
	}
	return e;
}

static struct verdict *judged(struct evidence *e)
{
	struct verdict *v = verdict_new();

	judge_perspectives(e, world_authority("letsencrypt"), v);
	evidence_free(e);
	return v;
}

static const struct row {
	const char *all;
	enum verdict_result result;
} rows[] = {
	{ "+A+R+P", VERDICT_PASS }, { "+A+R-P", VERDICT_PASS }, { "+A-R-P", VERDICT_FAIL }, { "-A-R-P", VERDICT_FAIL },
	{ "+A+R+P+L-X", VERDICT_PASS }, { "+A+R+P-L-X", VERDICT_FAIL },
	{ "+A+R+P+L-X-A", VERDICT_PASS }, { "+A+R+P-L-X-A", VERDICT_FAIL },
	{ "+A+A+A", VERDICT_UNKNOWN }, { "+A+A-R", VERDICT_FLAKY }, { "+A+R?P", VERDICT_PASS }, { "+A?R?P", VERDICT_UNKNOWN },
	{ "?A?R", VERDICT_UNKNOWN }, { "+A-R?P", VERDICT_UNKNOWN }, { "+A", VERDICT_PASS }, { "-A", VERDICT_FLAKY }, { "?A", VERDICT_UNKNOWN },
	{ "+A-A+R-R+P+L", VERDICT_PASS },
};

static void the_quorum_is_that_of_the_baseline_requirements(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct verdict *v = judged(seen_by("dcv", rows[i].all));
		bool no = rows[i].result == VERDICT_FAIL || rows[i].result == VERDICT_FLAKY;

		world_expect(rows[i].all, v, rows[i].result, no ? PROBLEM_DNS : PROBLEM_NONE,
		             no ? "During secondary validation: DNS problem: query timed out" : NULL);
		verdict_free(v);
	}
}

static void what_fails_without_a_type_fails_by_its_check(void **state)
{
	struct evidence *e = seen_by("caa", "-A-R");
	struct verdict *v;

	(void)state;
	for (size_t i = 0; i < 2; i++)
		mem_replace(&e->perspectives[i].problem, NULL);
	v = judged(e);
	world_expect("caa", v, VERDICT_FAIL, PROBLEM_CAA, NULL);
	verdict_free(v);
}

static void without_perspectives_nothing_is_said(void **state)
{
	struct verdict *v = judged(world_evidence("dns-01"));

	(void)state;
	assert_null(v->detail);
	assert_int_equal(v->finding_count, 0);
	verdict_free(v);
}

static struct verdict *budgeted(int64_t failures, int64_t consecutive, int64_t wait_ms)
{
	struct evidence *e = world_evidence("dns-01");
	struct verdict *v = verdict_new();

	e->budget = (struct ev_budget){ .known = true, .failures = failures, .consecutive = consecutive, .wait_ms = wait_ms };
	judge_budget(e, world_authority("letsencrypt"), v);
	evidence_free(e);
	return v;
}

static void a_used_up_budget_is_a_refusal_with_the_moment_to_try_again(void **state)
{
	struct verdict *v = budgeted(5, 5, 720000);

	(void)state;
	world_expect("hour", v, VERDICT_FAIL, PROBLEM_RATE_LIMITED,
	             "too many failed authorizations (5) for \"" NAME "\" in the last hour, retry after 2026-11-21T14:32:00");
	verdict_free(v);
	v = budgeted(0, 1152, 0);
	world_expect("row", v, VERDICT_FAIL, PROBLEM_RATE_LIMITED, "in a row");
	verdict_free(v);
}

static void the_last_failure_that_is_allowed_is_a_warning(void **state)
{
	struct verdict *v = budgeted(4, 4, 0);

	(void)state;
	world_expect("one left", v, VERDICT_PASS, PROBLEM_NONE, NULL);
	assert_true(world_found(v, "failures-hour"));
	verdict_free(v);
	v = budgeted(3, 3, 45000);
	world_expect("two left", v, VERDICT_PASS, PROBLEM_NONE, NULL);
	assert_false(world_found(v, "failures-hour"));
	assert_true(world_found(v, "caches"));
	verdict_free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_quorum_is_that_of_the_baseline_requirements),
		cmocka_unit_test(what_fails_without_a_type_fails_by_its_check),
		cmocka_unit_test(without_perspectives_nothing_is_said),
		cmocka_unit_test(a_used_up_budget_is_a_refusal_with_the_moment_to_try_again),
		cmocka_unit_test(the_last_failure_that_is_allowed_is_a_warning),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);

	authorities_free(world_authorities());
	return rc;
}
