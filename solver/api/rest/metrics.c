/* /metrics in the Prometheus text format. No name of a domain; other clients and enrollments for those who see everything. */
#include <inttypes.h>

#include "solver/api/audit/audit.h"
#include "solver/api/rest/rest.h"
#include "solver/base/buf.h"
#include "solver/net/http_listeners.h"

#define METRICS_MAX (1024 * 1024)
#define LISTENERS_MAX 8 /* beside those of the API */

static void counter(struct buf *b, const char *name, const char *help, uint64_t value)
{
	buf_printf(b, "# HELP dcvd_%s %s\n# TYPE dcvd_%s counter\ndcvd_%s %" PRIu64 "\n", name, help, name, name, value);
}

static void add_live(struct buf *b, const struct engine_numbers *n)
{
	buf_add_text(b, "# HELP dcvd_challenges Challenges by type and state.\n# TYPE dcvd_challenges gauge\n");
	for (int type = 0; type < CHALLENGE_TYPES; type++)
		for (int state = 0; state < CHALLENGE_STATES; state++)
			buf_printf(b, "dcvd_challenges{type=\"%s\",state=\"%s\"} %zu\n", challenge_type_name(type),
			           challenge_state_name(state), n->live[type][state]);
}

static void add_seconds(struct buf *b, const struct engine_numbers *n)
{
	buf_printf(b, "# HELP dcvd_ready_seconds From the request to ready.\n# TYPE dcvd_ready_seconds summary\n"
	           "dcvd_ready_seconds_sum %.3f\ndcvd_ready_seconds_count %" PRIu64 "\n", (double)n->ready_ms_sum / 1000, n->ready);
}

static void add_guards(struct buf *b, const struct api *a)
{
	struct guard *guards[LISTENERS_MAX + 2] = { http_listeners_guard(a->listeners) };

	for (size_t i = 0; a->parts.guards && a->parts.guards[i] && i < LISTENERS_MAX; i++)
		guards[i + 1] = a->parts.guards[i];
	guard_metrics(guards, b);
}

void metrics_get(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument)
{
	struct buf b = BUF_INIT(METRICS_MAX);
	struct engine_numbers n = { 0 };

	(void)argument;
	engine_numbers(a->parts.engine, &n);
	add_live(&b, &n);
	counter(&b, "challenges_submitted_total", "Challenges accepted since the start.", n.submitted);
	counter(&b, "challenges_ready_total", "Challenges that became ready.", n.ready);
	counter(&b, "challenges_failed_total", "Challenges that failed.", n.failed);
	counter(&b, "challenges_withdrawn_total", "Challenges that were withdrawn.", n.withdrawn);
	counter(&b, "provider_calls_total", "Jobs given to providers.", n.provider_calls);
	counter(&b, "provider_errors_total", "Jobs of providers that failed.", n.provider_errors);
	counter(&b, "probes_total", "Queries to servers.", n.probes);
	counter(&b, "api_requests_total", "Requests to the API.", a->requests);
	counter(&b, "api_refused_total", "Requests answered with a problem.", a->refused);
	add_seconds(&b, &n);
	add_guards(&b, a);
	if (a->parts.cps && grants_see_all(caller->grants))
		cps_metrics(a->parts.cps, &b);
	audit_metrics(a, caller, &b);
	http_exchange_reply(x, 200, "text/plain; version=0.0.4; charset=utf-8", buf_text(&b), b.length);
	buf_done(&b);
}
