#include "solver/engine/waiting.h"

#include <ctype.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/engine/entry.h"

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

void waiting_end(struct entry *n)
{
	mem_replace(&n->c.waiting_for, NULL);
	n->c.waiting_since_ms = 0;
}
