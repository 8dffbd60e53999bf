/* Things the engine does later that nobody holds a timer for. At the end each is still called once, with
 * `closing` set, so that it frees what it holds. */
#include <stdlib.h>

#include "solver/base/mem.h"
#include "solver/engine/internal.h"

struct later {
	struct engine *e;
	struct timer *timer;
	void (*fn)(void *arg);
	void *arg;
	struct later *prev, *next;
};

static void call(struct later *l)
{
	struct later copy = *l;

	DL_DELETE(l->e->laters, l);
	free(l);
	copy.fn(copy.arg);
}

static void fired(void *arg)
{
	call(arg);
}

void later(struct engine *e, int64_t ms, void (*fn)(void *arg), void *arg)
{
	struct later *l = mem_new(1, sizeof(*l));

	*l = (struct later){ .e = e, .fn = fn, .arg = arg };
	DL_APPEND(e->laters, l);
	l->timer = timer_start(e->parts.loop, ms, fired, l);
}

void laters_end(struct engine *e)
{
	while (e->laters) {
		timer_stop(e->laters->timer);
		call(e->laters);
	}
}
