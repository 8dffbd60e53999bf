#include "solver/cps/standing.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/cps/watch.h"

#define DAY_MS (24LL * 3600 * 1000)

const char *cps_need_name(enum cps_need need)
{
	static const char *const names[CPS_NEEDS] = {
		[CPS_NEED_HELD] = "held", [CPS_NEED_FAILING] = "failing", [CPS_NEED_ALARM] = "alarm", [CPS_NEED_WORKING] = "working",
		[CPS_NEED_PENDING] = "pending", [CPS_NEED_NOTHING] = "nothing",
	};

	return names[need];
}

const char *cps_row_phase(const struct cps_row *row)
{
	if (!row->item->change)
		return "idle";
	if (!row->report || !row->report->drive)
		return "pending";
	return *cps_drive_waits_for(row->report->drive) ? "waiting" : "working";
}

/* ---- the newest validation of each enrollment */

struct newest {
	char *key;
	const struct report *report;
	UT_hash_handle hh;
};

static struct newest *index_reports(const struct cps *c)
{
	struct newest *all = NULL, *one;

	for (const struct report *r = c->reports; r; r = r->next) {
		CLEANUP(mem_freep) char *key = mem_printf("%s%s%" PRId64, r->account, *r->account ? "/" : "", r->enrollment);

		HASH_FIND_STR(all, key, one);
		if (one)
			continue;
		one = mem_new(1, sizeof(*one));
		one->key = mem_dup(key);
		one->report = r;
		HASH_ADD_KEYPTR(hh, all, one->key, strlen(one->key), one);
	}
	return all;
}

static void index_free(struct newest *all)
{
	struct newest *one, *next;

	HASH_ITER(hh, all, one, next) {
		HASH_DEL(all, one);
		free(one->key);
		free(one);
	}
}

/* One that is over counts for the change that it was about, and for no other. */
static bool is_about(const struct report *r, const struct cps_item *item)
{
	return r->drive || (item->change && r->change == item->change);
}

/* ---- rows */

static enum cps_need need_of(const struct cps_row *row)
{
	const struct report *r = row->report;

	if (row->kind == CPS_CLASS_IGNORED)
		return CPS_NEED_NOTHING;
	if (row->view.held)
		return CPS_NEED_HELD;
	if (row->view.failing || (r && !r->drive && r->outcome != CPS_OUTCOME_DONE))
		return CPS_NEED_FAILING;
	if (row->alarmed)
		return CPS_NEED_ALARM;
	if (r && r->drive)
		return CPS_NEED_WORKING;
	return row->item->change ? CPS_NEED_PENDING : CPS_NEED_NOTHING;
}

/* Before the watcher has looked once, too. */
char *cps_row_alarm(const struct cps *c, const struct cps_row *row)
{
	return row->item->alarm ? mem_dup(row->item->alarm) : cps_alarm_of(c->parts.config, row->item, NULL, NULL, loop_wall_ms(c->parts.loop)).text;
}

static void fill(const struct cps *c, const struct cps_item *item, struct newest *reports, struct cps_row *row)
{
	struct newest *one;

	HASH_FIND_STR(reports, item->key, one);
	*row = (struct cps_row){ .item = item, .kind = cps_class_kind(&c->parts.config->cps, item) };
	if (one && is_about(one->report, item))
		row->report = one->report;
	if (row->report && row->report->drive)
		cps_drive_view(row->report->drive, &row->view);
	CLEANUP(mem_freep) char *alarm = cps_row_alarm(c, row);
	row->alarmed = alarm != NULL;
	row->need = need_of(row);
}

struct cps_row *cps_rows(const struct cps *c, size_t *ret_count)
{
	const struct cps_inventory *v = c->watch ? cps_watch_inventory(c->watch) : NULL;
	struct newest *reports = v ? index_reports(c) : NULL;
	struct cps_row *rows = v ? mem_new(HASH_COUNT(v->items) + 1, sizeof(*rows)) : NULL;

	*ret_count = 0;
	for (const struct cps_item *item = v ? v->items : NULL; item; item = item->hh.next)
		fill(c, item, reports, &rows[(*ret_count)++]);
	index_free(reports);
	return rows;
}

/* ---- choosing */

static bool stands_in(const char *text, const char *wanted)
{
	return text && strcasestr(text, wanted);
}

/* A name, an id, or a reason. */
static bool is_found(const struct cps_row *row, const char *wanted)
{
	const struct report *r = row->report;

	return stands_in(row->item->cn, wanted) || stands_in(row->view.warnings, wanted) || stands_in(row->item->key, wanted) || stands_in(row->item->alarm, wanted) ||
	       (r && r->drive && stands_in(cps_drive_waits_for(r->drive), wanted)) || (r && !r->drive && stands_in(r->err.text, wanted));
}

