/* How many failures the authority still allows: in an hour, in a row, and how long caches keep a failed answer. */
#include <stdlib.h>

#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/verdict/judge.h"

struct allowance {
	int64_t used, limit;
	const char *code;
	const char *what; /* "in the last hour" */
};

static char *retry_sentence(const struct evidence *e, const char *lead)
{
	char at[CLOCK_TEXT_SIZE];

	clock_text(e->at_ms + e->budget.wait_ms, at);
	return mem_printf("%sTry again after %s", lead, at);
}

/* Whether it is used up. */
static bool judge_allowance(const struct evidence *e, const struct allowance *b, struct verdict *v)
{
	char at[CLOCK_TEXT_SIZE];

	if (b->limit <= 0 || b->used < b->limit - 1)
		return false;
	if (b->used < b->limit) {
		verdict_add_finding(v, FINDING_WARNING, STAGE_BUDGET, b->code,
		                    mem_printf("%lld of %lld failures %s are used for %s: one more, and the authority refuses orders", (long long)b->used,
		                               (long long)b->limit, b->what, e->identifier),
		                    mem_dup("Mend everything else first: the next failure is the last for now"));
		return false;
	}
	clock_text(e->at_ms + e->budget.wait_ms, at);
	verdict_add_finding(v, FINDING_ERROR, STAGE_BUDGET, b->code,
	                    mem_printf("%lld failures %s for %s, and %lld are allowed", (long long)b->used, b->what, e->identifier, (long long)b->limit),
	                    retry_sentence(e, ""));
	verdict_decide(v, VERDICT_FAIL, STAGE_BUDGET, PROBLEM_RATE_LIMITED,
	               mem_printf("too many failed authorizations (%lld) for \"%s\" %s, retry after %s", (long long)b->limit, e->identifier, b->what, at));
	return true;
}

void judge_budget(const struct evidence *e, const struct authority *a, struct verdict *v)
{
	const struct ev_budget *b = &e->budget;
	struct allowance hourly = { b->failures, b->failures_limit ? b->failures_limit : a->failures_per_hour, "failures-hour", "in the last hour" };
	struct allowance row = { b->consecutive, b->consecutive_limit ? b->consecutive_limit : a->failures_consecutive, "failures-row", "in a row" };
	bool used_up;

	if (!b->known)
		return;
	used_up = judge_allowance(e, &hourly, v);
	used_up = judge_allowance(e, &row, v) || used_up;
	if (used_up)
		return;
	if (b->wait_ms > 0)
		verdict_add_finding(v, FINDING_NOTE, STAGE_BUDGET, "caches",
		                    retry_sentence(e, "A failed attempt is remembered by the caches of the authority. "), NULL);
	verdict_decide(v, VERDICT_PASS, STAGE_BUDGET, PROBLEM_NONE, v->detail ? NULL : mem_dup("Failures are within the limits of the authority"));
}
