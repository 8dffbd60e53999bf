#include "solver/net/http_server.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#include "solver/base/clock.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/net/http_server_private.h"

#define MAX_BODY (1024 * 1024)
#define CONNECTIONS 1000
#define HEAD_SECONDS 10
#define IDLE_SECONDS 60
#define SILENCE_SECONDS 60 /* of a peer that does not read its reply */
#define SWEEP_MS 1000
#define RETIRE_MS 60000 /* for silent peers of a server that retires */
#define DRAIN_MAX (64 * 1024 * 1024) /* of a body that is too long, so that the peer reads the 413 */

/* ---- an exchange ---- */

static void on_completed(void *arg, struct MHD_Connection *connection, void **slot, enum MHD_RequestTerminationCode why)
{
	struct http_exchange *x = *slot;

	(void)arg;
	(void)connection;
	(void)why;
	if (!x)
		return;
	*slot = NULL;
	guard_idle(x->visit);
	if (x->on_gone)
		x->on_gone(x->on_gone_arg);
	exchange_free(x);
}

static void refuse_body(struct http_exchange *x)
{
	char problem[256];
	int n = snprintf(problem, sizeof(problem),
	                 "{\"type\":\"about:blank\",\"title\":\"Content Too Large\",\"status\":413,"
	                 "\"detail\":\"the request body is longer than %zu bytes%s\"}", x->body.max,
	                 x->body.max < x->server->max_body ? "; a longer one needs valid credentials" : "");

	http_exchange_reply(x, 413, "application/problem+json", problem, (size_t)n);
}

static enum MHD_Result take_body(struct http_exchange *x, const char *data, size_t *length)
{
	buf_add(&x->body, data, *length);
	if (x->body.overflow)
		x->dropped += *length;
	*length = 0;
	return x->dropped > DRAIN_MAX ? MHD_NO : MHD_YES;
}

/* The whole request is there, or the connection was resumed. */
static enum MHD_Result exchange_go_on(struct http_exchange *x)
{
	if (!x->handled) {
		x->handled = true;
		guard_work(x->visit);
		if (x->body.overflow)
			refuse_body(x);
		else
			x->server->handle(x, x->server->arg);
		if (x->streaming && x->server->retiring)
			http_exchange_end(x);
	}
	if (x->gone || x->server->stopping)
		return MHD_NO; /* closes the connection */
	if (x->response)
		return MHD_queue_response(x->connection, (unsigned)x->status, x->response);
	exchange_suspend(x);
	return MHD_YES;
}

static enum MHD_Result refuse_head(struct MHD_Connection *connection, int status, const char *why)
{
	char problem[512];
	int n = snprintf(problem, sizeof(problem), "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":\"%s\"}",
	                 status == 411 ? "Length Required" : status == 417 ? "Expectation Failed" : "Bad Request", status, why);
	struct MHD_Response *response = MHD_create_response_from_buffer((size_t)n, problem, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result queued;

	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/problem+json");
	queued = MHD_queue_response(connection, (unsigned)status, response);
	MHD_destroy_response(response);
	return queued;
}

static enum MHD_Result exchange_begin(struct http_server *s, struct MHD_Connection *connection, const char *path, const char *method,
                                      const char *version, void **slot)
{
	struct tls_session *tls = guard_visit(connection)->own;
	struct http_exchange *x;
	const char *why;
	int status;

	if (tls && !tls_session_admitted(tls))
		return MHD_NO;
	status = guard_judge(connection, path, method, version, &why);
	if (status)
		return refuse_head(connection, status, why);
	*slot = x = exchange_new(s, connection, path, method);
	if (s->knows && s->max_body > HTTP_STRANGER_BODY && guard_body_length(x->visit) > HTTP_STRANGER_BODY && !s->knows(x, s->arg))
		x->body.max = HTTP_STRANGER_BODY;
	return MHD_YES;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *path, const char *method,
                                  const char *version, const char *data, size_t *length, void **slot)
{
	struct http_server *s = arg;

	if (s->stopping)
		return MHD_NO;
	if (!*slot) /* the headers are there; the body follows */
		return exchange_begin(s, connection, path, method, version, slot);
	if (*length > 0)
		return take_body(*slot, data, length);
	return exchange_go_on(*slot);
}

/* ---- what libmicrohttpd asks ---- */

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decoding that leaves "%00" alone: a zero byte would cut the text short, and what is checked would not be
 * what was sent. */
static size_t on_unescape(void *arg, struct MHD_Connection *connection, char *text)
{
	char *out = text;

	(void)arg;
	(void)connection;
	for (const char *in = text; *in; in++) {
		int high = *in == '%' ? hex(in[1]) : -1;
		int low = high >= 0 ? hex(in[2]) : -1;

		if (low >= 0 && (high | low) != 0) {
			*out++ = (char)(high << 4 | low);
			in += 2;
		} else {
			*out++ = *in;
		}
	}
	*out = '\0';
	return (size_t)(out - text);
}

static void on_log(void *arg, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
static void on_log(void *arg, const char *format, va_list args)
{
	char text[256];

	(void)arg;
	vsnprintf(text, sizeof(text), format, args);
	text[strcspn(text, "\r\n")] = '\0';
	log_line(LOG_DEBUG, "http server: %s", text);
}

/* ---- connections ---- */

static enum MHD_Result on_accept(void *arg, const struct sockaddr *address, socklen_t length)
{
	struct http_server *s = arg;

	if (s->tls && !tls_keys_now(s->tls))
		return MHD_NO;
	return guard_accept(s->guard, address, length);
}

static void on_connection(void *arg, struct MHD_Connection *connection, void **slot, enum MHD_ConnectionNotificationCode what)
{
	struct http_server *s = arg;
	struct guard_visit *visit = *slot;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		tls_session_free(visit->own);
		guard_leave(visit);
		return;
	}
	*slot = visit = guard_enter(s->guard, connection);
	if (s->tls)
		visit->own = tls_session_new(s->tls, MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session);
}

/* libmicrohttpd wants a source of certificates; each session gets credentials of its own before this is asked. */
static int on_certificate(gnutls_session_t session, const gnutls_datum_t *names, int name_count, const gnutls_pk_algorithm_t *algorithms,
                          int algorithm_count, gnutls_pcert_st **certificates, unsigned *count, gnutls_privkey_t *key)
{
	(void)session, (void)names, (void)name_count, (void)algorithms, (void)algorithm_count, (void)certificates, (void)count, (void)key;
	return -1;
}

static struct MHD_Daemon *daemon_start(struct http_server *s, int fd)
{
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)on_certificate },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_INTERMEDIATE }, /* replaced as the credentials are */
		{ MHD_OPTION_END, 0, NULL },
	};
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;

	return MHD_start_daemon(s->tls ? flags | MHD_USE_TLS : flags, 0, on_accept, s, on_request, s,
	                        MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
	                        MHD_OPTION_LISTEN_SOCKET, fd,
	                        MHD_OPTION_CONNECTION_LIMIT, (unsigned)INT_MAX, /* the guard counts; its limits may change */
	                        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SILENCE_SECONDS,
	                        MHD_OPTION_STRICT_FOR_CLIENT, guard_strictness(),
	                        MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
	                        MHD_OPTION_URI_LOG_CALLBACK, guard_target, s->guard,
	                        MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
	                        MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, s,
	                        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
	                        MHD_OPTION_ARRAY, s->tls ? tls : tls + ARRAY_LEN(tls) - 1, MHD_OPTION_END);
}

