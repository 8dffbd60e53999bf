#include "solver/cps/watch.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/clock.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/cps/answer.h"
#include "solver/cps/json.h"

#define DAY_MS (24LL * 3600 * 1000)
#define NEAR_MS (45 * DAY_MS)        /* ends that are nearer are read again every day */
#define ERRAND_PAUSE_MS 10000        /* between two looks at certificates, or renewals */
#define REFUSED_PAUSE_MS 900000      /* after one that failed: who refuses, or is not there, is not asked every few seconds */
#define FIRST_LOOK_MS 2000

/* One account: what it asks waits for nobody else's budget. */
struct watched {
	struct cps_watcher *w;
	struct cps_account *account;
	struct timer *look, *errand;
	bool looks;                      /* a list was asked for */
	char *asked;                     /* key of the enrollment that an errand is about */
	char *trouble;
};

struct cps_watcher {
	struct cps_watch_parts parts;
	struct cps_inventory inventory;
	struct watched **accounts;       /* as in parts.accounts */
	size_t count;
	int64_t last_look_ms;
};

static void look(void *arg);

static void look_later(struct watched *a, int64_t after_ms)
{
	timer_stop(a->look);
	a->look = a->looks || a->w->parts.config->cps.watch == CPS_WATCH_OFF ? NULL : timer_start(a->w->parts.loop, after_ms, look, a);
}

/* ---- alarms and changes */

static void save(struct cps_watcher *w, const struct cps_item *item)
{
	struct store_txn *t = store_begin(w->parts.store);

	cps_inventory_journal(item, t);
	store_commit(t, NULL, NULL);
}

/* How each is logged. */
static const struct { const char *type; enum log_level level; const char *sentence; } events[] = {
	{ "alarm", LOG_ERROR, "alarm: an enrollment needs somebody" }, { "alarm-over", LOG_INFO, "the alarm of an enrollment is over" },
	{ "found", LOG_INFO, "an enrollment has a change" }, { "gone", LOG_WARNING, "an enrollment is not listed any more" },
	{ "renewal", LOG_INFO, "asking CPS to renew a certificate" },
	{ "deployed", LOG_INFO, "a certificate is in production" }, { "done", LOG_INFO, "a change is over" },
	{ "failed", LOG_ERROR, "a change failed" }, { "cancelled", LOG_WARNING, "a change was cancelled" },
	{ "approved", LOG_INFO, "a change is approved" }, { "denied", LOG_WARNING, "a change is denied" },
};

void cps_watch_tell(struct cps_watcher *w, const struct cps_item *item, const char *type, const char *kind, const char *text)
{
	const struct cps_event event = { .type = type, .key = item->key, .account = item->account, .enrollment = item->id, .change = item->change,
	                                 .name = item->cn, .kind = kind, .text = text, .at_ms = loop_wall_ms(w->parts.loop) };

	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		if (strcmp(events[i].type, type) == 0)
			log_event(events[i].level, events[i].sentence, "enrollment", item->key, "name", item->cn, "kind", kind ? kind : "", "detail",
			          text ? text : "", NULL);
	w->parts.tell(&event, w->parts.arg);
}

/* Told when it begins, when it becomes another one, and when it is over: not at every look, and not again after a restart. */
static void judge(struct cps_watcher *w, struct cps_item *item)
{
	int64_t now = loop_settled_ms(w->parts.loop);
	const char *kind = NULL, *phase = "", *waits = "", *text = w->parts.state(item, &kind, &phase, &waits, w->parts.arg);
	bool differs = cps_item_set(&item->phase, phase) | cps_item_set(&item->waits_for, waits);
	struct cps_alarm alarm = now ? cps_alarm_of(w->parts.config, item, kind, text, now) : (struct cps_alarm){ 0 };
	bool same = strcmp(item->alarm_kind ? item->alarm_kind : "", alarm.kind) == 0;

	if (now && !same && *alarm.kind)
		cps_watch_tell(w, item, "alarm", alarm.kind, alarm.text);
	else if (now && !same)
		cps_watch_tell(w, item, "alarm-over", item->alarm_kind, item->alarm);
	if (now && !same) {
		mem_replace(&item->alarm_kind, *alarm.kind ? alarm.kind : NULL);
		differs = true;
	}
	if (now)
		mem_replace(&item->alarm, alarm.text);
	free(alarm.text);
	if (differs)
		save(w, item);
}

void cps_watch_refresh(struct cps_watcher *w, const char *key)
{
	struct cps_item *item = cps_inventory_find(&w->inventory, key);

	if (item)
		judge(w, item);
}

void cps_watch_failed(struct cps_watcher *w, const char *key, const char *why)
{
	struct cps_item *item = cps_inventory_find(&w->inventory, key);

	if (item && cps_item_set(&item->last_error, why))
		save(w, item);
	if (item)
		judge(w, item);
}

void cps_watch_deployed(struct cps_watcher *w, const char *key, int64_t expiry_ms)
{
	struct cps_item *item = cps_inventory_find(&w->inventory, key);

	if (!item)
		return;
	item->expiry_ms = expiry_ms;
	item->expiry_read_ms = loop_wall_ms(w->parts.loop);
	save(w, item);
	judge(w, item);
}

