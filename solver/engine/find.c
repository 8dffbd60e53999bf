/* What front doors ask about challenges and orders. Events and verdict of a challenge are kept in memory while it is on its way to ready,
 * and read from the journal afterwards. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/base/mem.h"
#include "solver/engine/entry.h"
#include "solver/engine/names.h"

const struct challenge *engine_challenge(struct engine *e, const char *id)
{
	struct entry *n = entry_find(e, id);

	return n ? &n->c : NULL;
}

enum challenge_state engine_kept_state(struct engine *e, const char *id)
{
	struct entry *n = entry_find(e, id);

	return n ? n->life.kept : CHALLENGE_GONE;
}

const struct order *engine_order(struct engine *e, const char *id)
{
	struct order_entry *order = order_find(e, id);

	return order ? &order->o : NULL;
}

size_t engine_order_challenges(struct engine *e, const char *order_id, const struct challenge ***ret)
{
	struct order_entry *order = order_find(e, order_id);
	size_t count = 0;

	*ret = mem_new(order ? order->count : 1, sizeof(**ret));
	for (const struct hold *h = order ? order->first : NULL; h; h = h->order_next)
		(*ret)[count++] = &h->entry->c;
	return count;
}

void engine_each_order(struct engine *e, const char *challenge_id, void (*fn)(const struct order *o, bool holds, void *arg), void *arg)
{
	struct entry *n = entry_find(e, challenge_id);

	for (const struct hold *h = n ? &n->hold : NULL; h; h = h->entry_next)
		fn(&h->order->o, !order_let_go(h->order), arg);
}

static enum order_state state_of(const struct order_entry *order)
{
	size_t ready = 0, leaving = 0, over = 0;

	if (order && order->o.share && order->o.share->reason && !order_let_go(order))
		return ORDER_FAILED;
	for (const struct hold *h = order ? order->first : NULL; h; h = h->order_next) {
		const struct entry *n = h->entry;

		if (n->c.state == CHALLENGE_FAILED || (n->c.state == CHALLENGE_WITHDRAWING && n->life.had_failed))
			return ORDER_FAILED;
		ready += n->c.state == CHALLENGE_READY && n->life.kept == CHALLENGE_READY && !order_let_go(order);
		leaving += n->c.state == CHALLENGE_WITHDRAWING;
		over += n->c.state == CHALLENGE_GONE || (n->c.state < CHALLENGE_WITHDRAWING && order_let_go(order));
	}
	if (!order || over == order->count)
		return ORDER_GONE;
	if (leaving + over == order->count)
		return ORDER_WITHDRAWING;
	return ready + leaving + over == order->count ? ORDER_READY : ORDER_PENDING;
}

enum order_state engine_order_state(struct engine *e, const char *order_id)
{
	return state_of(order_find(e, order_id));
}

const char *order_state_name(enum order_state state)
{
	static const char *const names[] = { "pending", "ready", "failed", "withdrawing", "gone" };

	return names[state];
}

static bool fits(const struct challenge *c, const struct challenge_filter *f)
{
	return !f || ((!f->client || strcmp(f->client, c->client) == 0) &&
	              (!f->domain || strcmp(f->domain, c->identifier) == 0) &&
	              (f->state < 0 || f->state == (int)c->state) && (f->type < 0 || f->type == (int)c->type));
}

/* Of one domain, where the filter names one and `after` (or NULL) is of it; the others fit no such filter. */
static struct entry *next_of(struct engine *e, const struct challenge_filter *f, const struct entry *after)
{
	if (!f || !f->domain || (after && strcmp(after->c.identifier, f->domain) != 0))
		return after ? after->next : e->entries;
	return after ? names_older(after) : names_newest(e, f->domain);
}

size_t engine_list(struct engine *e, const struct challenge_filter *filter, const char *after, size_t limit,
                   void (*fn)(const struct challenge *c, void *arg), void *arg)
{
	struct entry *n = after ? entry_find(e, after) : NULL;
	size_t count = 0;

	if (after && !n)
		return 0;
	for (n = next_of(e, filter, n); n && count < limit; n = next_of(e, filter, n)) {
		if (!fits(&n->c, filter))
			continue;
		fn(&n->c, arg);
		count++;
	}
	return count;
}

static bool stands_in(const char *text, const char *search)
{
	return text && strcasestr(text, search);
}

static bool is_named(const struct challenge *c, const char *search)
{
	return stands_in(c->identifier, search) || stands_in(c->fqdn, search) || stands_in(c->reason, search) || stands_in(c->waiting_for, search);
}

static bool order_fits(const struct order_entry *order, const struct order_filter *f)
{
	bool found = !f->search || stands_in(order->o.label, f->search);

	if ((f->client && strcmp(f->client, order->o.client) != 0) || (f->state >= 0 && f->state != (int)state_of(order)))
		return false;
	for (const struct hold *h = order->first; h && !found; h = h->order_next)
		found = is_named(&h->entry->c, f->search);
	return found;
}

/* The next order in the list: by their first challenges, newest first, and those with the same one in the sequence in which they came. */
static const struct hold *next_order(const struct engine *e, const struct hold *after)
{
	const struct hold *h = after ? after->entry_next : e->entries ? &e->entries->hold : NULL;
	const struct entry *n = after ? after->entry : e->entries;

	for (; n; n = n->next, h = n ? &n->hold : NULL)
		for (; h; h = h->entry_next)
			if (h->order->first == h)
				return h;
	return NULL;
}

size_t engine_orders(struct engine *e, const struct order_filter *filter, const char *after, size_t limit,
                     void (*fn)(const struct order *o, void *arg), void *arg)
{
	struct order_entry *last = after ? order_find(e, after) : NULL;
	size_t count = 0;

	if (after && !last)
		return 0;
	for (const struct hold *h = next_order(e, last ? last->first : NULL); h && count < limit; h = next_order(e, h)) {
		if (!order_fits(h->order, filter))
			continue;
		fn(&h->order->o, arg);
		count++;
	}
	return count;
}

/* ---- history ---- */

/* What is in memory, told later. */
struct known {
	struct challenge history;
	engine_history_fn done;
	void *arg;
};

static void tell_known(void *arg)
{
	static const struct err none;
	struct known *k = arg;

	k->done(&k->history, &none, k->arg);
	challenge_done(&k->history);
	free(k);
}

int engine_history(struct engine *e, const char *id, engine_history_fn done, void *arg, struct err *err)
{
	struct entry *n = entry_find(e, id);
	struct known *k;

	if (!n)
		return err_set(err, ERR_NOT_FOUND, "there is no challenge %.64s", id);
	if (n->life.history_on_disk) {
		store_read_history(e->parts.store, id, done, arg);
		return 0;
	}
	life_report(e, n);
	k = mem_new(1, sizeof(*k));
	*k = (struct known){ .done = done, .arg = arg };
	k->history.verdict = mem_dup(n->c.verdict);
	challenge_copy_events(&n->c, &k->history);
	later(&e->deferred, 0, tell_known, k);
	return 0;
}

/* ---- numbers ---- */

int engine_health(struct engine *e, struct err *err)
{
	if (e->journal_err.code)
		*err = e->journal_err;
	return e->journal_err.code;
}

void engine_numbers(struct engine *e, struct engine_numbers *ret)
{
	*ret = e->numbers;
}
