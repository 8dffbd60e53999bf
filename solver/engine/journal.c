#include "solver/engine/journal.h"

#include <stdlib.h>

#include "solver/base/mem.h"
#include "solver/engine/entry.h"

struct writing {
	struct engine *e;
	struct journal_write w;
};

static void try_again(void *arg);

static void end(struct writing *x, bool kept)
{
	x->w.over(kept, x->w.arg);
	free(x);
}

static void on_written(int code, const struct err *err, void *arg)
{
	struct writing *x = arg;

	if (code == 0) {
		end(x, true);
		return;
	}
	if (x->w.refused)
		x->w.refused(err, x->w.arg);
	if (x->e->closing)
		end(x, false);
	else
		later(&x->e->deferred, JOURNAL_RETRY_MS, try_again, x);
}

static void try(struct writing *x)
{
	struct store_txn *t = store_begin(x->e->parts.store);

	x->w.fill(t, x->w.arg);
	store_commit(t, on_written, x);
}

static void try_again(void *arg)
{
	struct writing *x = arg;

	if (x->e->closing)
		end(x, false);
	else
		try(x);
}

void journal_write(struct engine *e, const struct journal_write *w)
{
	struct writing *x = mem_new(1, sizeof(*x));

	*x = (struct writing){ e, *w };
	try(x);
}
