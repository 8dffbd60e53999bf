#include "solver/engine/learn.h"

#include <stdlib.h>

#include "solver/base/mem.h"
#include "solver/engine/entry.h"
#include "solver/engine/instance.h"

#define KEEP_EVERY_MS 10000 /* many become ready at once; the last ones count */

static void keep(struct engine *e, struct instance *i, struct store_txn *t)
{
	CLEANUP(mem_freep) char *key = mem_printf("delays:%s", i->name), *text = delays_text(&i->delays);

	store_set(t, key, text);
	i->delays_kept_ms = loop_now_ms(e->parts.loop);
	i->delays_changed = false;
}

void delays_keep(struct engine *e, struct instance *i)
{
	struct store_txn *t;

	i->delays_changed = true;
	if (i->delays_kept_ms && loop_now_ms(e->parts.loop) - i->delays_kept_ms < KEEP_EVERY_MS)
		return;
	t = store_begin(e->parts.store);
	keep(e, i, t);
	store_commit(t, NULL, NULL); /* refused: the next delay brings all of them again */
}

void delays_keep_all(struct engine *e)
{
	struct store_txn *t = store_begin(e->parts.store);
	struct instance *i;

	LL_FOREACH(e->instances, i)
		if (i->delays_changed && !i->retired)
			keep(e, i, t);
	store_commit(t, NULL, NULL);
}

void delays_load(struct engine *e, struct instance *i)
{
	CLEANUP(mem_freep) char *key = mem_printf("delays:%s", i->name), *text = NULL;
	struct err err;

	if (store_get_setting(e->parts.store, key, &text, &err) == 0)
		delays_read(text, &i->delays);
}
