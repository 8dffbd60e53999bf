#include "solver/engine/hold.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/engine/entry.h"

static struct hold *new_hold(struct entry *n)
{
	struct hold *last = &n->hold, *h;

	if (!last->order)
		return last;
	while (last->entry_next)
		last = last->entry_next;
	h = last->entry_next = mem_new(1, sizeof(*h));
	n->e->shared++;
	return h;
}

void hold_add(struct order_entry *order, struct entry *n)
{
	struct hold *h = new_hold(n);

	h->entry = n;
	h->order = order;
	if (order->last)
		order->last->order_next = h;
	else
		order->first = h;
	order->last = h;
	order->count++;
}

/* In the list of its order, `by` (or NULL: what follows) takes its place. */
static void replace(struct order_entry *order, struct hold *h, struct hold *by)
{
	struct hold **at = &order->first, *before = NULL;

	while (*at != h) {
		before = *at;
		at = &before->order_next;
	}
	*at = by ? by : h->order_next;
	if (order->last == h)
		order->last = by ? by : before;
}

/* The first hold lies in the entry itself: the second one moves there. */
static void move_second(struct entry *n)
{
	struct hold *second = n->hold.entry_next;

	n->hold = (struct hold){ 0 };
	if (!second)
		return;
	replace(second->order, second, &n->hold);
	n->hold = *second;
	memcpy(n->c.order_id, n->hold.order->o.id, ID_SIZE);
	n->e->shared--;
	free(second);
}

void hold_drop(struct order_entry *order, struct entry *n)
{
	struct hold *h = &n->hold, *before = NULL;

	while (h->order != order) {
		before = h;
		h = h->entry_next;
	}
	replace(order, h, NULL);
	order->count--;
	if (!before) {
		move_second(n);
		return;
	}
	before->entry_next = h->entry_next;
	n->e->shared--;
	free(h);
}

bool hold_is(const struct order_entry *order, const struct entry *n)
{
	for (const struct hold *h = &n->hold; h; h = h->entry_next)
		if (h->order == order)
			return true;
	return false;
}

bool order_let_go(const struct order_entry *order)
{
	return order->o.share && order->o.share->let_go_ms;
}

struct order_entry *holder_of(const struct entry *n, const struct order_entry *but)
{
	for (const struct hold *h = &n->hold; h; h = h->entry_next)
		if (h->order && h->order != but && !order_let_go(h->order))
			return h->order;
	return NULL;
}