/* ---- starting and stopping ---- */

static void on_sweep(void *arg)
{
	struct http_server *s = arg;

	s->sweep = timer_start(s->loop, SWEEP_MS, on_sweep, s);
	guard_sweep(s->guard);
}

int http_server_start(struct loop *l, const char *listen, const struct http_server_options *options,
                      http_handle_fn handle, void *arg, struct http_server **ret, struct err *err)
{
	static const struct http_server_options defaults = { 0 };
	static const struct guard_options own = { .listener = "http server", .connections = CONNECTIONS, .per_address = CONNECTIONS,
	                                          .head_s = HEAD_SECONDS, .idle_s = IDLE_SECONDS };
	const struct http_server_options *o = options ? options : &defaults;
	struct http_server *s;
	int fd, port, rc = http_listen_open(listen, o, &fd, &port, err);

	if (rc < 0)
		return rc;
	s = mem_new(1, sizeof(*s));
	*s = (struct http_server){ .loop = l, .handle = handle, .arg = arg, .fd = fd, .port = port,
	                           .knows = o->knows, .max_body = o->max_body ? o->max_body : MAX_BODY, .tls = o->tls };
	s->own_guard = o->guard ? NULL : guard_new(&own);
	s->guard = o->guard ? o->guard : s->own_guard;
	s->daemon = daemon_start(s, fd);
	if (!s->daemon) {
		guard_free(s->own_guard);
		free(s);
		close(fd);
		return err_set(err, ERR_IO, "the HTTP server on %s cannot start: %s", listen, strerror(errno));
	}
	s->watch = loop_watch_fd(l, MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, server_run, s);
	server_rearm(s);
	on_sweep(s);
	*ret = s;
	return 0;
}

void http_server_stop(struct http_server *s)
{
	struct http_exchange *x;

	if (!s)
		return;
	s->stopping = true;
	loop_unwatch_fd(s->watch);
	timer_stop(s->timer);
	timer_stop(s->sweep);
	DL_FOREACH(s->exchanges, x) {
		x->gone = true;
		exchange_resume(x); /* libmicrohttpd does not stop with suspended connections */
	}
	MHD_stop_daemon(s->daemon); /* calls on_completed for each */
	guard_free(s->own_guard);
	free(s);
}

/* Whoever has connected already is accepted first. */
void http_server_retire(struct http_server *s)
{
	struct http_exchange *x;

	server_run(s);
	s->retiring = true;
	s->retired_ms = loop_now_ms(s->loop);
	if (MHD_quiesce_daemon(s->daemon) != MHD_INVALID_SOCKET)
		close(s->fd);
	DL_FOREACH(s->exchanges, x)
		if (x->streaming)
			http_exchange_end(x);
}

bool http_server_is_over(const struct http_server *s)
{
	const union MHD_DaemonInfo *connected = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

	return !connected->num_connections || (!s->exchanges && loop_now_ms(s->loop) - s->retired_ms >= RETIRE_MS);
}

void http_server_set_max_body(struct http_server *s, size_t max_body)
{
	s->max_body = max_body;
}

int http_server_fd(const struct http_server *s)
{
	return s->fd;
}

int http_server_port(const struct http_server *s)
{
	return s->port;
}
