/* Things the checker does later that nobody holds a timer for. At the end each is still called once, with
 * `closing` set, so that it frees what it holds. */
#include <stdlib.h>

#include "solver/base/mem.h"
#include "solver/check/internal.h"

struct later {
	struct checker *c;
	struct timer *timer;
	void (*fn)(void *arg);
	void *arg;
	struct later *prev, *next;
};

static void call(struct later *l)
{
	struct later copy = *l;

	DL_DELETE(l->c->laters, l);
	free(l);
	copy.fn(copy.arg);
}

static void fired(void *arg)
{
	call(arg);
}

void checker_later(struct checker *c, int64_t ms, void (*fn)(void *arg), void *arg)
{
	struct later *l = mem_new(1, sizeof(*l));

	*l = (struct later){ .c = c, .fn = fn, .arg = arg };
	DL_APPEND(c->laters, l);
	l->timer = timer_start(c->parts.loop, ms, fired, l);
}

void checker_laters_end(struct checker *c)
{
	while (c->laters) {
		timer_stop(c->laters->timer);
		call(c->laters);
	}
}
