/* How many checks run at once: ten thousand names may come together, and each check asks a dozen questions of its own. */
#include "solver/engine/internal.h"

#define CHECKS_AT_ONCE 256

void gate_enter(struct engine *e, struct ticket *t, void (*go)(void *arg), void *arg)
{
	*t = (struct ticket){ .e = e, .go = go, .arg = arg };
	if (e->checks < CHECKS_AT_ONCE) {
		t->inside = true;
		e->checks++;
		go(arg);
		return;
	}
	t->waits = true;
	DL_APPEND(e->gate, t);
}

void gate_leave(struct ticket *t)
{
	struct engine *e = t->e;
	struct ticket *next;

	if (t->waits)
		DL_DELETE(e->gate, t);
	if (t->inside)
		e->checks--;
	t->waits = t->inside = false;
	while (e && !e->closing && (next = e->gate) && e->checks < CHECKS_AT_ONCE) {
		DL_DELETE(e->gate, next);
		next->waits = false;
		next->inside = true;
		e->checks++;
		next->go(next->arg);
	}
}
