/* Submitting: checked, written as a whole, and only then begun. */
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/engine/due.h"
#include "solver/engine/entry.h"
#include "solver/engine/identity.h"
#include "solver/engine/kept.h"
#include "solver/engine/request.h"
#include "solver/engine/share.h"
#include "solver/engine/twins.h"

/* Who waits for an order to be in the journal: the first made it, the others asked for the same meanwhile. */
struct submission {
	struct engine *e;
	struct order_entry *order; /* NULL: it is in the journal already */
	engine_submit_fn done;
	void *arg;
	bool existed;
	char order_id[ID_SIZE];
	char former_id[ID_SIZE];   /* the order that this one stands for from now on, or "" */
	size_t made;               /* challenges that were not there before */
	struct submission *next;
};

static void tell(struct submission *list, const struct err *err)
{
	static const struct err ended = { .code = ERR_CANCELLED, .text = "dcvd ends before it can answer; ask again" };
	struct submission *s, *tmp;

	LL_FOREACH_SAFE(list, s, tmp) {
		const struct err *why = s->e->closing && !err->code ? &ended : err;

		s->done(why->code ? NULL : s->order_id, !why->code && s->existed, why, s->arg);
		free(s);
	}
}

/* Another order holds it, or it was written for another one before; otherwise it was never there. */
static void let_stay(struct engine *e, struct entry *n)
{
	if (!n->hold.order) {
		kept_tell(n, CHALLENGE_STATES, NULL);
		entry_free(e, n);
	} else if (n->life.begun && !holder_of(n, NULL) && !e->closing) {
		life_input(e, n, INPUT_RELEASED, "released: the orders that held it let go");
	}
}

/* What the journal refused. */
static void undo_order(struct engine *e, struct order_entry *order)
{
	while (order->first) {
		struct entry *n = order->first->entry;

		hold_drop(order, n);
		let_stay(e, n);
	}
	order_free(e, order);
}

static void begin(struct engine *e, struct entry *n)
{
	if (n->life.begun)
		return;
	if (!n->life.waits && holder_of(n, NULL)) {
		life_resume(e, n);
		return;
	}
	n->life.begun = true;
	life_input(e, n, INPUT_RELEASED, "released before it was begun: nobody needs it any more");
}

/* An order for the same that was released: the new one stands for it, or it would stay as long as somebody else holds its challenges. */
static void drop_former(struct engine *e, const struct submission *s)
{
	struct order_entry *former = order_find(e, s->former_id);

	if (former && former != s->order)
		order_drop(e, former);
}

static void start_order(struct engine *e, const struct submission *s)
{
	drop_former(e, s);
	for (struct hold *h = s->order->first; h; h = h->order_next)
		begin(e, h->entry);
	share_schedule(e, s->order);
	if (s->order->unwritten)
		share_write(e, s->order, NULL, NULL);
}

/* While it was being written its history was needed. */
static void written(struct entry *n)
{
	if (!--n->life.commits && n->life.kept == CHALLENGE_READY && n->c.state == CHALLENGE_READY)
		history_drop(n);
}

static void on_submitted(int code, const struct err *err, void *arg)
{
	struct submission *list = arg;
	struct engine *e = list->e;
	struct order_entry *order = list->order;

	for (struct hold *h = order->first; h; h = h->order_next)
		written(h->entry);
	order->submission = NULL;
	e->journal_err = code < 0 ? *err : (struct err){ 0 };
	if (code < 0 || e->closing) {
		undo_order(e, order);
	} else {
		e->numbers.submitted += list->made;
		start_order(e, list);
	}
	tell(list, code < 0 ? err : &(struct err){ 0 });
}

/* It is in the journal; the empty transaction only makes the answer come later. */
static void on_existing(int code, const struct err *err, void *arg)
{
	(void)code;
	(void)err;
	tell(arg, &(struct err){ 0 });
}

/* One that is not on its way out: one whose end was asked for is presented anew. */
static struct entry *find_twin(struct engine *e, const struct challenge *c)
{
	struct entry *first = twin_first(e, c), *n;

	DL_FOREACH2(first, n, twin_next)
		if (n->c.state < CHALLENGE_WITHDRAWING && !n->life.waits && identity_is_same(&n->c, c))
			return n;
	return NULL;
}

static bool is_same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Whoever asked for it is told at the same place, and calls it by the same name. */
static bool is_same_wish(const struct order *a, const struct order *b)
{
	return is_same_text(a->label, b->label) && is_same_text(a->callback_url, b->callback_url) &&
	       is_same_text(a->callback_secret, b->callback_secret);
}

static bool holds_all(const struct order_entry *order, struct entry *const *twins, size_t count)
{
	bool all = order->count == count;

	for (size_t i = 0; i < count && all; i++)
		all = hold_is(order, twins[i]);
	return all;
}

