#include "solver/engine/slot.h"

#include "solver/engine/entry.h"

#define CHECKS_AT_ONCE 256

static void take(struct check_slot *s)
{
	s->state = SLOT_TAKEN;
	s->e->check_limit.taken++;
	s->go(s->arg);
}

void check_slot_enter(struct engine *e, struct check_slot *s, void (*go)(void *arg), void *arg)
{
	*s = (struct check_slot){ .e = e, .go = go, .arg = arg };
	if (e->check_limit.taken < CHECKS_AT_ONCE) {
		take(s);
		return;
	}
	s->state = SLOT_WAITS;
	DL_APPEND(e->check_limit.waiting, s);
}

void check_slot_leave(struct check_slot *s)
{
	struct engine *e = s->e;
	struct check_slot *next;

	if (s->state == SLOT_WAITS)
		DL_DELETE(e->check_limit.waiting, s);
	if (s->state == SLOT_TAKEN)
		e->check_limit.taken--;
	s->state = SLOT_NONE;
	while (e && !e->closing && (next = e->check_limit.waiting) && e->check_limit.taken < CHECKS_AT_ONCE) {
		DL_DELETE(e->check_limit.waiting, next);
		take(next);
	}
}
