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
#define CERTIFICATE_PAUSE_MS 10000   /* between two looks at certificates */
#define FIRST_LOOK_MS 2000

struct cps_watcher {
	struct cps_watch_parts parts;
	struct cps_inventory inventory;
	struct timer *look, *certificate;
	size_t account;                  /* the one that is being listed */
	char *asked;                     /* key of the enrollment whose certificate was asked for */
	int64_t last_look_ms;
	char *trouble;
};

static void look(void *arg);

static void look_later(struct cps_watcher *w, int64_t after_ms)
{
	timer_stop(w->look);
	w->look = w->parts.config->cps.watch == CPS_WATCH_OFF ? NULL : timer_start(w->parts.loop, after_ms, look, w);
}

/* ---- alarms and changes */

static void note(const struct cps_item *item, enum log_level level, const char *what, const char *detail)
{
	log_event(level, what, "enrollment", item->key, "name", item->cn, "detail", detail ? detail : "", NULL);
}

/* Told when it begins and when it is over, not at every look. */
static void judge(struct cps_watcher *w, struct cps_item *item)
{
	int64_t now = loop_settled_ms(w->parts.loop);
	CLEANUP(mem_freep) char *alarm = now ? cps_alarm_of(w->parts.config, item, now) : NULL;

	if (!now || (!alarm && !item->alarm))
		return;
	if (alarm && !item->alarm)
		note(item, LOG_ERROR, "alarm: an enrollment needs somebody", alarm);
	else if (!alarm)
		note(item, LOG_INFO, "the alarm of an enrollment is over", item->alarm);
	mem_replace(&item->alarm, alarm);
}

static void offer(struct cps_watcher *w, const struct cps_item *item)
{
	const struct config_cps *cps = &w->parts.config->cps;
	const struct config_cps_class *class = cps_class_of(cps, item);

	if (cps->watch != CPS_WATCH_ACT || !class || class->kind != CPS_CLASS_MANAGED || !item->change || strcmp(item->validation_type, "dv") != 0)
		return;
	w->parts.found(item, config_cps_policy(w->parts.config, class->policy), w->parts.arg);
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

		if (cps_answer_read(one, &e) < 0)
			continue;
		item = cps_inventory_see(&w->inventory, account->name, contract, &e, now, t);
		cps_enrollment_done(&e);
		judge(w, item);
		offer(w, item);
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
		note(item, LOG_WARNING, "an enrollment is not listed any more", NULL);
		cps_inventory_drop(&w->inventory, item, t);
	}
	store_commit(t, NULL, NULL);
}

static void list_account(struct cps_watcher *w);

static void on_list(json_t *result, const struct err *err, void *arg)
{
	struct cps_watcher *w = arg;
	const struct cps_account *account = w->parts.accounts->items[w->account];

	if (err->code < 0) {
		mem_replace(&w->trouble, err->text);
		log_event(LOG_WARNING, "cannot list the enrollments", "account", account->name, "error", err->text, NULL);
	} else {
		see_list(w, account, result);
		if (!json_object_get(result, "skipped"))
			drop_vanished(w, account->name);
		w->last_look_ms = loop_wall_ms(w->parts.loop);
	}
	w->account++;
	list_account(w);
}

static void list_account(struct cps_watcher *w)
{
	struct err err;

	for (; w->account < w->parts.accounts->count; w->account++) {
		const struct cps_account *account = w->parts.accounts->items[w->account];

		if (account->gone)
			continue;
		if (w->parts.ask("list", account->name, 0, on_list, w, &err, w->parts.arg) == 0)
			return;
		mem_replace(&w->trouble, err.text);
		log_event(LOG_WARNING, "cannot list the enrollments", "account", account->name, "error", err.text, NULL);
	}
	look_later(w, w->parts.config->cps.watch_interval_ms);
}

static void look(void *arg)
{
	struct cps_watcher *w = arg;

	w->look = NULL;
	w->account = 0;
	w->inventory.look++;
	mem_replace(&w->trouble, NULL);
	list_account(w);
}

/* ---- when certificates end: one after the other, the rest of the budget is for others */

static bool wants_certificate(const struct cps_watcher *w, const struct cps_item *item, int64_t now)
{
	if (cps_class_kind(&w->parts.config->cps, item) == CPS_CLASS_IGNORED || !item->seen_ms)
		return false;
	return !item->expiry_read_ms || (now - item->expiry_read_ms > DAY_MS && (!item->expiry_ms || item->expiry_ms - now < NEAR_MS));
}

static void read_certificate(void *arg);

static void on_certificate(json_t *result, const struct err *err, void *arg)
{
	struct cps_watcher *w = arg;
	struct cps_item *item = w->asked ? cps_inventory_find(&w->inventory, w->asked) : NULL;
	struct store_txn *t;

	mem_replace(&w->asked, NULL);
	w->certificate = timer_start(w->parts.loop, CERTIFICATE_PAUSE_MS, read_certificate, w);
	if (!item || err->code < 0)
		return;
	item->expiry_ms = cps_json_time(result, "expiry");
	item->expiry_read_ms = loop_wall_ms(w->parts.loop);
	t = store_begin(w->parts.store);
	cps_inventory_journal(item, t);
	store_commit(t, NULL, NULL);
	judge(w, item);
}

static void read_certificate(void *arg)
{
	struct cps_watcher *w = arg;
	int64_t now = loop_wall_ms(w->parts.loop);
	struct cps_item *item, *next;
	struct err err;

	w->certificate = NULL;
	HASH_ITER(hh, w->inventory.items, item, next) {
		if (w->parts.config->cps.watch == CPS_WATCH_OFF || !wants_certificate(w, item, now))
			continue;
		mem_replace(&w->asked, item->key);
		if (w->parts.ask("certificate", item->account, item->id, on_certificate, w, &err, w->parts.arg) == 0)
			return;
		break;
	}
	w->certificate = timer_start(w->parts.loop, CERTIFICATE_PAUSE_MS, read_certificate, w);
}

/* ---- life */

int cps_watch_open(const struct cps_watch_parts *parts, struct cps_watcher **ret, struct err *err)
{
	struct cps_watcher *w = mem_new(1, sizeof(*w));

	w->parts = *parts;
	if (cps_inventory_load(&w->inventory, parts->store, err) < 0) {
		cps_watch_close(w);
		return err->code;
	}
	look_later(w, FIRST_LOOK_MS);
	w->certificate = timer_start(parts->loop, CERTIFICATE_PAUSE_MS, read_certificate, w);
	*ret = w;
	return 0;
}

void cps_watch_close(struct cps_watcher *w)
{
	if (!w)
		return;
	timer_stop(w->look);
	timer_stop(w->certificate);
	cps_inventory_free(&w->inventory);
	free(w->asked);
	free(w->trouble);
	free(w);
}

void cps_watch_reconfigure(struct cps_watcher *w, const struct config *config)
{
	const struct config_cps *old = &w->parts.config->cps, *fresh = &config->cps;
	bool switched = (old->watch == CPS_WATCH_OFF) != (fresh->watch == CPS_WATCH_OFF);
	bool sooner = w->look && fresh->watch_interval_ms < old->watch_interval_ms;

	w->parts.config = config;
	if (switched || sooner)
		look_later(w, FIRST_LOOK_MS);
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
	return w->trouble;
}
