/* The front door that announces an order keeps the result with the order, so that a restart goes on. */
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/engine/internal.h"

struct result {
	struct engine *e;
	char order_id[ID_SIZE];
};

static void keep(void *arg);

/* Without it, a restart would call a receiver once more that has answered already. */
static void on_kept(int code, const struct err *err, void *arg)
{
	struct result *r = arg;

	(void)err;
	if (code < 0 && !r->e->closing)
		later(&r->e->laters, JOURNAL_RETRY_MS, keep, r);
	else
		free(r);
}

/* The newest result, also when this is a repetition. */
static void keep(void *arg)
{
	struct result *r = arg;
	struct order_entry *order;
	struct store_txn *t;

	HASH_FIND_STR(r->e->orders, r->order_id, order);
	if (!order || r->e->closing) {
		free(r);
		return;
	}
	t = store_begin(r->e->parts.store);
	store_put_order(t, &order->o);
	store_commit(t, on_kept, r);
}

int engine_order_announced(struct engine *e, const char *order_id, const char *result_json, bool settled)
{
	struct order_entry *order;
	struct result *r;

	HASH_FIND_STR(e->orders, order_id, order);
	if (!order)
		return ERR_NOT_FOUND;
	mem_replace(&order->o.callback_result, result_json);
	order->o.announced = settled;
	r = mem_new(1, sizeof(*r));
	r->e = e;
	memcpy(r->order_id, order->o.id, ID_SIZE);
	keep(r);
	return 0;
}
