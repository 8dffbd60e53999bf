#include "solver/net/http_server.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>
#include <uv.h>

#include "solver/base/buf.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/net/address.h"

#define MAX_BODY (1024 * 1024)
#define CONNECTIONS 1000
#define IDLE_SECONDS 60
#define BACKLOG 1024
#define DRAIN_MAX (64 * 1024 * 1024) /* of a body that is too long, so that the peer reads the 413 */
#define STREAM_BLOCK 16384

/* libmicrohttpd works only inside MHD_run(), which our loop calls when its epoll descriptor is readable or its
 * time is up. An exchange without a reply is a suspended connection, which libmicrohttpd does not look at: a watch
 * of our own notices when its peer hangs up. */
struct http_server {
	struct loop *loop;
	struct MHD_Daemon *daemon;
	struct fd_watch *watch;
	struct timer *timer;
	size_t max_body;
	int port;
	bool stopping, running; /* running: inside MHD_run() */
	bool kicked;            /* MHD_run() is to be called once more */
	http_handle_fn handle;
	void *arg;
	struct http_exchange *exchanges;
};

struct header {
	char *name, *value;
	struct header *next;
};

struct peer_watch {
	uv_poll_t uv;
	struct http_exchange *exchange;
};

struct http_exchange {
	struct http_server *server;
	struct MHD_Connection *connection;
	const char *method;
	char *path;
	char peer[ADDRESS_TEXT_SIZE];
	bool from_loopback;
	struct buf body;
	size_t dropped;              /* bytes of a body that is too long */
	bool handled, suspended, streaming, ended;
	bool gone;                   /* the peer hung up, or was cut */
	struct peer_watch *peer_watch;
	struct header *headers;
	struct MHD_Response *response;
	int status;
	struct buf stream;
	void (*on_gone)(void *arg);
	void *on_gone_arg;
	struct http_exchange *prev, *next;
};

/* ---- the loop drives libmicrohttpd ---- */

static void server_rearm(struct http_server *s);

static void server_run(struct http_server *s)
{
	s->running = true;
	s->kicked = false;
	MHD_run(s->daemon);
	s->running = false;
	server_rearm(s);
}

static void on_epoll_ready(void *arg)
{
	server_run(arg);
}

static void on_time(void *arg)
{
	struct http_server *s = arg;

	s->timer = NULL;
	server_run(s);
}

static void server_rearm(struct http_server *s)
{
	MHD_UNSIGNED_LONG_LONG after_ms;

	timer_stop(s->timer);
	s->timer = NULL;
	if (s->kicked)
		s->timer = timer_start(s->loop, 0, on_time, s);
	else if (MHD_get_timeout(s->daemon, &after_ms) == MHD_YES)
		s->timer = timer_start(s->loop, (int64_t)after_ms, on_time, s);
}

/* libmicrohttpd looks at resumed connections in its next MHD_run() only, and nothing else may call for one. */
static void server_kick(struct http_server *s)
{
	s->kicked = true;
	if (!s->stopping && !s->running)
		server_rearm(s);
}

static void free_data(uv_handle_t *handle)
{
	free(handle->data);
}

static void peer_unwatch(struct http_exchange *x)
{
	if (!x->peer_watch)
		return;
	uv_poll_stop(&x->peer_watch->uv);
	uv_close((uv_handle_t *)&x->peer_watch->uv, free_data);
	x->peer_watch = NULL;
}

static void exchange_resume(struct http_exchange *x)
{
	if (!x->suspended)
		return;
	x->suspended = false;
	peer_unwatch(x);
	MHD_resume_connection(x->connection);
	server_kick(x->server);
}

static void on_peer(uv_poll_t *uv, int status, int events)
{
	struct peer_watch *w = uv->data;

	(void)status;
	(void)events;
	w->exchange->gone = true;
	exchange_resume(w->exchange);
}

static int connection_fd(struct http_exchange *x)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info ? info->connect_fd : -1;
}

static void exchange_suspend(struct http_exchange *x)
{
	struct peer_watch *w;

	x->suspended = true;
	MHD_suspend_connection(x->connection);
	w = mem_new(1, sizeof(*w));
	w->exchange = x;
	if (uv_poll_init(loop_uv(x->server->loop), &w->uv, connection_fd(x)) < 0) {
		free(w); /* then the peer's absence shows at the first write */
		return;
	}
	w->uv.data = w;
	uv_poll_start(&w->uv, UV_DISCONNECT, on_peer);
	x->peer_watch = w;
}

/* ---- an exchange ---- */

static void set_peer(struct http_exchange *x)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct sockaddr_storage address = { 0 };
	size_t length;

	if (!info || !info->client_addr)
		return;
	length = info->client_addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	memcpy(&address, info->client_addr, length);
	address_host(&address, x->peer);
	x->from_loopback = address_is_loopback(&address);
}

