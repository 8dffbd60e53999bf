#include "solver/engine/kept.h"

#include <stdlib.h>

#include "solver/base/mem.h"
#include "solver/engine/entry.h"

struct kept_wait {
	enum challenge_state state;
	kept_fn fn;
	void *arg;
	struct kept_wait *next;
};

void kept_wait(struct entry *n, enum challenge_state state, kept_fn fn, void *arg)
{
	struct kept_wait *w = mem_new(1, sizeof(*w));

	*w = (struct kept_wait){ state, fn, arg, NULL };
	LL_APPEND(n->life.waits, w);
}

void kept_tell(struct entry *n, enum challenge_state written, const struct err *err)
{
	struct kept_wait *w, *tmp;

	LL_FOREACH_SAFE(n->life.waits, w, tmp) {
		if (written < w->state)
			continue;
		LL_DELETE(n->life.waits, w);
		w->fn(err, w->arg);
		free(w);
	}
}
