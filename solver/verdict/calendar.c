/* Dates of the authority: whether it has ended, or changes a rule soon. */
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/verdict/judge.h"
#include "solver/verdict/network/lookup.h"

#define SOON_MS (30LL * 24 * 3600 * 1000)

/* ---- the changes that shipped profiles know, each where this check depends on it ---- */

static bool caa_says(const struct evidence *e, const char *word)
{
	for (size_t i = 0; i < e->answer_count; i++)
		for (size_t k = 0; e->answers[i].type == TYPE_CAA && k < e->answers[i].record_count; k++)
			if (e->answers[i].records[k].data && strcasestr(e->answers[i].records[k].data, word))
				return true;
	return false;
}

static void note(struct verdict *v, char *text)
{
	verdict_add_finding(v, FINDING_NOTE, STAGE_IDENTIFIER, "authority-changes", text, NULL);
}

static void note_perspectives(const struct evidence *e, const struct authority *now, const struct authority_day *d, struct verdict *v)
{
	if (e->perspective_count)
		note(v, mem_printf("From %s on, %s asks from %lld remote perspectives, and not from %lld as now; configure as many (perspectives.peers)", d->day,
		                   now->title, (long long)d->then->perspectives, (long long)now->perspectives));
}

static void note_parameters(const struct evidence *e, const struct authority *now, const struct authority_day *d, struct verdict *v)
{
	if (caa_says(e, "accounturi") || caa_says(e, "validationmethods"))
		note(v, mem_printf("From %s on, it is %s that %s heeds accounturi and validationmethods in CAA records (RFC 8657)", d->day,
		                   d->then->caa_parameters == KNOWN_YES ? "certain" : "not certain", now->title));
}

static void note_aliases(const struct evidence *e, const struct authority *now, const struct authority_day *d, struct verdict *v)
{
	if (caa_says(e, "ca-tbr-"))
		note(v, mem_printf("From %s on, %s may read the method names \"ca-tbr-…\" in CAA records otherwise than now", d->day, now->title));
}

static void note_day(const struct evidence *e, const struct authority *now, const struct authority_day *d, struct verdict *v)
{
	const struct authority *then = d->then;
	bool perspectives = then->perspectives != now->perspectives, parameters = then->caa_parameters != now->caa_parameters;
	bool aliases = then->method_aliases != now->method_aliases;

	if (perspectives)
		note_perspectives(e, now, d, v);
	if (parameters)
		note_parameters(e, now, d, v);
	if (aliases)
		note_aliases(e, now, d, v);
	if (!perspectives && !parameters && !aliases)
		note(v, mem_printf("From %s on, %s has other rules: %s", d->day, now->title, d->what));
}

static void note_days(const struct evidence *e, const struct authority *a, struct verdict *v)
{
	for (size_t i = 0; i < a->day_count; i++) {
		const struct authority_day *d = &a->days[i];

		if (d->from_ms > e->at_ms && d->from_ms - e->at_ms <= SOON_MS)
			note_day(e, authority_at(a, e->at_ms), d, v);
	}
}

void judge_calendar(const struct evidence *e, const struct authority *a, struct verdict *v)
{
	note_days(e, a->undated ? a->undated : a, v);
	if (!authority_has_ended(a, e->at_ms))
		return;
	verdict_add_finding(v, FINDING_ERROR, STAGE_IDENTIFIER, "authority-ended", mem_printf("%s issues nothing since %s.", a->title, a->ended),
	                    mem_printf("Choose another authority than %s (check.authority, or authority: of the route)", a->name));
	verdict_decide(v, VERDICT_FAIL, STAGE_IDENTIFIER, PROBLEM_SERVER_INTERNAL, mem_printf("%s issues nothing since %s", a->title, a->ended));
}
