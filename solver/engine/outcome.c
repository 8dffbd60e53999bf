/* What became of challenges at their authority, as far as somebody told: counted for each account and identifier, kept in the
 * journal, asked before the next attempt (failures.h). */
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/engine/failures.h"
#include "solver/engine/internal.h"

#define KEY_PREFIX "failures:"
#define SWEEP_EVERY 1024

struct outcome {
	char *key; /* "failures:AUTHORITY ACCOUNT IDENTIFIER" */
	struct failures failures;
	UT_hash_handle hh;
};

static const struct authority *authority_of(const struct engine *e, const struct challenge *c)
{
	return checker_authority(e->checker, route_of(e, c)->authority);
}

/* Without an account it is the client that stands for one. */
static char *key_of(const struct authority *a, const struct challenge *c)
{
	return mem_printf(KEY_PREFIX "%s %s %s", a->name, c->account_uri ? c->account_uri : c->client, c->identifier);
}

static struct outcome *find(const struct engine *e, const char *key)
{
	struct outcome *o;

	HASH_FIND_STR(e->outcomes, key, o);
	return o;
}

static struct outcome *add(struct engine *e, const char *key)
{
	struct outcome *o = mem_new(1, sizeof(*o));

	o->key = mem_dup(key);
	HASH_ADD_KEYPTR(hh, e->outcomes, o->key, strlen(o->key), o);
	return o;
}

static void drop(struct engine *e, struct outcome *o)
{
	HASH_DEL(e->outcomes, o);
	free(o->key);
	free(o);
}

static bool is_old(const struct engine *e, const struct failures *f)
{
	return loop_wall_ms(e->parts.loop) - f->counted_ms > FAILURES_FORGET_MS;
}

/* Nobody comes back for most names: what does not matter any more goes. */
static void sweep(struct engine *e, struct store_txn *t)
{
	struct outcome *o, *tmp;

	HASH_ITER(hh, e->outcomes, o, tmp) {
		if (!is_old(e, &o->failures))
			continue;
		store_set(t, o->key, NULL);
		drop(e, o);
	}
}

static void count_one(struct engine *e, const struct challenge *c, const struct authority *a, bool valid)
{
	CLEANUP(mem_freep) char *key = key_of(a, c);
	struct outcome *o = find(e, key);
	struct store_txn *t;
	char text[128];

	if (!o && valid)
		return;
	t = store_begin(e->parts.store);
	if (!o && HASH_COUNT(e->outcomes) % SWEEP_EVERY == SWEEP_EVERY - 1)
		sweep(e, t);
	if (!o)
		o = add(e, key);
	if (valid)
		failures_clear(&o->failures);
	else
		failures_add(&o->failures, a, loop_wall_ms(e->parts.loop));
	failures_text(&o->failures, text);
	store_set(t, key, text);
	store_commit(t, NULL, NULL);
}

int64_t outcome_budget(const struct engine *e, const struct challenge *c, struct ev_budget *ret)
{
	static const struct failures none;
	const struct authority *a = authority_of(e, c);
	const struct outcome *o;

	*ret = (struct ev_budget){ 0 };
	if (a) {
		CLEANUP(mem_freep) char *key = key_of(a, c);

		o = find(e, key);
		failures_budget(o ? &o->failures : &none, a, loop_wall_ms(e->parts.loop), ret);
	}
	return ret->wait_ms;
}

int engine_outcome(struct engine *e, const char *id, bool valid, const char *problem, struct err *err)
{
	CLEANUP(mem_freep) char *sentence = NULL;
	const struct authority *a;
	struct entry *n;

	HASH_FIND_STR(e->by_id, id, n);
	if (!n)
		return err_set(err, ERR_NOT_FOUND, "there is no challenge %.64s", id);
	a = authority_of(e, &n->c);
	if (a)
		count_one(e, &n->c, a, valid);
	sentence = valid ? mem_dup("the authority found it valid") :
	                   mem_printf("the authority found it invalid%s%.400s", problem ? ": " : "", problem ? problem : "");
	life_note(e, n, sentence);
	return 0;
}

int engine_budget_allows(struct engine *e, const char *order_id, int64_t *ret_wait_ms, struct err *err)
{
	struct order_entry *order;
	struct entry *n;

	*ret_wait_ms = 0;
	HASH_FIND_STR(e->orders, order_id, order);
	for (n = order ? order->first : NULL; n; n = n->order_next) {
		const struct authority *a = authority_of(e, &n->c);
		CLEANUP(mem_freep) char *key = a ? key_of(a, &n->c) : NULL;
		const struct outcome *o = a ? find(e, key) : NULL;
		struct ev_budget budget;
		int64_t wait_ms;

		if (!o)
			continue;
		failures_budget(&o->failures, a, loop_wall_ms(e->parts.loop), &budget);
		wait_ms = failures_back_off(&o->failures, a, loop_wall_ms(e->parts.loop));
		if (budget.wait_ms > wait_ms)
			wait_ms = budget.wait_ms;
		if (wait_ms <= *ret_wait_ms)
			continue;
		*ret_wait_ms = wait_ms;
		err_set(err, ERR_RATE, "%s: %lld validations failed in a row, %lld of %lld failures an hour are spent; the next attempt "
		        "waits %lld s", n->c.identifier, (long long)budget.consecutive, (long long)budget.failures,
		        (long long)budget.failures_limit, (long long)(wait_ms + 999) / 1000);
	}
	return *ret_wait_ms ? ERR_RATE : 0;
}

/* ---- over restarts ---- */

static void load_one(const char *key, const char *value, void *arg)
{
	struct engine *e = arg;
	struct failures f;

	if (failures_read(value, &f) && !is_old(e, &f) && !find(e, key))
		add(e, key)->failures = f;
}

void outcomes_load(struct engine *e)
{
	struct err err;

	store_each_setting(e->parts.store, KEY_PREFIX, load_one, e, &err);
}

void outcomes_free(struct engine *e)
{
	struct outcome *o, *tmp;

	HASH_ITER(hh, e->outcomes, o, tmp)
		drop(e, o);
}
