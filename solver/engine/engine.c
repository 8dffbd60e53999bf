/* Opening, finding, listing. What happens to a challenge is in submit.c, life.c, publish.c and release.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/engine/internal.h"

static int check_routes(const struct engine *e, const struct config *config, struct err *err)
{
	for (size_t i = 0; i < config->route_count; i++)
		if (config->routes[i].authority && !checker_authority(e->checker, config->routes[i].authority))
			return err_set(err, ERR_INVALID, "routes[%zu].authority: there is no authority \"%.64s\"", i, config->routes[i].authority);
	return 0;
}

int engine_open(const struct engine_parts *parts, struct engine **ret, struct err *err)
{
	const struct checker_parts checker = { parts->loop, parts->http, parts->resolver, parts->recursor, parts->config };
	struct engine *e = mem_new(1, sizeof(*e));

	e->parts = *parts;
	e->laters.loop = parts->loop;
	e->config = parts->config;
	if (checker_open(&checker, &e->checker, err) < 0) {
		free(e);
		return err->code;
	}
	if (check_routes(e, e->config, err) < 0 || instances_open(e, e->config, err) < 0) {
		checker_close(e->checker);
		free(e);
		return err->code;
	}
	bindings_load(e);
	loop_on_settled(parts->loop, life_settled, e);
	*ret = e;
	return 0;
}

int engine_reconfigure(struct engine *e, const struct config *config, struct err *err)
{
	struct err same;

	if (checker_reconfigure(e->checker, config, err) < 0)
		return err->code;
	if (check_routes(e, config, err) < 0 || instances_open(e, config, err) < 0) {
		checker_reconfigure(e->checker, e->config, &same); /* it stood before */
		return err->code;
	}
	e->config = config;
	return 0;
}

struct order_entry *order_add(struct engine *e, const struct order *o)
{
	struct order_entry *order = mem_new(1, sizeof(*order));

	order->o = *o;
	HASH_ADD_STR(e->orders, o.id, order);
	return order;
}

void twin_key(const struct challenge *c, char *key, size_t room)
{
	snprintf(key, room, "%s %d %d %s %s %s", c->client, c->type, c->wildcard, c->identifier,
	         c->record_name ? c->record_name : "-", c->type == CHALLENGE_HTTP01 ? c->token : c->value);
}

void twin_add(struct engine *e, struct entry *n)
{
	char key[TWIN_KEY_SIZE];
	struct twin *twin;

	twin_key(&n->c, key, sizeof(key));
	HASH_FIND_STR(e->twins, key, twin);
	if (!twin) {
		twin = mem_new(1, sizeof(*twin));
		twin->key = mem_dup(key);
		HASH_ADD_KEYPTR(hh, e->twins, twin->key, strlen(twin->key), twin);
	}
	DL_APPEND2(twin->entries, n, twin_prev, twin_next);
}

void twin_forget(struct engine *e, struct entry *n)
{
	char key[TWIN_KEY_SIZE];
	struct twin *twin;

	twin_key(&n->c, key, sizeof(key));
	HASH_FIND_STR(e->twins, key, twin);
	if (!twin || !n->twin_prev)
		return;
	DL_DELETE2(twin->entries, n, twin_prev, twin_next);
	n->twin_prev = n->twin_next = NULL;
	if (twin->entries)
		return;
	HASH_DEL(e->twins, twin);
	free(twin->key);
	free(twin);
}

struct entry *entry_add(struct engine *e, struct order_entry *order, const struct challenge *c)
{
	struct entry *n = mem_new(1, sizeof(*n));

	n->e = e;
	n->c = *c;
	n->order = order;
	life_deadline(e, n);
	if (order->last)
		order->last->order_next = n;
	else
		order->first = n;
	order->last = n;
	order->count++;
	HASH_ADD_STR(e->by_id, c.id, n);
	DL_PREPEND(e->entries, n);
	e->numbers.live[n->c.type][n->c.state]++;
	if (!challenge_is_over(n->c.state))
		e->live++;
	if (n->c.state < CHALLENGE_WITHDRAWING)
		twin_add(e, n);
	return n;
}

static void order_unlink(struct engine *e, struct entry *n)
{
	struct order_entry *order = n->order;
	struct entry **at = &order->first, *before = NULL;

	while (*at != n) {
		before = *at;
		at = &(*at)->order_next;
	}
	*at = n->order_next;
	if (order->last == n)
		order->last = before;
	if (--order->count)
		return;
	HASH_DEL(e->orders, order);
	order_done(&order->o);
	free(order);
}

