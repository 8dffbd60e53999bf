/* Orders and challenges in memory: added, found, freed. */
#include <stdlib.h>
#include <string.h>

#include "solver/base/buf.h"
#include "solver/base/hash.h"
#include "solver/base/mem.h"
#include "solver/engine/due.h"
#include "solver/engine/entry.h"
#include "solver/engine/names.h"
#include "solver/engine/twins.h"

struct order_entry *order_add(struct engine *e, const struct order *o)
{
	struct order_entry *order = mem_new(1, sizeof(*order));

	order->o = *o;
	HASH_ADD_STR(e->orders, o.id, order);
	return order;
}

struct order_entry *order_find(struct engine *e, const char *id)
{
	struct order_entry *order;

	HASH_FIND_STR(e->orders, id, order);
	return order;
}

void order_free(struct engine *e, struct order_entry *order)
{
	timer_stop(order->due);
	HASH_DEL(e->orders, order);
	order_done(&order->o);
	free(order);
}

void order_drop(struct engine *e, struct order_entry *order)
{
	while (order->first)
		hold_drop(order, order->first->entry);
	order_free(e, order);
}

static char *list_of(const struct order_entry *order)
{
	struct buf list = BUF_INIT(ORDER_MAX * (ID_SIZE + 1));

	for (const struct hold *h = order->first; h; h = h->order_next)
		buf_printf(&list, "%s\n", h->entry->c.id);
	return buf_take(&list);
}

void order_put(struct store_txn *t, const struct order_entry *order)
{
	struct order o = order->o;
	struct order_share share;
	CLEANUP(mem_freep) char *list = NULL;

	if (o.share) {
		share = *o.share;
		share.challenges = list = list_of(order);
		o.share = &share;
	}
	store_put_order(t, &o);
}

static bool has_id(const void *entry, const void *id)
{
	return strcmp(((const struct entry *)entry)->c.id, id) == 0;
}

struct entry *entry_find(struct engine *e, const char *id)
{
	return index_find(&e->by_id, hash_text(hash_begin(), id), has_id, id);
}

struct entry *entry_add(struct engine *e, const struct challenge *c)
{
	struct entry *n = mem_new(1, sizeof(*n));

	n->e = e;
	n->c = *c;
	due_deadline(e, n);
	if (c->state != CHALLENGE_READY && !challenge_is_over(c->state))
		delivery_begin(&n->publication);
	index_add(&e->by_id, hash_text(hash_begin(), n->c.id), n);
	DL_PREPEND(e->entries, n);
	names_add(e, n);
	e->numbers.live[n->c.type][n->c.state]++;
	if (!challenge_is_over(n->c.state))
		e->live++;
	if (n->c.state < CHALLENGE_WITHDRAWING)
		twin_add(e, n);
	return n;
}

void entry_free(struct engine *e, struct entry *n)
{
	struct order_entry *order;

	timer_stop(n->life.due);
	delivery_end(&n->publication);
	twin_forget(e, n);
	names_forget(e, n);
	if (!challenge_is_over(n->c.state))
		e->live--;
	e->numbers.live[n->c.type][n->c.state]--;
	index_remove(&e->by_id, hash_text(hash_begin(), n->c.id), n);
	DL_DELETE(e->entries, n);
	while ((order = n->hold.order)) {
		hold_drop(order, n);
		if (!order->count)
			order_free(e, order);
	}
	challenge_done(&n->c);
	free(n);
}

void history_drop(struct entry *n)
{
	for (size_t i = 0; i < n->c.event_count; i++)
		free(n->c.events[i].text);
	free(n->c.events);
	n->c.events = NULL;
	n->c.event_count = 0;
	mem_replace(&n->c.verdict, NULL);
	n->life.history_on_disk = true;
}
