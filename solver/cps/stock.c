/* The inventory as the API shows it. */
#include <stdlib.h>
#include <string.h>

#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/cps/approval.h"
#include "solver/cps/errands.h"
#include "solver/cps/standing.h"
#include "solver/cps/watch.h"

#define DAY_MS (24LL * 3600 * 1000)
#define LIMIT_DEFAULT 100
#define LIMIT_MAX 1000
#define WEEKS 13

/* Only what was said of this very result counts. */
static void read_approvals(const struct cps *c, const struct report *r, const struct cps_hold *hold, struct cps_approvals *ret)
{
	struct err err;

	*ret = (struct cps_approvals){ 0 };
	if (cps_approvals_get(c->parts.store, r->home, ret, &err) == 0 &&
	    (ret->change != cps_drive_change(r->drive) || strcmp(ret->hash, hold->hash) != 0))
		cps_approvals_done(ret);
}

static json_t *hold_json(const struct cps *c, const struct cps_item *item, const struct report *r)
{
	const struct cps_hold *hold = r && r->drive ? cps_drive_hold(r->drive) : NULL;
	const struct config_cps_policy *policy = cps_policy_of(c->parts.config, item);
	json_t *approvers;
	struct cps_approvals a;
	json_t *o;

	if (!hold)
		return json_null();
	read_approvals(c, r, hold, &a);
	approvers = json_array();
	for (size_t i = 0; i < cps_approvals_count(&a); i++)
		json_array_append_new(approvers, errand_text(a.who[i]));
	o = json_pack("{s:I, s:o, s:o, s:o, s:I, s:o, s:o, s:b}", "change", (json_int_t)cps_drive_change(r->drive), "hash", errand_text(hold->hash),
	              "messages", errand_text(hold->messages), "deadline", errand_time(hold->deadline_ms), "approvals", (json_int_t)policy->approvals,
	              "approved_by", approvers, "not_before", errand_time(a.not_before_ms), "can_approve",
	              policy->change_management == CPS_MANAGEMENT_APPROVE && !hold->error_count);
	cps_approvals_done(&a);
	return o;
}

static json_t *error_json(const struct report *r)
{
	if (!r || r->drive || r->err.code == 0)
		return json_null();
	return json_pack("{s:s, s:o, s:o}", "code", err_name(r->err.code), "detail", errand_text(r->err.text), "at", errand_time(r->finished_ms));
}

static json_t *row_json(const struct cps *c, const struct cps_row *row)
{
	CLEANUP(mem_freep) char *alarm = cps_row_alarm(c, row);
	const struct cps_item *item = row->item;
	const struct report *r = row->report;
	json_t *o = json_pack("{s:s, s:o, s:I, s:o, s:I, s:o, s:s, s:s, s:s, s:o, s:o}", "key", item->key, "account", errand_text(item->account), "id",
	                      (json_int_t)item->id, "cn", errand_text(item->cn), "names", (json_int_t)item->san_count, "type",
	                      errand_text(item->validation_type), "class", cps_class_name(row->kind), "need", cps_need_name(row->need), "phase",
	                      cps_row_phase(row), "step", errand_text(cps_step_name(row->view.step)), "contract", errand_text(item->contract));

	json_object_set_new(o, "since", errand_time(row->view.since_ms ? row->view.since_ms : item->first_seen_change_ms));
	json_object_set_new(o, "change", item->change ? json_integer((json_int_t)item->change) : json_null());
	json_object_set_new(o, "change_type", errand_text(item->change_type));
	json_object_set_new(o, "validation", r ? json_string(r->id) : json_null());
	json_object_set_new(o, "auto_renewal_start", errand_time(item->auto_renewal_ms));
	json_object_set_new(o, "expiry", errand_time(item->expiry_ms));
	json_object_set_new(o, "waits_for", errand_text(r && r->drive ? cps_drive_waits_for(r->drive) : NULL));
	json_object_set_new(o, "error", error_json(r));
	json_object_set_new(o, "warnings", row->view.warnings ? cps_warnings_json(row->view.warnings) : json_null());
	json_object_set_new(o, "hold", hold_json(c, item, r));
	json_object_set_new(o, "alarm", errand_text(alarm));
	json_object_set_new(o, "alarm_kind", errand_text(item->alarm_kind));
	json_object_set_new(o, "last_error", errand_text(item->last_error));
	json_object_set_new(o, "renewal_asked", errand_time(item->renewal_asked_ms));
	json_object_set_new(o, "names_hash", errand_text(item->names_hash));
	json_object_set_new(o, "slots", json_integer((json_int_t)item->slot_count));
	json_object_set_new(o, "seen", errand_time(item->seen_ms));
	return o;
}

