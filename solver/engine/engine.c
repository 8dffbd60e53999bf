/* Opening, submitting, finding, listing, releasing. What happens between is in life.c and publish.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/engine/internal.h"
#include "solver/engine/request.h"

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

static void twin_add(struct engine *e, struct entry *n)
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

struct entry *entry_add(struct engine *e, struct order_entry *order, const struct challenge *c)
{
	struct entry *n = mem_new(1, sizeof(*n));

	n->e = e;
	n->c = *c;
	n->order = order;
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
	struct twin *twin;
	char key[TWIN_KEY_SIZE];

	probe_stop(n);
	preflight_stop(n);
	relook_forget(n);
	timer_stop(n->due);
	timer_stop(n->retry);
	if (n->locate)
		locate_cancel(n->locate);
	location_free(n->location);
	free(n->last_error);
	twin_key(&n->c, key, sizeof(key));
	HASH_FIND_STR(e->twins, key, twin);
	if (twin && n->twin_prev) {
		DL_DELETE2(twin->entries, n, twin_prev, twin_next);
		if (!twin->entries) {
			HASH_DEL(e->twins, twin);
			free(twin->key);
			free(twin);
		}
	}
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
	struct entry *n;

	e->closing = true;
	checker_stop(e->checker);
	relooks_end(e);
	delays_keep_all(e);
	store_drain(e->parts.store);
	lanes_free(e);
	DL_FOREACH(e->entries, n) {
		probe_stop(n);
		preflight_stop(n);
		relook_stop(n);
		if (n->locate)
			locate_cancel(n->locate);
		n->locate = NULL;
	}
}

void engine_close(struct engine *e)
{
	struct entry *n, *tmp;
	struct engine_watch *w, *next;

	laters_end(&e->laters);
	checker_close(e->checker);
	DL_FOREACH_SAFE(e->entries, n, tmp)
		entry_free(e, n);
	claims_free(e);
	outcomes_free(e);
	walked_free(e);
	instances_close(e);
	DL_FOREACH_SAFE(e->watches, w, next)
		free(w);
	free(e);
}

/* ---- submit ---- */

struct submission {
	struct engine *e;
	struct order_entry *order;
	engine_submit_fn done;
	void *arg;
	bool existed;
	char order_id[ID_SIZE];
};

static void drop_order(struct engine *e, struct order_entry *order)
{
	size_t left = order->count;
	struct entry *n = order->first;

	while (left--) {
		struct entry *next = n->order_next;

		entry_free(e, n);
		n = next;
	}
}

static void start_order(struct engine *e, struct order_entry *order)
{
	struct entry *n = order->first;

	for (size_t left = order->count; left--; n = n->order_next)
		life_resume(e, n);
}

static void on_submitted(int code, const struct err *err, void *arg)
{
	struct submission *s = arg;
	struct engine *e = s->e;
	struct entry *n;

	for (n = s->order->first; n; n = n->order_next)
		n->commits--;
	e->journal_err = code < 0 ? *err : (struct err){ 0 };
	if (code < 0 || e->closing) {
		drop_order(e, s->order);
		if (!e->closing)
			s->done(NULL, false, err, s->arg);
	} else {
		e->numbers.submitted += s->order->count;
		start_order(e, s->order);
		s->done(s->order_id, false, &(struct err){ 0 }, s->arg);
	}
	free(s);
}

/* Its journal entry is ahead of this in the store's queue. */
static void on_existing(int code, const struct err *err, void *arg)
{
	struct submission *s = arg;

	(void)code;
	(void)err;

	if (!s->e->closing)
		s->done(s->order_id, true, &(struct err){ 0 }, s->arg);
	free(s);
}

static struct entry *find_twin(struct engine *e, const struct challenge *c)
{
	char key[TWIN_KEY_SIZE];
	struct twin *twin;

	twin_key(c, key, sizeof(key));
	HASH_FIND_STR(e->twins, key, twin);
	return twin ? twin->entries : NULL;
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

	store_put_order(t, &s->order->o);
	for (n = s->order->first; n; n = n->order_next) {
		challenge_note(&n->c, n->c.created_ms, "accepted");
		store_put_challenge(t, &n->c);
		store_add_event(t, n->c.id, &n->c.events[0]);
		n->commits++;
	}
	store_commit(t, on_submitted, s);
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
		memcpy(s->order_id, same->o.id, ID_SIZE);
		order_done(&o);
		free_list(list, request->count);
		store_commit(store_begin(e->parts.store), on_existing, s);
		return 0;
	}
	memcpy(s->order_id, o.id, ID_SIZE);
	s->order = order_add(e, &o);
	for (size_t i = 0; i < request->count; i++)
		entry_add(e, s->order, &list[i]);
	free(list);
	journal_order(e, s);
	return 0;
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
		ready += n->c.state == CHALLENGE_READY;
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

/* ---- release ---- */

struct release {
	void (*done)(const struct err *err, void *arg);
	void *arg;
};

/* The steps of the release are ahead of this empty transaction in the store's queue. */
static void on_released(int code, const struct err *err, void *arg)
{
	struct release *r = arg;

	(void)code;
	if (r->done)
		r->done(err, r->arg);
	free(r);
}

static void release_then(struct engine *e, void (*done)(const struct err *err, void *arg), void *arg)
{
	struct release *r = mem_new(1, sizeof(*r));

	*r = (struct release){ done, arg };
	store_commit(store_begin(e->parts.store), on_released, r);
}

int engine_release_challenge(struct engine *e, const char *id, void (*done)(const struct err *err, void *arg), void *arg, struct err *err)
{
	struct entry *n = find(e, id);

	if (!n)
		return err_set(err, ERR_NOT_FOUND, "there is no challenge %.64s", id);
	life_input(e, n, INPUT_RELEASED, "released: nobody needs it any more");
	release_then(e, done, arg);
	return 0;
}

int engine_release_order(struct engine *e, const char *id, void (*done)(const struct err *err, void *arg), void *arg, struct err *err)
{
	struct order_entry *order = find_order(e, id);
	struct entry *n;

	if (!order)
		return err_set(err, ERR_NOT_FOUND, "there is no order %.64s", id);
	for (n = order->first; n; n = n->order_next)
		life_input(e, n, INPUT_RELEASED, "released with its order: nobody needs it any more");
	release_then(e, done, arg);
	return 0;
}

/* ---- watch, numbers ---- */

struct engine_watch *engine_watch(struct engine *e, void (*fn)(const struct challenge *c, const struct challenge_event *event, void *arg), void *arg)
{
	struct engine_watch *w = mem_new(1, sizeof(*w));

	w->fn = fn;
	w->arg = arg;
	DL_APPEND(e->watches, w);
	return w;
}

void engine_unwatch(struct engine *e, struct engine_watch *w)
{
	if (!w)
		return;
	if (e->watching) {
		w->gone = true; /* the loop over the list frees it */
		return;
	}
	DL_DELETE(e->watches, w);
	free(w);
}

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
