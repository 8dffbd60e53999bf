/* Submitting: checked, written as a whole, and only then begun. */
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/engine/due.h"
#include "solver/engine/entry.h"
#include "solver/engine/kept.h"
#include "solver/engine/request.h"
#include "solver/engine/twins.h"

/* Who waits for an order to be in the journal: the first made it, the others asked for the same meanwhile. */
struct submission {
	struct engine *e;
	struct order_entry *order; /* NULL: it is in the journal already */
	engine_submit_fn done;
	void *arg;
	bool existed;
	char order_id[ID_SIZE];
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

static void drop_order(struct engine *e, struct order_entry *order)
{
	size_t left = order->count;
	struct entry *n = order->first;

	while (left--) {
		struct entry *next = n->order_next;

		kept_tell(n, CHALLENGE_STATES, NULL); /* it was never there */
		entry_free(e, n);
		n = next;
	}
}

static void start_order(struct engine *e, struct order_entry *order)
{
	struct entry *n = order->first;

	for (size_t left = order->count; left--; n = n->order_next)
		if (n->life.waits)
			life_input(e, n, INPUT_RELEASED, "released before it was begun: nobody needs it any more");
		else
			life_resume(e, n);
}

static void on_submitted(int code, const struct err *err, void *arg)
{
	struct submission *list = arg;
	struct engine *e = list->e;
	struct order_entry *order = list->order;

	for (struct entry *n = order->first; n; n = n->order_next)
		n->life.commits--;
	order->submission = NULL;
	e->journal_err = code < 0 ? *err : (struct err){ 0 };
	if (code < 0 || e->closing) {
		drop_order(e, order);
	} else {
		e->numbers.submitted += order->count;
		start_order(e, order);
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
		if (n->c.state < CHALLENGE_WITHDRAWING && !n->life.waits)
			return n;
	return NULL;
}

/* The live order that holds exactly these challenges, or NULL. */
static struct order_entry *find_same_order(struct engine *e, const struct challenge *list, size_t count)
{
	struct order_entry *order = NULL;

	for (size_t i = 0; i < count; i++) {
		struct entry *n = find_twin(e, &list[i]);

		if (!n || (order && n->order != order))
			return NULL;
		order = n->order;
	}
	return order && order->count == count ? order : NULL;
}

static void journal_order(struct engine *e, struct submission *s)
{
	struct store_txn *t = store_begin(e->parts.store);
	struct entry *n;

	s->order->submission = s;
	store_put_order(t, &s->order->o);
	for (n = s->order->first; n; n = n->order_next) {
		challenge_note(&n->c, n->c.created_ms, "accepted");
		store_put_challenge(t, &n->c);
		store_add_event(t, n->c.id, &n->c.events[0]);
		n->life.commits++;
	}
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

static void free_list(struct challenge *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		challenge_done(&list[i]);
	free(list);
}

int engine_submit(struct engine *e, const struct order_request *request, engine_submit_fn done, void *arg, struct err *err)
{
	struct challenge *list;
	struct order_entry *same;
	struct submission *s;
	struct order o;

	if (e->live + request->count > (size_t)e->config->challenge.live_max)
		return err_set(err, ERR_BUSY, "%zu challenges are live already; challenge.live-max allows %lld", e->live,
		               (long long)e->config->challenge.live_max);
	if (request_read(e, request, loop_wall_ms(e->parts.loop), &o, &list, err) < 0)
		return err->code;
	s = mem_new(1, sizeof(*s));
	*s = (struct submission){ .e = e, .done = done, .arg = arg };
	same = find_same_order(e, list, request->count);
	if (same) {
		order_done(&o);
		free_list(list, request->count);
		join(e, s, same);
		return 0;
	}
	memcpy(s->order_id, o.id, ID_SIZE);
	s->order = order_add(e, &o);
	for (size_t i = 0; i < request->count; i++)
		due_accepted(e, entry_add(e, s->order, &list[i]));
	free(list);
	journal_order(e, s);
	return 0;
}