/* The order with the same wish for exactly these challenges, each of which has a twin; NULL: there is none. */
static struct order_entry *find_same_order(const struct order *wish, struct entry *const *twins, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!twins[i])
			return NULL;
	for (const struct hold *h = &twins[0]->hold; h; h = h->entry_next)
		if (!(h->order->o.share && h->order->o.share->reason) && is_same_wish(&h->order->o, wish) && holds_all(h->order, twins, count))
			return h->order;
	return NULL;
}

/* An order that shares a challenge since this moment. */
static void put_holders(struct store_txn *t, const struct entry *n)
{
	for (const struct hold *h = &n->hold; h; h = h->entry_next) {
		if (!h->order->unwritten || h->order->submission)
			continue;
		order_put(t, h->order);
		h->order->unwritten = false;
	}
}

/* A shared challenge is written once more: the order that it was made for may be refused, and its times may be others. */
static void put_entry(struct store_txn *t, struct entry *n)
{
	put_holders(t, n);
	store_put_challenge(t, &n->c);
	if (!n->life.begun)
		store_add_event(t, n->c.id, &n->c.events[0]);
	n->life.commits++;
}

static void journal_order(struct engine *e, struct submission *s)
{
	struct store_txn *t = store_begin(e->parts.store);

	s->order->submission = s;
	order_put(t, s->order);
	for (struct hold *h = s->order->first; h; h = h->order_next)
		put_entry(t, h->entry);
	if (s->former_id[0])
		store_delete_order(t, s->former_id);
	store_commit(t, on_submitted, s);
}

static void join(struct engine *e, struct submission *s, struct order_entry *same)
{
	memcpy(s->order_id, same->o.id, ID_SIZE);
	s->existed = true;
	if (same->submission)
		LL_APPEND(same->submission, s);
	else
		store_commit(store_begin(e->parts.store), on_existing, s);
}

static struct entry *make(struct engine *e, struct submission *s, const struct challenge *c)
{
	struct entry *n = entry_add(e, c);

	due_accepted(e, n);
	challenge_note(&n->c, n->c.created_ms, "accepted");
	s->made++;
	return n;
}

/* Takes the challenges of the list that have no twin. */
static void make_order(struct engine *e, struct submission *s, const struct order *o, struct challenge *list, struct entry *const *twins, size_t count)
{
	memcpy(s->order_id, o->id, ID_SIZE);
	s->order = order_add(e, o);
	for (size_t i = 0; i < count; i++) {
		if (twins[i])
			share_extend(e, twins[i], &list[i]);
		hold_add(s->order, twins[i] ? twins[i] : make(e, s, &list[i]));
	}
	if (s->made < count)
		share_begin(s->order, list, count);
	s->existed = !s->made;
	for (size_t i = 0; i < count; i++)
		if (twins[i])
			challenge_done(&list[i]);
}

static int check_room(const struct engine *e, size_t count, struct err *err)
{
	if (e->live + e->shared + count <= (size_t)e->config->challenge.live_max)
		return 0;
	return err_set(err, ERR_BUSY, "%zu challenges are live already%s; challenge.live-max allows %lld", e->live + e->shared,
	               e->shared ? ", each counted once for each order that holds it" : "", (long long)e->config->challenge.live_max);
}

static void free_list(struct challenge *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		challenge_done(&list[i]);
}

/* Takes the order and the challenges of the list. */
static int submit(struct engine *e, struct submission *s, struct order *o, struct challenge *list, size_t count, struct err *err)
{
	CLEANUP(mem_freep) void *memory = mem_new(count, sizeof(struct entry *));
	struct entry **twins = memory;
	struct order_entry *same;

	for (size_t i = 0; i < count; i++)
		twins[i] = find_twin(e, &list[i]);
	same = find_same_order(o, twins, count);
	if ((same && !order_let_go(same)) || check_room(e, count, err) < 0) {
		order_done(o);
		free_list(list, count);
		if (!same || order_let_go(same))
			return err->code;
		join(e, s, same);
		return 0;
	}
	if (same)
		memcpy(s->former_id, same->o.id, ID_SIZE);
	make_order(e, s, o, list, twins, count);
	journal_order(e, s);
	return 0;
}

int engine_submit(struct engine *e, const struct order_request *request, engine_submit_fn done, void *arg, struct err *err)
{
	struct challenge *list;
	struct submission *s;
	struct order o;
	int code = request_read(e, request, loop_wall_ms(e->parts.loop), &o, &list, err);

	if (code < 0)
		return code;
	s = mem_new(1, sizeof(*s));
	*s = (struct submission){ .e = e, .done = done, .arg = arg };
	code = submit(e, s, &o, list, request->count, err);
	free(list);
	if (code < 0)
		free(s);
	return code;
}
