#include "solver/engine/share.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/engine/due.h"
#include "solver/engine/entry.h"
#include "solver/engine/journal.h"

static int64_t later_end(int64_t a, int64_t b)
{
	if (!a || !b)
		return 0; /* it does not end by itself */
	return a > b ? a : b;
}

static void share_add(struct order_entry *order, int64_t deadline_ms, int64_t expires_ms)
{
	struct order_share *s = order->o.share;

	if (!s) {
		order->o.share = mem_new(1, sizeof(*s));
		*order->o.share = (struct order_share){ .deadline_ms = deadline_ms, .expires_ms = expires_ms };
		return;
	}
	if (deadline_ms > s->deadline_ms)
		s->deadline_ms = deadline_ms;
	s->expires_ms = later_end(s->expires_ms, expires_ms);
}

void share_begin(struct order_entry *order, const struct challenge *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		share_add(order, list[i].deadline_ms, list[i].expires_ms);
}

/* What was that of its challenges becomes the order's own. */
static void keep_times(struct order_entry *order)
{
	if (order->o.share)
		return;
	for (const struct hold *h = order->first; h; h = h->order_next)
		share_add(order, h->entry->c.deadline_ms, h->entry->c.expires_ms);
	order->unwritten = true;
}

void share_extend(struct engine *e, struct entry *n, const struct challenge *asked)
{
	struct challenge *c = &n->c;
	bool pending = c->state < CHALLENGE_READY && asked->deadline_ms > c->deadline_ms;
	int64_t expires_ms = later_end(c->expires_ms, asked->expires_ms);

	if (!pending && expires_ms == c->expires_ms)
		return;
	for (struct hold *h = &n->hold; h; h = h->entry_next)
		keep_times(h->order);
	c->expires_ms = expires_ms;
	if (asked->within_ms > c->within_ms)
		c->within_ms = asked->within_ms;
	if (pending) {
		c->deadline_ms = asked->deadline_ms;
		due_deadline(e, n);
	}
	if (n->life.begun)
		life_due(e, n);
	for (struct hold *h = &n->hold; h; h = h->entry_next)
		share_schedule(e, h->order);
}

/* ---- into the journal ---- */

struct writing {
	struct engine *e;
	char order_id[ID_SIZE];
	void (*done)(const struct err *err, void *arg); /* NULL: nobody waits (any more) */
	void *arg;
};

/* Nothing when it was forgotten meanwhile. */
static void fill(struct store_txn *t, void *arg)
{
	struct writing *w = arg;
	struct order_entry *order = order_find(w->e, w->order_id);

	if (order)
		order_put(t, order);
}

static void tell(struct writing *w, const struct err *err)
{
	if (w->done)
		w->done(err, w->arg);
	w->done = NULL;
}

static void on_refused(const struct err *err, void *arg)
{
	tell(arg, err);
}

static void on_over(bool kept, void *arg)
{
	struct writing *w = arg;

	if (kept)
		tell(w, NULL);
	free(w);
}

void share_write(struct engine *e, struct order_entry *order, void (*done)(const struct err *err, void *arg), void *arg)
{
	struct writing *w = mem_new(1, sizeof(*w));

	*w = (struct writing){ .e = e, .done = done, .arg = arg };
	order->unwritten = false;
	memcpy(w->order_id, order->o.id, ID_SIZE);
	journal_write(e, &(struct journal_write){ fill, on_refused, on_over, w });
}

void share_let_go(struct engine *e, struct order_entry *order, void (*done)(const struct err *err, void *arg), void *arg)
{
	keep_times(order);
	if (!order->o.share->let_go_ms) {
		order->o.share->let_go_ms = loop_wall_ms(e->parts.loop);
		log_event(LOG_INFO, "the order was released; other orders still hold challenges of it", "order", order->o.id, "client", order->o.client, NULL);
	}
	share_schedule(e, order);
	share_write(e, order, done, arg);
}

/* ---- its own end ---- */

static bool was_ready(const struct entry *n)
{
	for (size_t i = 0; i < n->c.event_count; i++)
		if (n->c.events[i].state == CHALLENGE_READY)
			return true;
	return n->life.history_on_disk;
}

static bool awaits_deadline(const struct order_entry *order, const struct entry *n)
{
	return n->c.state < CHALLENGE_READY && !order->o.share->reason && !was_ready(n);
}

static bool is_late(struct engine *e, const struct order_entry *order, const struct entry *n)
{
	return awaits_deadline(order, n) && due_earlier_left(e, n, order->o.share->deadline_ms) == 0;
}

/* Until it asks for an end of the order; -1: it does not, or nobody can say before a wall clock is trusted. */
static int64_t left_of(struct engine *e, const struct order_entry *order, const struct entry *n)
{
	const struct order_share *s = order->o.share;
	int64_t expiry = s->expires_ms ? due_expiry_left(e, n, s->expires_ms) : -1, deadline;

	if (n->c.state >= CHALLENGE_WITHDRAWING)
		return -1;
	if (!awaits_deadline(order, n))
		return expiry;
	deadline = due_earlier_left(e, n, s->deadline_ms);
	return expiry < 0 || deadline < expiry ? deadline : expiry;
}

static void fail(struct engine *e, struct order_entry *order, struct entry *n)
{
	int64_t within_s = (order->o.share->deadline_ms - order->o.created_ms) / 1000;

	life_report(e, n);
	order->o.share->reason = mem_printf("deadline of the order passed after %" PRId64 " s: %s: %s", within_s, n->c.identifier,
	                                    n->c.waiting_for ? n->c.waiting_for : "it was not ready in time; it goes on for other orders");
	log_event(LOG_WARNING, order->o.share->reason, "order", order->o.id, "client", order->o.client, "id", n->c.id, NULL);
	share_write(e, order, NULL, NULL);
	events_emit_order(e, order, &n->c, order->o.share->reason);
}

static void end(struct engine *e, struct order_entry *order)
{
	share_let_go(e, order, NULL, NULL);
	for (const struct hold *h = order->first; h; h = h->order_next)
		if (!holder_of(h->entry, NULL))
			life_input(e, h->entry, INPUT_RELEASED, "its lifetime is over");
}

/* The challenge that asks first for an end of the order, or NULL. */
static struct entry *next_to_end(struct engine *e, const struct order_entry *order, int64_t *ret_left)
{
	struct entry *next = NULL;

	for (const struct hold *h = order->first; h; h = h->order_next) {
		int64_t left = left_of(e, order, h->entry);

		if (left < 0 || (next && left >= *ret_left))
			continue;
		next = h->entry;
		*ret_left = left;
	}
	return next;
}

static void on_due(void *arg)
{
	struct order_entry *order = arg;
	struct engine *e = order->first->entry->e;
	int64_t left;
	struct entry *n = next_to_end(e, order, &left);

	order->due = NULL;
	if (e->closing)
		return;
	if (n && left == 0 && is_late(e, order, n))
		fail(e, order, n);
	else if (n && left == 0)
		end(e, order);
	share_schedule(e, order);
}

void share_schedule(struct engine *e, struct order_entry *order)
{
	int64_t left;

	timer_stop(order->due);
	order->due = NULL;
	if (!order->o.share || order_let_go(order) || !next_to_end(e, order, &left))
		return;
	order->due = timer_start(e->parts.loop, left, on_due, order);
}

void share_settled(struct engine *e)
{
	struct order_entry *order, *next;

	HASH_ITER(hh, e->orders, order, next)
		share_schedule(e, order);
}
