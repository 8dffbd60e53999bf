#include "solver/verdict/judge.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"

typedef void (*stage_fn)(const struct evidence *e, const struct authority *a, struct verdict *v);

static const struct { const char *type; stage_fn judge; } types[] = {
	{ "dns-01", judge_dns },
	{ "dns-account-01", judge_dns },
	{ "dns-persist-01", judge_persist },
	{ "http-01", judge_http },
	{ "tls-alpn-01", judge_tls_alpn },
};

static struct verdict *verdict_of(const struct evidence *e)
{
	struct verdict *v = verdict_new();

	v->identifier = mem_dup(e->identifier);
	v->type = mem_dup(e->type);
	v->authority = mem_dup(e->authority);
	v->wildcard = e->wildcard;
	v->zone = mem_dup(e->written_zone);
	v->fqdn = mem_dup(e->written_fqdn ? e->written_fqdn : e->fqdn);
	v->at_ms = e->at_ms;
	return v;
}

static bool validation_is_decided(const struct verdict *v)
{
	return v->detail && (v->result == VERDICT_FAIL || v->stage == STAGE_LOOKUP || v->stage == STAGE_VALIDATION);
}

/* A value was expected, but no server was asked for it: that must never pass. */
static void judge_type(const struct evidence *e, const struct authority *a, struct verdict *v)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (strcmp(types[i].type, e->type) == 0)
			types[i].judge(e, a, v);
	if (e->expected && !validation_is_decided(v))
		verdict_decide(v, VERDICT_UNKNOWN, STAGE_VALIDATION, PROBLEM_NONE,
		               mem_printf("Nobody was asked for the answer to %s", e->type));
}

/* ---- the order of findings: the first one is to be fixed first ---- */

struct place {
	int severity, decides, general, stage;
	size_t index; /* as found: each stage finds the likeliest cause first */
};

static bool is_one_of(const char *const *codes, const char *code)
{
	for (; *codes; codes++)
		if (strcmp(*codes, code) == 0)
			return true;
	return false;
}

/* Some findings only say that something failed: those that say why come first. Others are the cause of the remaining findings. */
static int rank_of(const char *code)
{
	static const char *const causes[] = { "host-family", "host-local", "addresses-differ", NULL };
	static const char *const general[] = { "txt-missing", "address-missing", "lookup-failed", "only-direct", NULL };

	return is_one_of(causes, code) ? -1 : is_one_of(general, code);
}

/* A fault in an answer also appears as a failed look-up. */
static enum verdict_stage part_of(enum verdict_stage stage)
{
	return stage == STAGE_VALIDATION ? STAGE_LOOKUP : stage;
}

static struct place place_of(const struct verdict *v, size_t i)
{
	const struct finding *f = &v->findings[i];

	return (struct place){ (int)f->severity, part_of(f->stage) == part_of(v->stage) ? 0 : 1, rank_of(f->code), (int)f->stage, i };
}

static bool is_before(const struct place *a, const struct place *b)
{
	if (a->severity != b->severity)
		return a->severity < b->severity;
	if (a->decides != b->decides)
		return a->decides < b->decides;
	if (a->general != b->general)
		return a->general < b->general;
	if (a->stage != b->stage)
		return a->stage < b->stage;
	return a->index < b->index;
}

/* By insertion: they are few, and of the same rank in the order in which they were found. */
static void sort_findings(struct verdict *v)
{
	struct place places[FINDINGS_MAX];
	struct finding sorted[FINDINGS_MAX];

	for (size_t i = 0; i < v->finding_count; i++) {
		struct place p = place_of(v, i);
		size_t at = i;

		for (; at > 0 && is_before(&p, &places[at - 1]); at--)
			places[at] = places[at - 1];
		places[at] = p;
	}
	for (size_t i = 0; i < v->finding_count; i++)
		sorted[i] = v->findings[places[i].index];
	memcpy(v->findings, sorted, v->finding_count * sizeof(sorted[0]));
}

struct verdict *judge(const struct evidence *e, const struct authority *a)
{
	struct verdict *v = verdict_of(e);
	struct authority own;

	a = authority_at(a, e->at_ms);
	judge_calendar(e, a, v);
	own = authority_for_own(a);
	if (e->own_zone)
		a = &own;
	judge_identifier(e, a, v);
	judge_cuts(e, a, v); /* why servers differ, before what differs */
	judge_type(e, a, v);
	judge_delegation(e, a, v);
	judge_dnssec(e, a, v);
	judge_caa(e, a, v);
	judge_host(e, a, v);
	judge_perspectives(e, a, v);
	judge_budget(e, a, v);
	sort_findings(v);
	return v;
}