static void offer(struct cps_watcher *w, const struct cps_item *item)
{
	const struct config_cps *cps = &w->parts.config->cps;

	if (!item->change)
		w->parts.idle(item, w->parts.arg);
	else if (cps->watch == CPS_WATCH_ACT && cps_class_kind(cps, item) == CPS_CLASS_MANAGED && strcmp(item->validation_type, "dv") == 0)
		w->parts.found(item, w->parts.arg);
}

/* ---- the list */

static void see_list(struct cps_watcher *w, const struct cps_account *account, const json_t *result)
{
	struct store_txn *t = store_begin(w->parts.store);
	int64_t now = loop_wall_ms(w->parts.loop);
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(result, "enrollments"), i, one) {
		struct cps_enrollment e;
		const char *contract = json_string_value(json_object_get(one, "contract"));
		struct cps_item *item;
		bool found;

		if (cps_answer_read(one, &e) < 0)
			continue;
		item = cps_inventory_see(&w->inventory, account->name, contract, &e, now, t, &found);
		cps_enrollment_done(&e);
		if (found && cps_class_kind(&w->parts.config->cps, item) != CPS_CLASS_IGNORED)
			cps_watch_tell(w, item, "found", NULL, item->change_type);
		offer(w, item);
		judge(w, item);
	}
	store_commit(t, NULL, NULL);
}

/* Only a whole list says that something is gone. */
static void drop_vanished(struct cps_watcher *w, const char *account)
{
	struct store_txn *t = store_begin(w->parts.store);
	struct cps_item *item, *next;

	HASH_ITER(hh, w->inventory.items, item, next) {
		if (strcmp(item->account, account) != 0 || item->look == w->inventory.look)
			continue;
		cps_watch_tell(w, item, "gone", NULL, NULL);
		cps_inventory_drop(&w->inventory, item, t);
	}
	store_commit(t, NULL, NULL);
}

static void complain(struct watched *a, const struct err *err)
{
	mem_replace(&a->trouble, err->text);
	log_event(LOG_WARNING, "cannot list the enrollments", "account", a->account->name, "error", err->text, NULL);
}

static void on_list(json_t *result, const struct err *err, void *arg)
{
	struct watched *a = arg;
	struct cps_watcher *w = a->w;

	a->looks = false;
	if (err->code < 0) {
		complain(a, err);
	} else {
		mem_replace(&a->trouble, NULL);
		w->inventory.look++;
		see_list(w, a->account, result);
		if (!json_object_get(result, "skipped"))
			drop_vanished(w, a->account->name);
		w->last_look_ms = loop_wall_ms(w->parts.loop);
	}
	look_later(a, w->parts.config->cps.watch_interval_ms);
}

static void look(void *arg)
{
	struct watched *a = arg;
	struct err err = { 0 };

	a->look = NULL;
	if (!a->account->gone && a->w->parts.ask("list", a->account->name, 0, on_list, a, &err, a->w->parts.arg) == 0) {
		a->looks = true;
		return;
	}
	if (err.code < 0)
		complain(a, &err);
	look_later(a, a->w->parts.config->cps.watch_interval_ms);
}

/* ---- when certificates end: one after the other, the rest of the budget is for others */

static bool wants_certificate(const struct cps_watcher *w, const struct cps_item *item, int64_t now)
{
	if (cps_class_kind(&w->parts.config->cps, item) == CPS_CLASS_IGNORED || !item->seen_ms || *item->phase)
		return false; /* what is driven is read by its drive in the end */
	return !item->expiry_read_ms || (now - item->expiry_read_ms > DAY_MS && (!item->expiry_ms || item->expiry_ms - now < NEAR_MS));
}

static void next_errand(void *arg);

static void rest(struct watched *a, int code)
{
	a->errand = timer_start(a->w->parts.loop, code < 0 ? REFUSED_PAUSE_MS : ERRAND_PAUSE_MS, next_errand, a);
}

static void on_certificate(json_t *result, const struct err *err, void *arg)
{
	struct watched *a = arg;
	CLEANUP(mem_freep) char *key = a->asked;

	a->asked = NULL;
	rest(a, err->code);
	if (err->code == 0)
		cps_watch_deployed(a->w, key, cps_json_time(result, "expiry"));
}

/* ---- renewals that CPS has not begun */

static bool wants_renewal(const struct cps_watcher *w, const struct cps_item *item)
{
	const struct config_cps *cps = &w->parts.config->cps;
	const struct config_cps_class *class = cps_class_of(cps, item);
	int64_t now = loop_settled_ms(w->parts.loop);

	return cps->watch == CPS_WATCH_ACT && now && class && class->kind == CPS_CLASS_MANAGED && strcmp(item->validation_type, "dv") == 0 &&
	       cps_renewal_is_due(config_cps_policy(w->parts.config, class->policy), item, now);
}