void entry_free(struct engine *e, struct entry *n)
{
	probe_stop(n);
	preflight_stop(n);
	relook_forget(n);
	timer_stop(n->due);
	timer_stop(n->retry);
	if (n->locate)
		locate_cancel(n->locate);
	location_free(n->location);
	twin_forget(e, n);
	if (!challenge_is_over(n->c.state))
		e->live--;
	e->numbers.live[n->c.type][n->c.state]--;
	HASH_DEL(e->by_id, n);
	DL_DELETE(e->entries, n);
	order_unlink(e, n);
	challenge_done(&n->c);
	free(n);
}

struct checker *engine_checker(struct engine *e)
{
	return e->checker;
}

void engine_stop(struct engine *e)
{
	struct err unkept = { .code = ERR_CANCELLED, .text = "dcvd ends before the journal took it" };
	struct entry *n;

	e->closing = true;
	loop_on_settled(e->parts.loop, NULL, NULL);
	checker_stop(e->checker);
	relooks_end(e);
	delays_keep_all(e);
	store_drain(e->parts.store);
	lanes_free(e);
	events_stop(e);
	DL_FOREACH(e->entries, n) {
		probe_stop(n);
		preflight_stop(n);
		relook_stop(n);
		if (n->locate)
			locate_cancel(n->locate);
		n->locate = NULL;
		release_tell(n, CHALLENGE_STATES, &unkept);
	}
}

void engine_close(struct engine *e)
{
	struct entry *n, *tmp;

	laters_end(&e->laters);
	checker_close(e->checker);
	DL_FOREACH_SAFE(e->entries, n, tmp)
		entry_free(e, n);
	claims_free(e);
	outcomes_free(e);
	bindings_free(e);
	walked_free(e);
	instances_close(e);
	events_free(e);
	free(e);
}

/* ---- find and list ---- */

static struct entry *find(struct engine *e, const char *id)
{
	struct entry *n;

	HASH_FIND_STR(e->by_id, id, n);
	return n;
}

const struct challenge *engine_challenge(struct engine *e, const char *id)
{
	struct entry *n = find(e, id);

	return n ? &n->c : NULL;
}

enum challenge_state engine_kept_state(struct engine *e, const char *id)
{
	struct entry *n = find(e, id);

	return n ? n->kept : CHALLENGE_GONE;
}

static struct order_entry *find_order(struct engine *e, const char *id)
{
	struct order_entry *order;

	HASH_FIND_STR(e->orders, id, order);
	return order;
}

const struct order *engine_order(struct engine *e, const char *id)
{
	struct order_entry *order = find_order(e, id);

	return order ? &order->o : NULL;
}

size_t engine_order_challenges(struct engine *e, const char *order_id, const struct challenge ***ret)
{
	struct order_entry *order = find_order(e, order_id);
	size_t count = 0;
	struct entry *n;

	*ret = mem_new(order ? order->count : 1, sizeof(**ret));
	for (n = order ? order->first : NULL; n; n = n->order_next)
		(*ret)[count++] = &n->c;
	return count;
}

enum order_state engine_order_state(struct engine *e, const char *order_id)
{
	struct order_entry *order = find_order(e, order_id);
	size_t ready = 0, leaving = 0, over = 0;
	struct entry *n;

	for (n = order ? order->first : NULL; n; n = n->order_next) {
		if (n->c.state == CHALLENGE_FAILED || (n->c.state == CHALLENGE_WITHDRAWING && n->had_failed))
			return ORDER_FAILED;
		ready += n->c.state == CHALLENGE_READY && n->kept == CHALLENGE_READY;
		leaving += n->c.state == CHALLENGE_WITHDRAWING;
		over += n->c.state == CHALLENGE_GONE;
	}
	if (!order || over == order->count)
		return ORDER_GONE;
	if (leaving + over == order->count)
		return ORDER_WITHDRAWING;
	return ready + leaving + over == order->count ? ORDER_READY : ORDER_PENDING;
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

size_t engine_list(struct engine *e, const struct challenge_filter *filter, const char *after, size_t limit,
                   void (*fn)(const struct challenge *c, void *arg), void *arg)
{
	struct entry *n = after ? find(e, after) : NULL;
	size_t count = 0;

	if (after && !n)
		return 0;
	for (n = n ? n->next : e->entries; n && count < limit; n = n->next) {
		if (!fits(&n->c, filter))
			continue;
		fn(&n->c, arg);
		count++;
	}
	return count;
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
