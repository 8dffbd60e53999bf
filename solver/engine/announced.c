/* The front door that announces an order keeps the result with the order, so that a restart goes on. */
#include "solver/base/mem.h"
#include "solver/engine/internal.h"

int engine_order_announced(struct engine *e, const char *order_id, const char *result_json, bool settled)
{
	struct order_entry *order;
	struct store_txn *t;

	HASH_FIND_STR(e->orders, order_id, order);
	if (!order)
		return ERR_NOT_FOUND;
	mem_replace(&order->o.callback_result, result_json);
	order->o.announced = settled;
	t = store_begin(e->parts.store);
	store_put_order(t, &order->o);
	store_commit(t, NULL, NULL);
	return 0;
}
