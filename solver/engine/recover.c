/* The start: what the journal holds is put back, and whatever was not finished goes on. */
#include <stdlib.h>
#include <string.h>

#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/engine/claim.h"
#include "solver/engine/course.h"
#include "solver/engine/entry.h"
#include "solver/engine/instance.h"
#include "solver/engine/outcome.h"
#include "solver/engine/share.h"

struct recovery {
	struct engine *e;
	size_t resumed;
};

static void load_order(const struct order *o, void *arg)
{
	struct recovery *r = arg;
	struct order copy;

	order_copy(o, &copy);
	order_add(r->e, &copy);
}

static bool is_published(enum challenge_state state)
{
	return state == CHALLENGE_PROPAGATING || state == CHALLENGE_READY;
}

/* The call of an earlier life may have arrived, whatever the journal says of its state. Of a long history some events are missing. */
static enum out out_of(const struct challenge *c)
{
	bool published = is_published(c->state) || c->event_count >= EVENTS_MAX / 2;

	if (c->state == CHALLENGE_QUEUED)
		return OUT_NEVER;
	for (size_t i = 0; i < c->event_count; i++)
		published |= is_published(c->events[i].state);
	return published ? OUT_YES : OUT_MAYBE;
}

static bool needs_its_answer(enum challenge_state state)
{
	return state == CHALLENGE_PUBLISHING || state == CHALLENGE_PROPAGATING || state == CHALLENGE_READY;
}

/* Our own answers live in memory: those that were published are back before the first question comes. */
static void restore_answer(struct engine *e, struct entry *n)
{
	struct instance *i = n->c.provider ? instance_find(e, n->c.provider) : NULL;

	if (n->c.type == CHALLENGE_HTTP01 && n->c.provider && strcmp(n->c.provider, "responder") == 0)
		answers_set_http(e->parts.answers, n->c.identifier, n->c.token, n->c.key_authorization);
	else if (challenge_type_is_dns(n->c.type) && i && i->api->caps.local && n->c.fqdn && n->c.state != CHALLENGE_PUBLISHING)
		answers_set_dns(e->parts.answers, n->c.fqdn, n->c.value);
}

/* A challenge that no order holds is driven to its end all the same: its record may be out. */
static struct order_entry *order_for_orphan(struct engine *e, const struct challenge *c)
{
	struct order order = { .client = mem_dup(c->client), .created_ms = c->created_ms };

	log_event(LOG_ERROR, "a challenge in the journal belongs to no order; it gets one of its own", "id", c->id, NULL);
	memcpy(order.id, c->order_id, ID_SIZE);
	return order_add(e, &order);
}

/* The order that it was made for. One that shares challenges has a list of all of them, in its sequence: link_shared(). */
static void link_own(struct engine *e, struct entry *n)
{
	struct order_entry *order = order_find(e, n->c.order_id);

	if (order && !order->o.share)
		hold_add(order, n);
}

/* Of one that is ready, verdict and events stay in the journal: there may be a million. */
static struct challenge copy_of(const struct challenge *c)
{
	struct challenge from = *c, copy;

	if (c->state == CHALLENGE_READY)
		from.verdict = NULL;
	challenge_copy(&from, &copy);
	if (c->state != CHALLENGE_READY)
		challenge_copy_events(c, &copy);
	return copy;
}

static void load_challenge(const struct challenge *c, void *arg)
{
	struct recovery *r = arg;
	struct challenge copy = copy_of(c);
	struct entry *n = entry_add(r->e, &copy);

	link_own(r->e, n);
	n->life.kept = copy.state;
	n->life.history_on_disk = copy.state == CHALLENGE_READY;
	n->publication.out = out_of(c);
	n->life.had_failed = copy.state == CHALLENGE_WITHDRAWING && copy.reason;
	if (!needs_its_answer(copy.state))
		return;
	claim_take(r->e, n);
	restore_answer(r->e, n);
}

static void link_one(struct engine *e, struct order_entry *order, const char *id)
{
	struct entry *n = entry_find(e, id);

	if (n && !hold_is(order, n))
		hold_add(order, n);
}

/* Challenges that were forgotten since are missing in the list. */
static void link_list(struct engine *e, struct order_entry *order)
{
	char *rest = order->o.share->challenges, *id;

	while ((id = strtok_r(rest, "\n", &rest)))
		link_one(e, order, id);
	mem_replace(&order->o.share->challenges, NULL);
}

static void link_shared(struct engine *e)
{
	struct order_entry *order, *next;
	struct entry *n;

	HASH_ITER(hh, e->orders, order, next)
		if (order->o.share)
			link_list(e, order);
	DL_FOREACH(e->entries, n) {
		if (!n->hold.order)
			hold_add(order_for_orphan(e, &n->c), n);
		else if (!order_find(e, n->c.order_id))
			memcpy(n->c.order_id, n->hold.order->o.id, ID_SIZE);
	}
}

/* The last order that held it let go, and dcvd ended before that led anywhere. */
static void resume(struct engine *e, struct entry *n)
{
	n->life.begun = true;
	if (n->c.state < CHALLENGE_WITHDRAWING && !holder_of(n, NULL))
		life_input(e, n, INPUT_RELEASED, "released: the orders that held it let go");
	else
		life_resume(e, n);
}

static void drop_empty_orders(struct engine *e)
{
	struct order_entry *order, *tmp;

	HASH_ITER(hh, e->orders, order, tmp) {
		struct store_txn *t;

		if (order->count)
			continue;
		t = store_begin(e->parts.store);
		store_delete_order(t, order->o.id);
		store_commit(t, NULL, NULL); /* refused: the next start finds it empty again */
		order_free(e, order);
	}
}

int engine_recover(struct engine *e, struct err *err)
{
	struct recovery r = { .e = e };
	const struct store_visitor visitor = { load_order, load_challenge, &r };
	struct entry *n;

	if (store_load(e->parts.store, &visitor, err) < 0)
		return err->code;
	course_load(e);
	course_keep(e);
	link_shared(e);
	drop_empty_orders(e);
	outcomes_load(e);
	DL_FOREACH(e->entries, n) {
		r.resumed += !challenge_is_over(n->c.state);
		resume(e, n);
	}
	share_settled(e);
	if (r.resumed)
		log_line(LOG_INFO, "resumed %zu challenges from the journal", r.resumed);
	return 0;
}
