#include "solver/engine/outcome.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/check/check.h"
#include "solver/engine/entry.h"
#include "solver/engine/failures.h"
#include "solver/engine/route.h"

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

/* A count on its way into the journal. */
struct counting {
	struct engine *e;
	char *key;
	struct failures before, after;
	char id[ID_SIZE];
	char *sentence;
	void (*done)(const struct err *err, void *arg);
	void *arg;
};

static void counting_free(struct counting *c)
{
	free(c->key);
	free(c->sentence);
	free(c);
}

static bool is_same(const struct failures *a, const struct failures *b)
{
	return a->spent == b->spent && a->counted_ms == b->counted_ms && a->last_ms == b->last_ms && a->consecutive == b->consecutive;
}

/* What was not kept did not happen: the caller says it again. */
static void uncount(struct counting *c)
{
	struct outcome *o = c->key ? find(c->e, c->key) : NULL;

	if (o && is_same(&o->failures, &c->after))
		o->failures = c->before;
}

static void on_counted(int code, const struct err *err, void *arg)
{
	struct counting *c = arg;
	struct entry *n = entry_find(c->e, c->id);

	if (code < 0)
		uncount(c);
	else if (n && !c->e->closing)
		life_note(c->e, n, c->sentence);
	if (c->done)
		c->done(err, c->arg);
	counting_free(c);
}

static void count_one(struct counting *c, const struct authority *a, bool valid, struct store_txn *t)
{
	struct engine *e = c->e;
	struct outcome *o = find(e, c->key);
	char text[128];

	if (!o && valid)
		return;
	if (!o && HASH_COUNT(e->outcomes) % SWEEP_EVERY == SWEEP_EVERY - 1)
		sweep(e, t);
	if (!o)
		o = add(e, c->key);
	c->before = o->failures;
	if (valid)
		failures_clear(&o->failures);
	else
		failures_add(&o->failures, a, loop_wall_ms(e->parts.loop));
	c->after = o->failures;
	failures_text(&o->failures, text);
	store_set(t, c->key, text);
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

int engine_outcome(struct engine *e, const char *id, bool valid, const char *problem, void (*done)(const struct err *err, void *arg),
                   void *arg, struct err *err)
{
	const struct authority *a;
	struct counting *c;
	struct store_txn *t;
	struct entry *n = entry_find(e, id);

	if (!n || !n->life.begun)
		return err_set(err, ERR_NOT_FOUND, "there is no challenge %.64s", id);
	a = authority_of(e, &n->c);
	c = mem_new(1, sizeof(*c));
	*c = (struct counting){ .e = e, .key = a ? key_of(a, &n->c) : NULL, .done = done, .arg = arg };
	memcpy(c->id, n->c.id, ID_SIZE);
	c->sentence = valid ? mem_dup(ENGINE_VALID_SENTENCE) :
	                      mem_printf(ENGINE_INVALID_SENTENCE "%s%.400s", problem ? ": " : "", problem ? problem : "");
	t = store_begin(e->parts.store);
	if (a)
		count_one(c, a, valid, t);
	store_commit(t, on_counted, c);
	return 0;
}

int engine_budget_allows(struct engine *e, const char *order_id, int64_t *ret_wait_ms, struct err *err)
{
	struct order_entry *order = order_find(e, order_id);

	*ret_wait_ms = 0;
	for (const struct hold *h = order ? order->first : NULL; h; h = h->order_next) {
		const struct entry *n = h->entry;
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
