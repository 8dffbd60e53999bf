/* What a calendar says of the authority: it has ended, or one of its rules changes soon. */
#include <stdlib.h>

#include "solver/base/mem.h"
#include "solver/verdict/judge.h"

#define SOON_MS (30LL * 24 * 3600 * 1000)

static void note_days(const struct evidence *e, const struct authority *a, struct verdict *v)
{
	for (size_t i = 0; i < a->day_count; i++) {
		const struct authority_day *d = &a->days[i];

		if (d->from_ms > e->at_ms && d->from_ms - e->at_ms <= SOON_MS)
			verdict_find(v, FINDING_NOTE, STAGE_IDENTIFIER, "authority-changes",
			             mem_printf("From %s on %s: %s.", d->day, a->title, d->what), NULL);
	}
}

void judge_calendar(const struct evidence *e, const struct authority *a, struct verdict *v)
{
	note_days(e, a->undated ? a->undated : a, v);
	if (!authority_has_ended(a, e->at_ms))
		return;
	verdict_find(v, FINDING_ERROR, STAGE_IDENTIFIER, "authority-ended", mem_printf("%s issues nothing since %s.", a->title, a->ended),
	             mem_printf("Choose another authority than %s (check.authority, or authority: of the route)", a->name));
	verdict_decide(v, VERDICT_FAIL, STAGE_IDENTIFIER, PROBLEM_SERVER_INTERNAL, mem_printf("%s issues nothing since %s", a->title, a->ended));
}
