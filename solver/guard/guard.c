#include "solver/guard/guard.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/clock.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/guard/connections.h"

#define BODY_RATE 16384             /* bytes a second that a body must bring at least */
#define BODY_MAX (64 * 1024 * 1024) /* what is longer gets no more time */
#define ACCEPTS 16                  /* that libmicrohttpd makes before it looks at what was closed */
#define LOG_EVERY_MS 60000

struct guard {
	struct guard_options options;
	struct connections *connections;
	_Atomic uint64_t malformed;
	int64_t logged_ms;                 /* with the next: of the thread that sweeps */
	struct connections_numbers logged;
};

struct guard *guard_new(const struct guard_options *options)
{
	struct guard *g = mem_new(1, sizeof(*g));

	g->options = *options;
	g->logged_ms = -LOG_EVERY_MS;
	g->connections = connections_new(options->connections, options->per_address);
	return g;
}

void guard_free(struct guard *g)
{
	if (!g)
		return;
	connections_free(g->connections);
	free(g);
}

/* ---- which libmicrohttpd ---- */

static bool leaves_lines(void)
{
	return strncmp(MHD_get_version(), "0.", 2) == 0;
}

int guard_strictness(void)
{
	return leaves_lines() ? 0 : 1;
}

unsigned guard_limit(const struct guard *g)
{
	return connections_most(g->connections) + ACCEPTS;
}

unsigned guard_count(struct guard *g)
{
	return connections_numbers(g->connections).now;
}

void guard_set_limits(struct guard *g, unsigned connections, unsigned per_address)
{
	connections_limit(g->connections, connections, per_address);
}

/* ---- coming and going ---- */

enum MHD_Result guard_accept(void *guard, const struct sockaddr *peer, socklen_t length)
{
	struct guard *g = guard;
	bool exempt = g->options.is_exempt && g->options.is_exempt(peer, g->options.arg);

	(void)length;
	return connections_admit(g->connections, peer, exempt) ? MHD_YES : MHD_NO;
}

struct guard_visit *guard_enter(struct guard *g, struct MHD_Connection *c)
{
	const struct sockaddr *peer = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
	int fd = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	int64_t now_ms = clock_monotonic_ms();
	struct guard_visit *v = mem_new(1, sizeof(*v));

	v->guard = g;
	v->connection = connections_add(g->connections, fd, peer, now_ms, now_ms + INT64_C(1000) * g->options.head_s);
	return v;
}

void guard_leave(struct guard_visit *v)
{
	connections_remove(v->connection);
	free(v);
}

struct guard_visit *guard_visit(struct MHD_Connection *c)
{
	return MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* ---- a request ---- */

void *guard_target(void *guard, const char *target, struct MHD_Connection *c)
{
	(void)guard;
	framing_target(&guard_visit(c)->framing, target);
	return NULL;
}

static enum MHD_Result on_field(void *arg, enum MHD_ValueKind kind, const char *name, size_t name_length, const char *value,
                                size_t value_length)
{
	(void)kind;
	framing_field(arg, name, name_length, value ? value : "", value_length);
	return MHD_YES;
}

static void wait_for(struct guard_visit *v, int64_t ms)
{
	int64_t now_ms = clock_monotonic_ms();

	connection_wait(v->connection, now_ms, now_ms + ms);
}

uint64_t guard_body_length(const struct guard_visit *v)
{
	return v->framing.length.length ? strtoull(v->framing.length.text, NULL, 10) : 0;
}

static int64_t body_ms(const struct guard_visit *v)
{
	uint64_t length = guard_body_length(v);

	return INT64_C(1000) * v->guard->options.head_s + (int64_t)((length < BODY_MAX ? length : BODY_MAX) * 1000 / BODY_RATE);
}

int guard_judge(struct MHD_Connection *c, const char *url, const char *method, const char *version, const char **ret_why)
{
	struct guard_visit *v = guard_visit(c);
	int status;

	framing_line(&v->framing, method, url, version, leaves_lines());
	MHD_get_connection_values_n(c, MHD_HEADER_KIND, on_field, &v->framing);
	status = framing_end(&v->framing, MHD_get_connection_info(c, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)->header_size);
	*ret_why = v->framing.why;
	if (status)
		atomic_fetch_add(&v->guard->malformed, 1);
	else if (guard_body_length(v))
		wait_for(v, body_ms(v));
	return status;
}

void guard_work(struct guard_visit *v)
{
	connection_work(v->connection);
}

void guard_reply(struct guard_visit *v)
{
	connection_wait(v->connection, clock_monotonic_ms(), INT64_MAX);
}

void guard_idle(struct guard_visit *v)
{
	wait_for(v, INT64_C(1000) * v->guard->options.idle_s);
}

/* ---- from time to time ---- */

static void log_numbers(struct guard *g, int64_t now_ms)
{
	const struct connections_numbers n = connections_numbers(g->connections), *before = &g->logged;
	uint64_t address = n.refused_address - before->refused_address, full = n.refused_full - before->refused_full;
	uint64_t given_up = n.given_up - before->given_up;
	CLEANUP(mem_freep) char *text = NULL;

	if (now_ms - g->logged_ms < LOG_EVERY_MS || address + full + given_up == 0)
		return;
	text = mem_printf("%s: there are too many connections (%u); to stay reachable, %" PRIu64 " of those that waited longest were closed, and "
	                  "%" PRIu64 " new ones refused, %" PRIu64 " of them because their address has its share", g->options.listener, n.now,
	                  given_up, address + full, address);
	log_event(LOG_WARNING, text, NULL);
	g->logged_ms = now_ms;
	g->logged = n;
}

void guard_sweep(struct guard *g)
{
	int64_t now_ms = clock_monotonic_ms();

	connections_sweep(g->connections, now_ms);
	log_numbers(g, now_ms);
}

static void metric(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP dcvd_%s %s\n# TYPE dcvd_%s %s\n", name, help, name, type);
}

static void row(struct buf *out, const char *name, const struct guard *g, const char *more, uint64_t value)
{
	buf_printf(out, "dcvd_%s{listener=\"%s\"%s} %" PRIu64 "\n", name, g->options.listener, more, value);
}

void guard_metrics(struct guard *const *guards, struct buf *out)
{
	metric(out, "connections", "gauge", "HTTP connections that are open.");
	for (struct guard *const *g = guards; *g; g++)
		row(out, "connections", *g, "", connections_numbers((*g)->connections).now);
	metric(out, "connections_refused_total", "counter", "HTTP connections refused at a limit.");
	for (struct guard *const *g = guards; *g; g++) {
		row(out, "connections_refused_total", *g, ",limit=\"address\"", connections_numbers((*g)->connections).refused_address);
		row(out, "connections_refused_total", *g, ",limit=\"all\"", connections_numbers((*g)->connections).refused_full);
	}
	metric(out, "connections_closed_total", "counter", "HTTP connections closed while they waited for their peer.");
	for (struct guard *const *g = guards; *g; g++) {
		row(out, "connections_closed_total", *g, ",reason=\"newcomer\"", connections_numbers((*g)->connections).given_up);
		row(out, "connections_closed_total", *g, ",reason=\"deadline\"", connections_numbers((*g)->connections).expired);
	}
	metric(out, "malformed_requests_total", "counter", "HTTP requests refused because their framing is not strict.");
	for (struct guard *const *g = guards; *g; g++)
		row(out, "malformed_requests_total", *g, "", (*g)->malformed);
}
