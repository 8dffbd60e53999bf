#include "solver/cps/inventory.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/cps/json.h"

#define PREFIX "cps-enrollment/"
#define DAY_MS (24LL * 3600 * 1000)
#define SOON_MS (14 * DAY_MS) /* without a policy */

static void item_free(struct cps_item *item)
{
	free(item->key);
	free(item->account);
	free(item->contract);
	free(item->cn);
	free(item->validation_type);
	free(item->ra);
	free(item->change_type);
	free(item->alarm);
	free(item);
}

/* ---- the journal */

void cps_inventory_journal(const struct cps_item *i, struct store_txn *t)
{
	CLEANUP(mem_freep) char *key = mem_printf(PREFIX "%s", i->key);
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:s, s:I, s:I, s:I, s:I}", "account", i->account, "contract", i->contract, "cn", i->cn,
	                      "type", i->validation_type, "ra", i->ra, "id", (json_int_t)i->id, "sans", (json_int_t)i->san_count, "change",
	                      (json_int_t)i->change, "change_type", i->change_type, "renewal", (json_int_t)i->auto_renewal_ms, "expiry",
	                      (json_int_t)i->expiry_ms, "expiry_read", (json_int_t)i->expiry_read_ms, "change_seen", (json_int_t)i->first_seen_change_ms);
	CLEANUP(mem_freep) char *value = o ? json_dumps(o, JSON_COMPACT) : NULL;

	json_decref(o);
	if (value)
		store_set(t, key, value);
}

static void load_row(const char *key, const char *value, void *arg)
{
	struct cps_inventory *v = arg;
	json_t *o = json_loads(value, 0, NULL);
	struct cps_item *item = json_is_object(o) ? mem_new(1, sizeof(*item)) : NULL;

	if (!item) {
		json_decref(o);
		return;
	}
	*item = (struct cps_item){
		.key = mem_dup(key + strlen(PREFIX)), .account = cps_json_text(o, "account"), .contract = cps_json_text(o, "contract"),
		.cn = cps_json_text(o, "cn"), .validation_type = cps_json_text(o, "type"), .ra = cps_json_text(o, "ra"), .id = cps_json_id(o, "id"),
		.san_count = cps_json_id(o, "sans"), .change = cps_json_id(o, "change"), .change_type = cps_json_text(o, "change_type"),
		.auto_renewal_ms = cps_json_id(o, "renewal"), .expiry_ms = cps_json_id(o, "expiry"), .expiry_read_ms = cps_json_id(o, "expiry_read"),
		.first_seen_change_ms = cps_json_id(o, "change_seen"),
	};
	HASH_ADD_KEYPTR(hh, v->items, item->key, strlen(item->key), item);
	json_decref(o);
}

int cps_inventory_load(struct cps_inventory *v, struct store *s, struct err *err)
{
	*v = (struct cps_inventory){ 0 };
	return store_each_setting(s, PREFIX, load_row, v, err);
}

void cps_inventory_free(struct cps_inventory *v)
{
	struct cps_item *item, *next;

	HASH_ITER(hh, v->items, item, next) {
		HASH_DEL(v->items, item);
		item_free(item);
	}
}

struct cps_item *cps_inventory_find(const struct cps_inventory *v, const char *key)
{
	struct cps_item *item;

	HASH_FIND_STR(v->items, key, item);
	return item;
}

void cps_inventory_drop(struct cps_inventory *v, struct cps_item *item, struct store_txn *t)
{
	CLEANUP(mem_freep) char *key = mem_printf(PREFIX "%s", item->key);

	store_set(t, key, NULL);
	HASH_DEL(v->items, item);
	item_free(item);
}

/* ---- what a list says */

static bool take_text(char **slot, const char *text)
{
	if (*slot && strcmp(*slot, text) == 0)
		return false;
	mem_replace(slot, text);
	return true;
}

static bool take_number(int64_t *slot, int64_t number)
{
	bool differs = *slot != number;

	*slot = number;
	return differs;
}

static bool take(struct cps_item *item, const char *contract, const struct cps_enrollment *e, int64_t now_ms)
{
	const struct cps_pending *newest = cps_enrollment_newest(e);
	bool differs = take_text(&item->contract, contract ? contract : "");

	differs |= take_text(&item->cn, e->cn);
	differs |= take_text(&item->validation_type, e->validation_type);
	differs |= take_text(&item->ra, e->ra);
	differs |= take_number(&item->san_count, (int64_t)e->san_count);
	differs |= take_number(&item->auto_renewal_ms, e->auto_renewal_ms);
	differs |= take_text(&item->change_type, newest ? newest->type : "");
	if (take_number(&item->change, newest ? newest->change : 0)) {
		item->first_seen_change_ms = newest ? now_ms : 0;
		item->expiry_read_ms = 0; /* a change that is over may have brought another certificate */
		differs = true;
	}
	return differs;
}

