/* The front door that announces an order keeps the result with the order, so that a restart goes on: without it, a receiver that has
 * answered already would be called once more. */
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/engine/entry.h"
#include "solver/engine/journal.h"

struct result {
	struct engine *e;
	char order_id[ID_SIZE];
};

/* The newest result, also when this is a repetition; nothing when the order was forgotten meanwhile. */
static void fill(struct store_txn *t, void *arg)
{
	struct result *r = arg;
	struct order_entry *order = order_find(r->e, r->order_id);

	if (order)
		order_put(t, order);
}

static void on_over(bool kept, void *arg)
{
	(void)kept;
	free(arg);
}

int engine_order_announced(struct engine *e, const char *order_id, const char *result_json, bool settled)
{
	struct order_entry *order = order_find(e, order_id);
	struct result *r;

	if (!order)
		return ERR_NOT_FOUND;
	mem_replace(&order->o.callback_result, result_json);
	order->o.announced = settled;
	r = mem_new(1, sizeof(*r));
	r->e = e;
	memcpy(r->order_id, order->o.id, ID_SIZE);
	journal_write(e, &(struct journal_write){ fill, NULL, on_over, r });
	return 0;
}