static struct http_exchange *exchange_new(struct http_server *s, struct MHD_Connection *connection, const char *path, const char *method)
{
	struct http_exchange *x = mem_new(1, sizeof(*x));

	x->server = s;
	x->connection = connection;
	x->method = strcmp(method, "HEAD") == 0 ? "GET" : method;
	x->path = mem_dup(path);
	x->body = BUF_INIT(s->max_body);
	x->stream = BUF_INIT(HTTP_STREAM_MAX);
	set_peer(x);
	DL_APPEND(s->exchanges, x);
	return x;
}

static void exchange_free(struct http_exchange *x)
{
	struct header *h, *tmp;

	DL_DELETE(x->server->exchanges, x);
	peer_unwatch(x);
	LL_FOREACH_SAFE(x->headers, h, tmp) {
		free(h->name);
		free(h->value);
		free(h);
	}
	if (x->response)
		MHD_destroy_response(x->response);
	buf_done(&x->body);
	buf_done(&x->stream);
	free(x->path);
	free(x);
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **slot, enum MHD_RequestTerminationCode why)
{
	struct http_exchange *x = *slot;

	(void)arg;
	(void)connection;
	(void)why;
	if (!x)
		return;
	*slot = NULL;
	if (x->on_gone)
		x->on_gone(x->on_gone_arg);
	exchange_free(x);
}

static void refuse_body(struct http_exchange *x)
{
	char problem[256];
	int n = snprintf(problem, sizeof(problem),
	                 "{\"type\":\"about:blank\",\"title\":\"Content Too Large\",\"status\":413,"
	                 "\"detail\":\"the request body is longer than %zu bytes\"}", x->server->max_body);

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
		if (x->body.overflow)
			refuse_body(x);
		else
			x->server->handle(x, x->server->arg);
	}
	if (x->gone || x->server->stopping)
		return MHD_NO; /* closes the connection */
	if (x->response)
		return MHD_queue_response(x->connection, (unsigned)x->status, x->response);
	exchange_suspend(x);
	return MHD_YES;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *path, const char *method,
                                  const char *version, const char *data, size_t *length, void **slot)
{
	struct http_server *s = arg;

	(void)version;
	if (s->stopping)
		return MHD_NO;
	if (!*slot) { /* the headers are there; the body follows */
		*slot = exchange_new(s, connection, path, method);
		return MHD_YES;
	}
	if (*length > 0)
		return take_body(*slot, data, length);
	return exchange_go_on(*slot);
}

/* ---- starting and stopping ---- */

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

static int listen_address(const char *listen_text, struct sockaddr_storage *ret, struct err *err)
{
	CLEANUP(mem_freep) char *full = NULL;
	int rc;

	if (strncmp(listen_text, "localhost:", 10) == 0)
		full = mem_printf("127.0.0.1:%s", listen_text + 10);
	else
		full = strpbrk(listen_text, ".:") ? mem_dup(listen_text) : mem_printf("127.0.0.1:%s", listen_text);
	rc = address_parse(full, -1, ret, err);
	if (rc == 0 && address_port(ret) == 65535 && !strstr(full, ":65535"))
		rc = err_set(err, ERR_INVALID, "\"%s\" has no port", listen_text);
	return rc < 0 ? err_in(err, "listen on") : 0;
}

static int listen_open(const char *listen_text, int *ret_fd, int *ret_port, struct err *err)
{
	struct sockaddr_storage address;
	socklen_t length;
	char text[ADDRESS_TEXT_SIZE];
	int fd, one = 1, rc = listen_address(listen_text, &address, err);

	if (rc < 0)
		return rc;
	length = address_length(&address);
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(err, "cannot listen on %s", address_text(&address, text));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (address.ss_family == AF_INET6) /* "[::]" next to "0.0.0.0" are two addresses, not one */
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, BACKLOG) < 0) {
		rc = err_set(err, ERR_IO, "cannot listen on %s: %s", address_text(&address, text), strerror(errno));
		close(fd);
		return rc;
	}
	getsockname(fd, (struct sockaddr *)&address, &length);
	*ret_port = address_port(&address);
	*ret_fd = fd;
	return 0;
}

static struct MHD_Daemon *daemon_start(struct http_server *s, const struct http_server_options *o, int fd)
{
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, s,
	                        MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
	                        MHD_OPTION_LISTEN_SOCKET, fd,
	                        MHD_OPTION_CONNECTION_LIMIT, o->connections ? o->connections : CONNECTIONS,
	                        MHD_OPTION_CONNECTION_TIMEOUT, o->idle_seconds ? o->idle_seconds : IDLE_SECONDS,
	                        MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
	                        MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, s,
	                        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
}