struct cps_item *cps_inventory_see(struct cps_inventory *v, const char *account, const char *contract, const struct cps_enrollment *e, int64_t now_ms,
                                   struct store_txn *t)
{
	CLEANUP(mem_freep) char *key = mem_printf("%s%s%" PRId64, account, *account ? "/" : "", e->id);
	struct cps_item *item = cps_inventory_find(v, key);
	bool fresh = !item;

	if (fresh) {
		item = mem_new(1, sizeof(*item));
		item->key = mem_dup(key);
		item->account = mem_dup(account);
		item->id = e->id;
		HASH_ADD_KEYPTR(hh, v->items, item->key, strlen(item->key), item);
	}
	if (take(item, contract, e, now_ms) || fresh)
		cps_inventory_journal(item, t);
	item->seen_ms = now_ms;
	item->look = v->look;
	return item;
}

/* ---- classes */

/* "*.example.com": everything below. */
static bool matches_name(const char *pattern, const char *name)
{
	size_t below = strlen(pattern + 1), length = strlen(name);

	if (strncmp(pattern, "*.", 2) != 0)
		return strcasecmp(pattern, name) == 0;
	return length > below && strcasecmp(name + length - below, pattern + 1) == 0;
}

static bool matches(const char *wanted, const char *text)
{
	return !wanted || strcasecmp(wanted, text) == 0;
}

const struct config_cps_class *cps_class_of(const struct config_cps *cps, const struct cps_item *item)
{
	for (size_t i = 0; i < cps->class_count; i++) {
		const struct config_cps_class *c = &cps->classes[i];

		if ((!c->cn || matches_name(c->cn, item->cn)) && matches(c->ra, item->ra) && matches(c->validation, item->validation_type) &&
		    matches(c->contract, item->contract) && matches(c->account, item->account))
			return c;
	}
	return NULL;
}

int cps_class_kind(const struct config_cps *cps, const struct cps_item *item)
{
	const struct config_cps_class *class = cps_class_of(cps, item);

	return class ? class->kind : CPS_CLASS_MONITORED;
}

/* ---- alarms */

/* "21d": the longest of those that a policy names. */
static int64_t alarm_before(const struct config *config, const struct cps_item *item)
{
	const struct config_cps_class *class = cps_class_of(&config->cps, item);
	const struct config_cps_policy *policy = class ? config_cps_policy(config, class->policy) : NULL;
	int64_t longest = 0;

	for (size_t i = 0; policy && policy->alarm_before && policy->alarm_before[i]; i++) {
		char *unit;
		long long count = strtoll(policy->alarm_before[i], &unit, 10);
		int64_t ms = strcmp(unit, "d") == 0 ? count * DAY_MS : strcmp(unit, "h") == 0 ? count * 3600 * 1000 : 0;

		longest = ms > longest ? ms : longest;
	}
	return longest ? longest : SOON_MS;
}

static char *ends_soon(int64_t days)
{
	if (days < 1)
		return mem_dup("the certificate in production ends within a day");
	return mem_printf("the certificate in production ends in %" PRId64 " %s", days, days == 1 ? "day" : "days");
}

char *cps_alarm_of(const struct config *config, const struct cps_item *item, int64_t now_ms)
{
	char text[CLOCK_TEXT_SIZE];

	if (cps_class_kind(&config->cps, item) == CPS_CLASS_IGNORED)
		return NULL;
	if (item->expiry_ms && item->expiry_ms <= now_ms)
		return mem_printf("the certificate in production has ended at %s", clock_text(item->expiry_ms, text));
	if (item->expiry_ms && item->expiry_ms - now_ms < alarm_before(config, item))
		return ends_soon((item->expiry_ms - now_ms) / DAY_MS);
	if (item->auto_renewal_ms && !item->change && now_ms - item->auto_renewal_ms > DAY_MS)
		return mem_printf("CPS wanted to renew it at %s and has not begun", clock_text(item->auto_renewal_ms, text));
	if (item->change && item->first_seen_change_ms && now_ms - item->first_seen_change_ms > 2 * DAY_MS)
		return mem_printf("change %" PRId64 " is open for more than two days", item->change);
	return NULL;
}