static json_t *counts_json(const struct cps_row *rows, size_t count)
{
	json_int_t kinds[3] = { 0 }, needs[CPS_NEEDS] = { 0 }, pending = 0, alarms = 0;
	json_t *by_need = json_object();

	for (size_t i = 0; i < count; i++) {
		kinds[rows[i].kind]++;
		needs[rows[i].need]++;
		pending += rows[i].item->change != 0;
		alarms += rows[i].alarmed;
	}
	for (int i = 0; i < CPS_NEEDS; i++)
		json_object_set_new(by_need, cps_need_name((enum cps_need)i), json_integer(needs[i]));
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "total", (json_int_t)count, "managed", kinds[CPS_CLASS_MANAGED], "monitored",
	                 kinds[CPS_CLASS_MONITORED], "ignored", kinds[CPS_CLASS_IGNORED], "pending", pending, "alarms", alarms, "needs", by_need);
}

/* Certificates by the week, from now, in which they end; what has ended stands in the first. */
static void add_weeks(json_t *all, const struct cps_row *rows, size_t count, int64_t now)
{
	json_int_t weeks[WEEKS] = { 0 }, later = 0, unknown = 0;
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		int64_t left = rows[i].item->expiry_ms - now, week = left < 0 ? 0 : left / (7 * DAY_MS);

		if (rows[i].kind == CPS_CLASS_IGNORED)
			continue;
		if (!rows[i].item->expiry_ms)
			unknown++;
		else if (week < WEEKS)
			weeks[week]++;
		else
			later++;
	}
	for (int i = 0; i < WEEKS; i++)
		json_array_append_new(list, json_integer(weeks[i]));
	json_object_set_new(all, "weeks", list);
	json_object_set_new(all, "later", json_integer(later));
	json_object_set_new(all, "unknown", json_integer(unknown));
}

static json_t *accounts_json(const struct cps *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->accounts.count; i++) {
		const struct cps_account *a = c->accounts.items[i];
		struct akamai_standing s;

		if (a->gone)
			continue;
		akamai_client_standing(a->client, &s);
		json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:I, s:I, s:o, s:o}", "name", a->name, "used", (json_int_t)s.used, "per_minute",
		                                      (json_int_t)s.per_minute, "waiting", (json_int_t)s.waiting, "closed_seconds",
		                                      (json_int_t)((s.closed_ms + 999) / 1000), "trouble", errand_text(s.trouble), "trouble_since",
		                                      errand_time(s.trouble_since_ms)));
	}
	return list;
}

json_t *cps_inventory_json(struct cps *c, const struct cps_inventory_query *q)
{
	static const char *const words[] = { [CPS_WATCH_OFF] = "off", [CPS_WATCH_READ] = "read", [CPS_WATCH_ACT] = "act" };
	size_t limit = q->limit <= 0 ? LIMIT_DEFAULT : q->limit > LIMIT_MAX ? LIMIT_MAX : (size_t)q->limit, count, chosen, first;
	struct cps_row *rows = cps_rows(c, &count);
	json_t *array = json_array(), *all = json_object();

	json_object_set_new(all, "counts", rows ? counts_json(rows, count) : json_object());
	add_weeks(all, rows, count, loop_wall_ms(c->parts.loop));
	chosen = cps_rows_select(c, q, rows, count, &first);
	for (size_t i = first; i < chosen && i - first < limit; i++)
		json_array_append_new(array, row_json(c, &rows[i]));
	json_object_set_new(all, "enrollments", array);
	json_object_set_new(all, "matching", json_integer((json_int_t)chosen));
	json_object_set_new(all, "accounts", accounts_json(c));
	json_object_set_new(all, "watch", json_string(words[c->parts.config->cps.watch]));
	json_object_set_new(all, "last_look", errand_time(c->watch ? cps_watch_last_look(c->watch) : 0));
	json_object_set_new(all, "trouble", errand_text(c->watch ? cps_watch_trouble(c->watch) : NULL));
	json_object_set_new(all, "next", chosen - first > limit ? json_string(rows[first + limit - 1].item->key) : json_null());
	free(rows);
	return all;
}