int http_server_start(struct loop *l, const char *listen, const struct http_server_options *options,
                      http_handle_fn handle, void *arg, struct http_server **ret, struct err *err)
{
	static const struct http_server_options defaults = { 0 };
	const struct http_server_options *o = options ? options : &defaults;
	struct http_server *s;
	int fd, port, rc = listen_open(listen, &fd, &port, err);

	if (rc < 0)
		return rc;
	s = mem_new(1, sizeof(*s));
	*s = (struct http_server){ .loop = l, .handle = handle, .arg = arg, .port = port,
	                           .max_body = o->max_body ? o->max_body : MAX_BODY };
	s->daemon = daemon_start(s, o, fd);
	if (!s->daemon) {
		free(s);
		return err_set(err, ERR_IO, "the HTTP server on %s cannot start: %s", listen, strerror(errno));
	}
	s->watch = loop_watch_fd(l, MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, on_epoll_ready, s);
	server_rearm(s);
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
	DL_FOREACH(s->exchanges, x) {
		x->gone = true;
		exchange_resume(x); /* libmicrohttpd does not stop with suspended connections */
	}
	MHD_stop_daemon(s->daemon); /* calls on_completed for each */
	free(s);
}

int http_server_port(const struct http_server *s)
{
	return s->port;
}

/* ---- reading the request ---- */

const char *http_exchange_method(const struct http_exchange *x)
{
	return x->method;
}

const char *http_exchange_path(const struct http_exchange *x)
{
	return x->path;
}

struct argument {
	const char *name, *value;
};

static enum MHD_Result on_argument(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct argument *wanted = arg;

	(void)kind;
	if (strcmp(name, wanted->name) != 0)
		return MHD_YES;
	wanted->value = value ? value : "";
	return MHD_NO; /* the first one counts */
}

const char *http_exchange_query(struct http_exchange *x, const char *name)
{
	struct argument wanted = { name, NULL };

	MHD_get_connection_values(x->connection, MHD_GET_ARGUMENT_KIND, on_argument, &wanted);
	return wanted.value;
}

const char *http_exchange_request_header(struct http_exchange *x, const char *name)
{
	return MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}

const char *http_exchange_body(const struct http_exchange *x)
{
	return buf_text(&x->body);
}

size_t http_exchange_body_length(const struct http_exchange *x)
{
	return x->body.length;
}

const char *http_exchange_peer(const struct http_exchange *x)
{
	return x->peer;
}

bool http_exchange_from_loopback(const struct http_exchange *x)
{
	return x->from_loopback;
}

/* ---- replying ---- */

int http_exchange_header(struct http_exchange *x, const char *name, const char *value)
{
	struct header *h;

	if (strpbrk(name, "\r\n: ") || strpbrk(value, "\r\n"))
		return ERR_INVALID;
	h = mem_new(1, sizeof(*h));
	*h = (struct header){ .name = mem_dup(name), .value = mem_dup(value) };
	LL_APPEND(x->headers, h);
	return 0;
}

static void exchange_answer(struct http_exchange *x, int status, const char *content_type, struct MHD_Response *response)
{
	struct header *h;

	if (content_type)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
	LL_FOREACH(x->headers, h)
		MHD_add_response_header(response, h->name, h->value);
	x->response = response;
	x->status = status;
	exchange_resume(x); /* inside `handle` nothing is suspended yet: exchange_go_on() queues it */
}

void http_exchange_reply(struct http_exchange *x, int status, const char *content_type, const void *body, size_t length)
{
	if (x->gone || x->response)
		return;
	exchange_answer(x, status, content_type, MHD_create_response_from_buffer(length, (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY));
}

static ssize_t on_stream_room(void *arg, uint64_t position, char *room, size_t size)
{
	struct http_exchange *x = arg;
	size_t n = x->stream.length < size ? x->stream.length : size;

	(void)position;
	if (x->gone || x->server->stopping)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (n == 0 && x->ended)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (n == 0) {
		exchange_suspend(x);
		return 0;
	}
	memcpy(room, x->stream.data, n);
	memmove(x->stream.data, x->stream.data + n, x->stream.length - n);
	x->stream.length -= n;
	return (ssize_t)n;
}

void http_exchange_stream(struct http_exchange *x, const char *content_type)
{
	if (x->gone || x->response)
		return;
	x->streaming = true;
	exchange_answer(x, 200, content_type, MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, on_stream_room, x, NULL));
}

/* A reader that far behind would not notice a polite end: the connection is shut under it. */
static int stream_cut(struct http_exchange *x)
{
	x->gone = true;
	shutdown(connection_fd(x), SHUT_RDWR);
	exchange_resume(x);
	return ERR_TOO_LARGE;
}

int http_exchange_write(struct http_exchange *x, const char *text)
{
	if (x->gone || !x->streaming || x->ended)
		return ERR_CANCELLED;
	buf_add_text(&x->stream, text);
	if (x->stream.overflow)
		return stream_cut(x);
	exchange_resume(x);
	return 0;
}

void http_exchange_end(struct http_exchange *x)
{
	x->ended = true;
	exchange_resume(x);
}

void http_exchange_on_gone(struct http_exchange *x, void (*fn)(void *arg), void *arg)
{
	x->on_gone = fn;
	x->on_gone_arg = arg;
}