static bool is_needed(const struct cps_row *row, const char *wanted)
{
	return strcmp(wanted, "somebody") == 0 ? row->need < CPS_NEEDS_SOMEBODY : strcmp(wanted, cps_need_name(row->need)) == 0;
}

static bool is_asked_for(const struct cps_inventory_query *q, const struct cps_row *row, int64_t now)
{
	int64_t left = row->item->expiry_ms - now;

	if (q->kind && strcmp(q->kind, cps_class_name(row->kind)) != 0)
		return false;
	if (q->account && strcmp(q->account, row->item->account) != 0)
		return false;
	if ((q->phase && strcmp(q->phase, cps_row_phase(row)) != 0) || (q->contract && strcmp(q->contract, row->item->contract) != 0))
		return false;
	if (q->need && !is_needed(row, q->need))
		return false;
	if (q->search && *q->search && !is_found(row, q->search))
		return false;
	if ((q->expiring_days > 0 || q->expiring_after_days > 0) && (!row->item->expiry_ms || (!q->kind && row->kind == CPS_CLASS_IGNORED)))
		return false;
	return (q->expiring_days <= 0 || left < q->expiring_days * DAY_MS) &&
	       (q->expiring_after_days <= 0 || left >= q->expiring_after_days * DAY_MS);
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct cps_row *)a)->item->key, ((const struct cps_row *)b)->item->key);
}

static int by_number(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

/* What is not known comes last. */
static int by_time(int64_t a, int64_t b)
{
	return by_number(a ? a : INT64_MAX, b ? b : INT64_MAX);
}

static int by_expiry(const void *a, const void *b)
{
	int order = by_time(((const struct cps_row *)a)->item->expiry_ms, ((const struct cps_row *)b)->item->expiry_ms);

	return order ? order : by_key(a, b);
}

static int by_need(const void *a, const void *b)
{
	int order = by_number(((const struct cps_row *)a)->need, ((const struct cps_row *)b)->need);

	return order ? order : by_expiry(a, b);
}

static int by_name(const void *a, const void *b)
{
	int order = strcmp(((const struct cps_row *)a)->item->cn, ((const struct cps_row *)b)->item->cn);

	return order ? order : by_key(a, b);
}

static int by_renewal(const void *a, const void *b)
{
	int order = by_time(((const struct cps_row *)a)->item->auto_renewal_ms, ((const struct cps_row *)b)->item->auto_renewal_ms);

	return order ? order : by_key(a, b);
}

static int by_step(const void *a, const void *b)
{
	int order = by_number(((const struct cps_row *)b)->view.step, ((const struct cps_row *)a)->view.step);

	return order ? order : by_need(a, b);
}

typedef int (*order_fn)(const void *a, const void *b);

static const struct { const char *name; order_fn order; } orders[] = {
	{ "key", by_key }, { "need", by_need }, { "expiry", by_expiry }, { "name", by_name }, { "renewal", by_renewal }, { "step", by_step },
};

static order_fn order_of(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_LEN(orders); i++)
		if (strcmp(orders[i].name, name) == 0)
			return orders[i].order;
	return by_key;
}

bool cps_inventory_can_sort(const char *sort)
{
	return order_of(sort) != by_key || strcmp(sort, "key") == 0;
}

bool cps_inventory_can_choose(const char *need)
{
	bool known = strcmp(need, "somebody") == 0;

	for (int i = 0; i < CPS_NEEDS; i++)
		known |= strcmp(need, cps_need_name((enum cps_need)i)) == 0;
	return known;
}

bool cps_inventory_knows(const struct cps *c, const char *key)
{
	return c->watch && cps_inventory_find(cps_watch_inventory(c->watch), key);
}

/* Where the last page ended, whatever became of its last row meanwhile. Keys say that also of a row that is gone. */
static size_t begin_after(const char *after, const struct cps_row *last, const struct cps_row *rows, size_t count, order_fn order)
{
	size_t at = 0;

	while (after && at < count && (order == by_key ? strcmp(rows[at].item->key, after) : last->item ? order(&rows[at], last) : 1) <= 0)
		at++;
	return at;
}

size_t cps_rows_select(const struct cps *c, const struct cps_inventory_query *q, struct cps_row *rows, size_t count, size_t *ret_first)
{
	int64_t now = loop_wall_ms(c->parts.loop);
	order_fn order = order_of(q->sort);
	struct cps_row last = { 0 };
	size_t chosen = 0;

	for (size_t i = 0; i < count; i++) {
		if (q->after && strcmp(rows[i].item->key, q->after) == 0)
			last = rows[i];
		if (is_asked_for(q, &rows[i], now))
			rows[chosen++] = rows[i];
	}
	qsort(rows, chosen, sizeof(*rows), order);
	*ret_first = begin_after(q->after, &last, rows, chosen, order);
	return chosen;
}
