/* The inventory as the API shows it, and approvals. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/base/buf.h"
#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/cps/errand.h"
#include "solver/cps/watch.h"

#define DAY_MS (24LL * 3600 * 1000)
#define LIMIT_DEFAULT 100
#define LIMIT_MAX 1000

static const char *const kinds[] = { [CPS_CLASS_MONITORED] = "monitored", [CPS_CLASS_MANAGED] = "managed", [CPS_CLASS_IGNORED] = "ignored" };

static const char *phase_of(const struct cps_item *item, const struct report *r)
{
	if (!item->change)
		return "idle";
	if (!r || !r->drive)
		return "pending";
	return *cps_drive_waits_for(r->drive) ? "waiting" : "working";
}

static const struct report *report_of(const struct cps *c, const struct cps_item *item)
{
	for (const struct report *r = c->reports; r; r = r->next)
		if (r->drive && r->enrollment == item->id && strcmp(r->account, item->account) == 0)
			return r;
	return NULL;
}

static json_t *hold_json(const struct report *r)
{
	const struct cps_hold *hold = r && r->drive ? cps_drive_hold(r->drive) : NULL;

	if (!hold)
		return json_null();
	return json_pack("{s:I, s:o, s:o, s:o}", "change", (json_int_t)cps_drive_change(r->drive), "hash", errand_text(hold->hash), "messages",
	                 errand_text(hold->messages), "deadline", errand_time(hold->deadline_ms));
}

static json_t *item_json(const struct cps *c, const struct cps_item *item)
{
	const struct report *r = report_of(c, item);
	int kind = cps_class_kind(&c->parts.config->cps, item);

	return json_pack("{s:s, s:o, s:I, s:o, s:I, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "key", item->key, "account",
	                 errand_text(item->account), "id", (json_int_t)item->id, "cn", errand_text(item->cn), "names", (json_int_t)item->san_count,
	                 "class", kinds[kind], "phase", phase_of(item, r), "contract", errand_text(item->contract), "change",
	                 item->change ? json_integer((json_int_t)item->change) : json_null(), "auto_renewal_start", errand_time(item->auto_renewal_ms),
	                 "expiry", errand_time(item->expiry_ms), "waits_for", errand_text(r ? cps_drive_waits_for(r->drive) : NULL), "hold", hold_json(r),
	                 "alarm", errand_text(item->alarm), "seen", errand_time(item->seen_ms));
}

static bool is_asked_for(const struct cps *c, const struct cps_inventory_query *q, const struct cps_item *item)
{
	int64_t now = loop_wall_ms(c->parts.loop);

	if (q->kind && strcmp(q->kind, kinds[cps_class_kind(&c->parts.config->cps, item)]) != 0)
		return false;
	if (q->search && !strcasestr(item->cn, q->search))
		return false;
	return q->expiring_days <= 0 || (item->expiry_ms && item->expiry_ms - now < q->expiring_days * DAY_MS);
}

static int by_key(const void *a, const void *b)
{
	return strcmp((*(const struct cps_item *const *)a)->key, (*(const struct cps_item *const *)b)->key);
}

/* Those that are asked for, by key; gives the array. */
static const struct cps_item **select_items(const struct cps *c, const struct cps_inventory_query *q, size_t *ret_count)
{
	const struct cps_inventory *v = cps_watch_inventory(c->watch);
	const struct cps_item **list = mem_new(HASH_COUNT(v->items) + 1, sizeof(*list));

	*ret_count = 0;
	for (const struct cps_item *item = v->items; item; item = item->hh.next)
		if (is_asked_for(c, q, item) && (!q->after || strcmp(item->key, q->after) > 0))
			list[(*ret_count)++] = item;
	qsort(list, *ret_count, sizeof(*list), by_key);
	return list;
}

static json_t *counts_json(const struct cps *c)
{
	const struct cps_inventory *v = cps_watch_inventory(c->watch);
	json_int_t counts[3] = { 0 }, pending = 0, alarms = 0;

	for (const struct cps_item *item = v->items; item; item = item->hh.next) {
		counts[cps_class_kind(&c->parts.config->cps, item)]++;
		pending += item->change != 0;
		alarms += item->alarm != NULL;
	}
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "managed", counts[CPS_CLASS_MANAGED], "monitored", counts[CPS_CLASS_MONITORED], "ignored",
	                 counts[CPS_CLASS_IGNORED], "pending", pending, "alarms", alarms);
}

