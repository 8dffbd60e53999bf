/* An exchange: what is read of a request, and how it is answered. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utlist.h>
#include <uv.h>

#include "solver/base/mem.h"
#include "solver/net/http_server_private.h"

#define STREAM_BLOCK 16384
#define HEADER_LIST_MAX 32768 /* over what libmicrohttpd takes of a header */

struct peer_watch {
	uv_poll_t uv;
	struct http_exchange *exchange;
};

/* ---- waiting ---- */

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

void exchange_resume(struct http_exchange *x)
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

void exchange_suspend(struct http_exchange *x)
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

struct http_exchange *exchange_new(struct http_server *s, struct MHD_Connection *connection, const char *path, const char *method)
{
	struct http_exchange *x = mem_new(1, sizeof(*x));

	x->server = s;
	x->connection = connection;
	x->visit = guard_visit(connection);
	x->method = strcmp(method, "HEAD") == 0 ? "GET" : method;
	x->path = mem_dup(path);
	x->body = BUF_INIT(s->max_body);
	x->stream = BUF_INIT(HTTP_STREAM_MAX);
	set_peer(x);
	x->tls = x->visit->own;
	DL_APPEND(s->exchanges, x);
	return x;
}

void exchange_free(struct http_exchange *x)
{
	struct header *h, *tmp;

	DL_DELETE(x->server->exchanges, x);
	peer_unwatch(x);
	claim_release(x->claim);
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
	if (x->prefix)
		explicit_bzero(x->prefix, strlen(x->prefix));
	free(x->prefix);
	free(x);
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

void http_exchange_cut_path(struct http_exchange *x, size_t length)
{
	size_t rest = strlen(x->path) - length;

	free(x->prefix);
	x->prefix = mem_dup_n(x->path, length);
	memmove(x->path, x->path + length, rest);
	explicit_bzero(x->path + rest, length);
}

const char *http_exchange_prefix(const struct http_exchange *x)
{
	return x->prefix;
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

struct header_list {
	const char *name;
	struct buf text;
};

static enum MHD_Result on_header(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct header_list *l = arg;

	(void)kind;
	if (strcasecmp(name, l->name) == 0)
		buf_printf(&l->text, "%s%s", l->text.length ? ", " : "", value ? value : "");
	return MHD_YES;
}

char *http_exchange_request_header_all(struct http_exchange *x, const char *name)
{
	struct header_list l = { name, BUF_INIT(HEADER_LIST_MAX) };

	MHD_get_connection_values(x->connection, MHD_HEADER_KIND, on_header, &l);
	return l.text.length ? buf_take(&l.text) : NULL;
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

bool http_exchange_tls(const struct http_exchange *x)
{
	return x->tls != NULL;
}

const struct http_certificate *http_exchange_client_certificate(const struct http_exchange *x)
{
	return x->tls ? tls_session_certificate(x->tls) : NULL;
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
	if (x->server->retiring)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	x->response = response;
	x->status = status;
	if (!x->streaming)
		guard_reply(x->visit);
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

/* A reader that far behind would not notice a polite end, and who is trusted no longer gets none: the connection is shut under it. */
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
	if (x->stream.overflow || (x->tls && tls_session_lost(x->tls)))
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
