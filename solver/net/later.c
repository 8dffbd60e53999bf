#include "solver/net/later.h"

#include <stdlib.h>
#include <utlist.h>

#include "solver/base/mem.h"

struct later {
	struct laters *all;
	struct timer *timer;
	void (*fn)(void *arg);
	void *arg;
	struct later *prev, *next;
};

static void fired(void *arg)
{
	struct later *l = arg, copy = *l;

	DL_DELETE(l->all->list, l);
	free(l);
	copy.fn(copy.arg);
}

void later(struct laters *all, int64_t ms, void (*fn)(void *arg), void *arg)
{
	struct later *l = mem_new(1, sizeof(*l));

	*l = (struct later){ .all = all, .fn = fn, .arg = arg };
	DL_APPEND(all->list, l);
	l->timer = timer_start(all->loop, ms, fired, l);
}

void laters_end(struct laters *all)
{
	while (all->list) {
		timer_stop(all->list->timer);
		fired(all->list);
	}
}
