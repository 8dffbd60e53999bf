/* What /metrics shows of CPS. */
#include <stdlib.h>
#include <string.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/cps/internal.h"
#include "solver/cps/standing.h"
#include "solver/cps/watch.h"

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_enrollments(const struct cps_row *rows, size_t count, struct buf *out)
{
	static const char *const phases[] = { "idle", "pending", "working", "waiting" };
	size_t counts[3][ARRAY_LEN(phases)] = { 0 }, alarms = 0;

	for (size_t i = 0; i < count; i++) {
		for (size_t p = 0; p < ARRAY_LEN(phases); p++)
			counts[rows[i].kind][p] += strcmp(phases[p], cps_row_phase(&rows[i])) == 0;
		alarms += rows[i].item->alarm != NULL;
	}
	head(out, "dcvd_cps_enrollments", "gauge", "Enrollments by class and phase.");
	for (int k = 0; k < 3; k++)
		for (size_t p = 0; p < ARRAY_LEN(phases); p++)
			buf_printf(out, "dcvd_cps_enrollments{class=\"%s\",phase=\"%s\"} %zu\n", cps_class_name(k), phases[p], counts[k][p]);
	head(out, "dcvd_cps_alarms", "gauge", "Enrollments that need somebody.");
	buf_printf(out, "dcvd_cps_alarms %zu\n", alarms);
}

static void add_changes(const struct cps_row *rows, size_t count, struct buf *out)
{
	size_t counts[CPS_STEPS] = { 0 };

	for (size_t i = 0; i < count; i++)
		if (rows[i].report && rows[i].report->drive)
			counts[rows[i].view.step]++;
	head(out, "dcvd_cps_changes", "gauge", "Changes that dcvd drives, by the step that they are in.");
	for (int i = 0; i < CPS_STEPS; i++)
		buf_printf(out, "dcvd_cps_changes{phase=\"%s\"} %zu\n", cps_step_name((enum cps_step)i) ? cps_step_name((enum cps_step)i) : "unknown", counts[i]);
}

/* The class and the phase stand beside the end, so that an alert can leave out what is nobody's business. */
static void add_ends(const struct cps_row *rows, size_t count, struct buf *out)
{
	head(out, "dcvd_cps_expiry_seconds", "gauge", "When the certificate in production ends, since 1970.");
	for (size_t i = 0; i < count; i++)
		if (rows[i].item->expiry_ms)
			buf_printf(out, "dcvd_cps_expiry_seconds{enrollment=\"%s\",class=\"%s\",phase=\"%s\"} %lld\n", rows[i].item->key,
			           cps_class_name(rows[i].kind), cps_row_phase(&rows[i]), (long long)(rows[i].item->expiry_ms / 1000));
}

static void add_requests(const struct cps *c, struct buf *out)
{
	head(out, "dcvd_cps_requests_total", "counter", "Requests to CPS by account and status; 0: without an answer.");
	for (size_t i = 0; i < c->accounts.count; i++)
		for (int status = 0; status < AKAMAI_STATUS_MAX; status++) {
			uint64_t count = akamai_client_numbers(c->accounts.items[i]->client)->answers[status];

			if (count)
				buf_printf(out, "dcvd_cps_requests_total{account=\"%s\",status=\"%d\"} %llu\n", c->accounts.items[i]->name, status, (unsigned long long)count);
		}
	head(out, "dcvd_cps_budget_wait_seconds", "counter", "How long requests have waited for the limits of their account, all together.");
	for (size_t i = 0; i < c->accounts.count; i++)
		buf_printf(out, "dcvd_cps_budget_wait_seconds{account=\"%s\"} %.3f\n", c->accounts.items[i]->name,
		           (double)akamai_client_numbers(c->accounts.items[i]->client)->waited_ms / 1000);
	head(out, "dcvd_cps_requests_waiting", "gauge", "Requests that wait for the limits of their account now.");
	for (size_t i = 0; i < c->accounts.count; i++) {
		struct akamai_standing standing;

		akamai_client_standing(c->accounts.items[i]->client, &standing);
		buf_printf(out, "dcvd_cps_requests_waiting{account=\"%s\"} %zu\n", c->accounts.items[i]->name, standing.waiting);
	}
}

void cps_metrics(const struct cps *c, struct buf *out)
{
	size_t count;
	struct cps_row *rows = cps_rows(c, &count);

	if (!rows)
		return;
	add_enrollments(rows, count, out);
	add_changes(rows, count, out);
	add_ends(rows, count, out);
	add_requests(c, out);
	free(rows);
}