json_t *cps_inventory_json(struct cps *c, const struct cps_inventory_query *q)
{
	static const char *const words[] = { [CPS_WATCH_OFF] = "off", [CPS_WATCH_READ] = "read", [CPS_WATCH_ACT] = "act" };
	size_t limit = q->limit <= 0 ? LIMIT_DEFAULT : q->limit > LIMIT_MAX ? LIMIT_MAX : (size_t)q->limit, count = 0;
	const struct cps_item **list = c->watch ? select_items(c, q, &count) : NULL;
	json_t *array = json_array(), *all;

	for (size_t i = 0; i < count && i < limit; i++)
		json_array_append_new(array, item_json(c, list[i]));
	all = json_pack("{s:o, s:o, s:s, s:o, s:o, s:o}", "enrollments", array, "counts", c->watch ? counts_json(c) : json_object(), "watch",
	                words[c->parts.config->cps.watch], "last_look", errand_time(c->watch ? cps_watch_last_look(c->watch) : 0), "trouble",
	                errand_text(c->watch ? cps_watch_trouble(c->watch) : NULL), "next", count > limit ? json_string(list[limit - 1]->key) : json_null());
	free(list);
	return all;
}

void cps_metrics(const struct cps *c, struct buf *out)
{
	static const char *const phases[] = { "idle", "pending", "working", "waiting" };
	size_t counts[3][ARRAY_LEN(phases)] = { 0 }, alarms = 0;

	if (!c->watch)
		return;
	for (const struct cps_item *item = cps_watch_inventory(c->watch)->items; item; item = item->hh.next) {
		const char *phase = phase_of(item, report_of(c, item));

		for (size_t p = 0; p < ARRAY_LEN(phases); p++)
			counts[cps_class_kind(&c->parts.config->cps, item)][p] += strcmp(phases[p], phase) == 0;
		alarms += item->alarm != NULL;
	}
	buf_add_text(out, "# HELP dcvd_cps_enrollments Enrollments by class and phase.\n# TYPE dcvd_cps_enrollments gauge\n");
	for (size_t k = 0; k < ARRAY_LEN(counts); k++)
		for (size_t p = 0; p < ARRAY_LEN(phases); p++)
			buf_printf(out, "dcvd_cps_enrollments{class=\"%s\",phase=\"%s\"} %zu\n", kinds[k], phases[p], counts[k][p]);
	buf_printf(out, "# HELP dcvd_cps_alarms Enrollments that need somebody.\n# TYPE dcvd_cps_alarms gauge\ndcvd_cps_alarms %zu\n", alarms);
	buf_add_text(out, "# HELP dcvd_cps_expiry_seconds When the certificate in production ends, since 1970.\n# TYPE dcvd_cps_expiry_seconds gauge\n");
	for (const struct cps_item *item = cps_watch_inventory(c->watch)->items; item; item = item->hh.next)
		if (item->expiry_ms)
			buf_printf(out, "dcvd_cps_expiry_seconds{enrollment=\"%s\"} %lld\n", item->key, (long long)(item->expiry_ms / 1000));
}

/* ---- approvals */

static struct report *waiting_report(struct cps *c, const char *account, int64_t enrollment)
{
	for (struct report *r = c->reports; r; r = r->next)
		if (r->drive && r->enrollment == enrollment && strcmp(r->account, account ? account : "") == 0)
			return r;
	return NULL;
}

/* Who agreed to this hash; another hash makes the earlier ones void. */
static void add_approver(struct report *r, const char *hash, const char *who)
{
	if (!r->approved_hash || strcmp(r->approved_hash, hash) != 0) {
		mem_replace(&r->approved_hash, hash);
		mem_replace(&r->approvers[0], NULL);
		mem_replace(&r->approvers[1], NULL);
	}
	for (size_t i = 0; i < ARRAY_LEN(r->approvers); i++) {
		if (r->approvers[i] && strcmp(r->approvers[i], who) == 0)
			return;
		if (!r->approvers[i]) {
			r->approvers[i] = mem_dup(who);
			return;
		}
	}
}

int cps_approve(struct cps *c, const char *account, int64_t enrollment, int64_t change, const char *hash, const char *who, size_t *ret_missing,
                struct err *err)
{
	struct report *r = waiting_report(c, account, enrollment);
	const struct cps_hold *hold = r ? cps_drive_hold(r->drive) : NULL;
	size_t have;

	if (!hold || cps_drive_change(r->drive) != change)
		return err_set(err, ERR_CONFLICT, "change %lld does not wait for an approval", (long long)change);
	if (strcmp(hold->hash, hash) != 0)
		return err_set(err, ERR_CONFLICT, "change %lld shows another result by now: look at it again", (long long)change);
	add_approver(r, hash, who);
	have = (r->approvers[0] != NULL) + (r->approvers[1] != NULL);
	*ret_missing = r->approvals > have ? r->approvals - have : 0;
	return *ret_missing ? 0 : cps_drive_approve(r->drive, change, hash, err);
}