static void on_renewal(json_t *result, const struct err *err, void *arg)
{
	struct watched *a = arg;
	CLEANUP(mem_freep) char *key = a->asked;
	const json_t *refused = json_object_get(result, "refused");
	CLEANUP(mem_freep) char *why = NULL;

	a->asked = NULL;
	rest(a, err->code);
	if (err->code < 0 || refused)
		why = mem_printf("its renewal was refused: %s", err->code < 0 ? err->text : json_string_value(json_array_get(refused, 0)));
	cps_watch_failed(a->w, key, why ? why : "");
	if (!why)
		look_later(a, FIRST_LOOK_MS); /* the change is there now */
}

/* The journal holds that it was asked before it is. */
static void note_renewal(struct cps_watcher *w, struct cps_item *item)
{
	item->renewal_asked_ms = loop_wall_ms(w->parts.loop);
	save(w, item);
	cps_watch_tell(w, item, "renewal", NULL, NULL);
}

/* ---- one thing after the other: the rest of the budget is for others */

static int begin_errand(struct watched *a, struct cps_item *item, bool renewal)
{
	struct err err;
	int code;

	mem_replace(&a->asked, item->key);
	if (renewal)
		note_renewal(a->w, item);
	else
		item->expiry_asked_ms = loop_wall_ms(a->w->parts.loop);
	code = a->w->parts.ask(renewal ? "renew" : "certificate", item->account, item->id, renewal ? on_renewal : on_certificate, a, &err, a->w->parts.arg);
	if (code < 0)
		mem_replace(&a->asked, NULL);
	return code;
}

/* A renewal before a look, and the look that was tried longest ago: one that fails always must not keep the others waiting. NULL: there
 * is nothing to do. */
static struct cps_item *choose_errand(const struct watched *a, bool *ret_renewal)
{
	int64_t now = loop_wall_ms(a->w->parts.loop);
	struct cps_item *item, *next, *chosen = NULL;

	*ret_renewal = false;
	HASH_ITER(hh, a->w->inventory.items, item, next) {
		if (strcmp(item->account, a->account->name) != 0)
			continue;
		if (wants_certificate(a->w, item, now) && (!chosen || item->expiry_asked_ms < chosen->expiry_asked_ms))
			chosen = item;
		if (wants_renewal(a->w, item)) {
			*ret_renewal = true;
			return item;
		}
	}
	return chosen;
}

static void next_errand(void *arg)
{
	struct watched *a = arg;
	bool off = a->w->parts.config->cps.watch == CPS_WATCH_OFF || a->account->gone, renewal;
	struct cps_item *item = off ? NULL : choose_errand(a, &renewal);

	a->errand = NULL;
	if (!item)
		rest(a, 0);
	else if (begin_errand(a, item, renewal) < 0)
		rest(a, ERR_UNREACHABLE);
}

/* ---- life */

static void watch_accounts(struct cps_watcher *w)
{
	while (w->count < w->parts.accounts->count) {
		struct watched *a = mem_new(1, sizeof(*a));

		a->w = w;
		a->account = w->parts.accounts->items[w->count];
		w->accounts = mem_resize(w->accounts, w->count + 1, sizeof(*w->accounts));
		w->accounts[w->count++] = a;
		look_later(a, FIRST_LOOK_MS);
		rest(a, 0);
	}
}

int cps_watch_open(const struct cps_watch_parts *parts, struct cps_watcher **ret, struct err *err)
{
	struct cps_watcher *w = mem_new(1, sizeof(*w));

	w->parts = *parts;
	if (cps_inventory_load(&w->inventory, parts->store, err) < 0) {
		cps_watch_close(w);
		return err->code;
	}
	watch_accounts(w);
	*ret = w;
	return 0;
}

void cps_watch_close(struct cps_watcher *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->count; i++) {
		timer_stop(w->accounts[i]->look);
		timer_stop(w->accounts[i]->errand);
		free(w->accounts[i]->asked);
		free(w->accounts[i]->trouble);
		free(w->accounts[i]);
	}
	cps_inventory_free(&w->inventory);
	free(w->accounts);
	free(w);
}

void cps_watch_reconfigure(struct cps_watcher *w, const struct config *config)
{
	const struct config_cps *old = &w->parts.config->cps, *fresh = &config->cps;
	bool switched = (old->watch == CPS_WATCH_OFF) != (fresh->watch == CPS_WATCH_OFF);
	bool sooner = fresh->watch_interval_ms < old->watch_interval_ms;

	w->parts.config = config;
	for (size_t i = 0; i < w->count; i++)
		if (switched || (sooner && w->accounts[i]->look))
			look_later(w->accounts[i], FIRST_LOOK_MS);
	watch_accounts(w);
}

const struct cps_inventory *cps_watch_inventory(const struct cps_watcher *w)
{
	return &w->inventory;
}

int64_t cps_watch_last_look(const struct cps_watcher *w)
{
	return w->last_look_ms;
}

const char *cps_watch_trouble(const struct cps_watcher *w)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->accounts[i]->trouble && !w->accounts[i]->account->gone)
			return w->accounts[i]->trouble;
	return NULL;
}
