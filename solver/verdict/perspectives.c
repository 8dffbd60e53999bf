/* The results of remote perspectives, and the quorum of the Baseline Requirements (3.2.2.9): one of two to five remotes may fail, two of six
 * or more, and those that agree are in the regions of at least two registries. A perspective that did not finish counts as not agreeing. */
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/verdict/judge.h"

#define REGIONS_MIN 2

struct quorum {
	const char *check; /* "dcv" or "caa" */
	size_t remotes, passed, failed, unfinished;
	size_t regions, passed_regions;
	const struct ev_perspective *first_failure;
};

static size_t allowed_failures(size_t remotes)
{
	return remotes >= 6 ? 2 : remotes >= 2 ? 1 : 0;
}

static bool counts(const struct ev_perspective *p, const char *check, bool only_passed)
{
	return p->check && strcmp(p->check, check) == 0 && (!only_passed || (p->completed && p->passed));
}

static size_t regions(const struct evidence *e, const char *check, bool only_passed)
{
	size_t n = 0;

	for (size_t i = 0; i < e->perspective_count; i++) {
		const struct ev_perspective *p = &e->perspectives[i];
		bool first = p->rir && counts(p, check, only_passed);

		for (size_t k = 0; first && k < i; k++)
			first = !(counts(&e->perspectives[k], check, only_passed) && e->perspectives[k].rir && strcmp(e->perspectives[k].rir, p->rir) == 0);
		n += first;
	}
	return n;
}

static struct quorum count(const struct evidence *e, const char *check)
{
	struct quorum q = { .check = check };

	for (size_t i = 0; i < e->perspective_count; i++) {
		const struct ev_perspective *p = &e->perspectives[i];
		bool failed = p->completed && !p->passed;

		if (!counts(p, check, false))
			continue;
		q.remotes++;
		q.passed += p->completed && p->passed;
		q.unfinished += !p->completed;
		q.failed += failed;
		if (failed && !q.first_failure)
			q.first_failure = p;
	}
	q.regions = regions(e, check, false);
	q.passed_regions = regions(e, check, true);
	return q;
}

static enum problem_type problem_of(const struct ev_perspective *p)
{
	const char *name = p->problem ? strrchr(p->problem, ':') : NULL;

	name = name ? name + 1 : p->problem;
	for (int type = PROBLEM_NONE + 1; name && type < PROBLEM_TYPES; type++)
		if (strcmp(problem_type_name((enum problem_type)type), name) == 0)
			return (enum problem_type)type;
	return strcmp(p->check, "caa") == 0 ? PROBLEM_CAA : PROBLEM_UNAUTHORIZED;
}

/* Each perspective that does not agree; an error where that decides. */
static const char differs[] = "Answer alike for the whole world: look for a block by country or network, and for name servers that differ by region";
static const char nowhere_seen[] = "Publish the answer for the whole world, not only in a view for inside, and keep it until the authority has finished";

/* All other perspectives agree with each other and not with this host: this host is the exception, or the answer was removed meanwhile. */
static bool everywhere(const struct quorum *q)
{
	return q->failed == q->remotes && strcmp(q->check, "dcv") == 0;
}

static void report(const struct evidence *e, const struct quorum *q, struct verdict *v)
{
	bool decides = q->failed > allowed_failures(q->remotes);

	for (size_t i = 0; i < e->perspective_count; i++) {
		const struct ev_perspective *p = &e->perspectives[i];

		if (!counts(p, q->check, false) || (p->completed && p->passed))
			continue;
		if (!p->completed)
			verdict_add_finding(v, FINDING_WARNING, STAGE_PERSPECTIVES, "perspective-unfinished",
			                    mem_printf("the perspective %s did not finish (%s)", p->code ? p->code : "-", q->check), NULL);
		else
			verdict_add_finding(v, decides ? FINDING_ERROR : FINDING_WARNING, STAGE_PERSPECTIVES, "perspective-differs",
			                    mem_printf("the perspective %s (%s) says no: %s", p->code ? p->code : "-", p->rir ? p->rir : "-",
			                               p->detail ? p->detail : q->check),
			                    mem_dup(everywhere(q) ? nowhere_seen : differs));
	}
}

static void decide_failure(const struct quorum *q, enum verdict_result result, struct verdict *v)
{
	const char *detail = q->first_failure->detail ? q->first_failure->detail : "a perspective elsewhere says no";

	verdict_decide(v, result, STAGE_PERSPECTIVES, problem_of(q->first_failure), mem_printf("During secondary validation: %s", detail));
}

static void decide(const struct quorum *q, struct verdict *v)
{
	size_t allowed = allowed_failures(q->remotes);

	if (q->remotes == 1 && q->failed)
		decide_failure(q, VERDICT_FLAKY, v); /* the authority has other perspectives */
	else if (q->failed > allowed)
		decide_failure(q, VERDICT_FAIL, v);
	else if (q->passed + allowed < q->remotes)
		verdict_decide(v, VERDICT_UNKNOWN, STAGE_PERSPECTIVES, PROBLEM_NONE,
		               mem_printf("%zu of %zu perspectives did not finish", q->unfinished, q->remotes));
	else if (q->failed && q->regions >= REGIONS_MIN && q->passed_regions < REGIONS_MIN)
		decide_failure(q, VERDICT_FLAKY, v);
	else if (q->remotes > 1 && q->passed_regions < REGIONS_MIN)
		verdict_decide(v, VERDICT_UNKNOWN, STAGE_PERSPECTIVES, PROBLEM_NONE,
		               mem_printf("the perspectives that agree are all in one region; an authority needs %d", REGIONS_MIN));
	else
		verdict_decide(v, VERDICT_PASS, STAGE_PERSPECTIVES, PROBLEM_NONE,
		               v->detail ? NULL : mem_printf("%zu of %zu perspectives agree", q->passed, q->remotes));
}

static void judge_check(const struct evidence *e, const struct authority *a, const char *check, struct verdict *v)
{
	struct quorum q = count(e, check);

	if (!q.remotes)
		return;
	report(e, &q, v);
	verdict_add_finding(v, FINDING_NOTE, STAGE_PERSPECTIVES, "perspectives",
	                    mem_printf("%zu of %zu perspectives agree (%s); the authority has %lld", q.passed, q.remotes, check, (long long)a->perspectives), NULL);
	decide(&q, v);
}

/* In the authority's order: all for control, then all for CAA. */
void judge_perspectives(const struct evidence *e, const struct authority *a, struct verdict *v)
{
	judge_check(e, a, "dcv", v);
	judge_check(e, a, "caa", v);
}
