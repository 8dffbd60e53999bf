/* Why a challenge does not go on: the last reason that the outside gave, for everybody who asks while it waits. */
#include <ctype.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/engine/internal.h"

#define NOTES_MAX 8 /* events about reasons in one state: servers that contradict each other would fill the journal */

/* A duration, a serial or a number of tries does not make it another reason. */
static bool is_same_reason(const char *a, const char *b)
{
	for (;;) {
		while (isdigit((unsigned char)*a))
			a++;
		while (isdigit((unsigned char)*b))
			b++;
		if (*a != *b)
			return false;
		if (!*a)
			return true;
		a++;
		b++;
	}
}

bool waiting_set(struct engine *e, struct entry *n, const char *reason)
{
	bool same = n->c.waiting_for && is_same_reason(n->c.waiting_for, reason);

	if (!same)
		n->c.waiting_since_ms = loop_wall_ms(e->parts.loop);
	if (!n->c.waiting_for || strcmp(n->c.waiting_for, reason) != 0)
		mem_replace(&n->c.waiting_for, reason);
	return !same;
}

void waiting_note(struct engine *e, struct entry *n, const char *before, const char *reason)
{
	CLEANUP(mem_freep) char *sentence = NULL;

	if (!waiting_set(e, n, reason) || n->waiting_notes >= NOTES_MAX)
		return;
	n->waiting_notes++;
	sentence = mem_printf("%s: %s", before, reason);
	life_note(e, n, sentence);
}

void waiting_end(struct entry *n)
{
	mem_replace(&n->c.waiting_for, NULL);
	n->c.waiting_since_ms = 0;
}
