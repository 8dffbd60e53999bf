/* The bytes of one connection: TLS, the next request, the reply. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/net/http_server_private.h"

#define READ_SIZE 16384
#define DRAIN_MAX (64 * 1024 * 1024) /* of a body that is too long, so that the peer reads the 413 */
#define LINGER_READS 16
#define COMPACT 65536

/* ---- its life ---- */

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void forget_request(struct connection *c)
{
	http_head_done(&c->head);
	buf_wipe(&c->body);
	c->body = BUF_INIT(c->server->options.max_body);
	c->chunks = (struct http_chunks){ 0 };
	c->received = 0;
}

static void end_exchange(struct connection *c)
{
	struct http_exchange *x = c->exchange;

	c->exchange = NULL;
	if (!x)
		return;
	if (x->on_gone)
		x->on_gone(x->on_gone_arg);
	exchange_free(x);
}

/* The memory lives until libuv let go of it, so that whoever holds `c` further up can still read `closed`. */
void connection_close(struct connection *c)
{
	if (c->closed)
		return;
	c->closed = true;
	server_forget(c);
	uv_poll_stop(&c->uv);
	if (c->exchange)
		c->exchange->gone = true;
	end_exchange(c);
	forget_request(c);
	if (c->session)
		gnutls_deinit(c->session);
	tls_session_free(c->tls);
	close(c->fd);
	buf_wipe(&c->in);
	buf_done(&c->out);
	uv_close((uv_handle_t *)&c->uv, on_closed);
}

/* ---- bytes in and out ---- */

/* As recv(): 0 is the end, -EAGAIN: nothing now. */
static ssize_t receive(struct connection *c, void *bytes, size_t size)
{
	ssize_t n;

	if (!c->session) {
		n = recv(c->fd, bytes, size, 0);
		return n >= 0 ? n : errno == EINTR ? -EAGAIN : -errno;
	}
	n = gnutls_record_recv(c->session, bytes, size);
	if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
		return -EAGAIN;
	return n >= 0 ? n : -EPIPE;
}

static ssize_t transmit(struct connection *c, const void *bytes, size_t size)
{
	ssize_t n;

	if (!c->session) {
		n = send(c->fd, bytes, size, MSG_NOSIGNAL);
		return n >= 0 ? n : errno == EINTR ? -EAGAIN : -errno;
	}
	n = gnutls_record_send(c->session, bytes, size);
	if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
		return -EAGAIN;
	return n >= 0 ? n : -EPIPE;
}

/* False when the connection is of no more use. */
static bool flush(struct connection *c)
{
	ssize_t n = 0;

	if (!c->out.length)
		return true;
	while (c->sent < c->out.length && (n = transmit(c, c->out.data + c->sent, c->out.length - c->sent)) > 0) {
		c->sent += (size_t)n;
		if (c->phase == PHASE_REPLY)
			c->since_ms = clock_monotonic_ms();
	}
	if (n < 0 && n != -EAGAIN)
		return false;
	if (c->sent == c->out.length || c->sent > COMPACT) {
		c->out.length -= c->sent;
		memmove(c->out.data, c->out.data + c->sent, c->out.length);
		c->sent = 0;
	}
	return true;
}

/* ---- requests ---- */

static void in_drop(struct connection *c, size_t length)
{
	c->in.length -= length;
	memmove(c->in.data, c->in.data + length, c->in.length);
	c->scanned = 0;
}

void connection_refuse(struct connection *c, int status, const char *why)
{
	char problem[320];
	int length = snprintf(problem, sizeof(problem), "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":\"%s\"}",
	                      exchange_status_text(status), status, why);

	for (char *quote = strstr(problem, "\"detail\":\"") + 10; quote < problem + length - 2; quote++)
		if (*quote == '"')
			*quote = '\'';
	buf_printf(&c->out, "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Type: application/problem+json\r\nContent-Length: %d\r\n\r\n%s",
	           status, exchange_status_text(status), length, c->head_only ? "" : problem);
	c->close_after = true;
	buf_reset(&c->in);
	server_move(c, PHASE_LINGER);
}

static void refuse_body(struct connection *c)
{
	char why[80];

	snprintf(why, sizeof(why), "the request body is longer than %zu bytes", c->server->options.max_body);
	connection_refuse(c, 413, why);
}

static void hand_over(struct connection *c)
{
	if (c->body.overflow) {
		refuse_body(c);
		return;
	}
	server_move(c, PHASE_REPLY);
	c->close_after = c->head.close;
	c->exchange = exchange_new(c);
	c->handling = true;
	c->server->handle(c->exchange, c->server->arg);
	c->handling = false;
}

static void take_body(struct connection *c, const char *bytes, size_t length)
{
	buf_add(&c->body, bytes, length);
	c->received += length;
}

/* Returns whether it got on. */
static bool read_length_body(struct connection *c)
{
	uint64_t left = c->head.length - c->received;
	size_t n = c->in.length < left ? c->in.length : (size_t)left;

	take_body(c, c->in.data, n);
	in_drop(c, n);
	if (c->received == c->head.length)
		hand_over(c);
	return n > 0;
}

static bool read_chunked_body(struct connection *c)
{
	const char *data = NULL;
	size_t length = 0;
	bool done = false;
	long used = http_chunks_next(&c->chunks, c->in.data, c->in.length, &data, &length, &done);

	if (used < 0) {
		connection_refuse(c, 400, "the chunks of the body are not framed as RFC 9112 says, or have extensions or trailers");
		return false;
	}
	if (length)
		take_body(c, data, length);
	if (used)
		in_drop(c, (size_t)used);
	if (done)
		hand_over(c);
	return used > 0;
}

static bool read_body(struct connection *c)
{
	bool more = c->head.framing == HTTP_FRAMING_CHUNKED ? read_chunked_body(c) : read_length_body(c);

	if (c->phase == PHASE_BODY && c->received > DRAIN_MAX)
		refuse_body(c);
	return more && c->phase == PHASE_BODY;
}

static void begin_body(struct connection *c)
{
	if (c->head.expects_continue && c->head.length > c->server->options.max_body) {
		refuse_body(c);
	} else if (c->head.framing == HTTP_FRAMING_NONE) {
		hand_over(c);
	} else {
		server_move(c, PHASE_BODY);
		if (c->head.expects_continue)
			buf_add_text(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
	}
}

static bool read_head(struct connection *c)
{
	const char *why = NULL;
	long length = http_head_length(c->in.data, c->in.length, c->scanned, &why);
	int status = length < 0 ? 400 : 0;

	c->head_only = false;
	if (length == 0 && c->in.length < c->server->options.max_head) {
		c->scanned = c->in.length;
		return false;
	}
	if (length == 0 || (size_t)(length > 0 ? length : 0) > c->server->options.max_head) {
		status = 431;
		why = "the request head is too long";
	}
	if (!status)
		status = http_head_parse(c->in.data, (size_t)length, &c->head, &why);
	if (status) {
		connection_refuse(c, status, why);
		return false;
	}
	c->head_only = strcmp(c->head.method, "HEAD") == 0;
	in_drop(c, (size_t)length);
	begin_body(c);
	return true;
}

/* As far as the bytes that are there lead. */
static void read_requests(struct connection *c)
{
	bool more = true;

	while (more && !c->closed && c->in.length) {
		if (c->phase == PHASE_HEAD)
			more = read_head(c);
		else if (c->phase == PHASE_BODY)
			more = read_body(c);
		else
			more = false;
	}
}

/* ---- events ---- */

static void on_event(uv_poll_t *uv, int status, int events);

static int wanted_events(const struct connection *c)
{
	int events = UV_READABLE;

	if (c->phase == PHASE_HANDSHAKE && gnutls_record_get_direction(c->session))
		events = UV_WRITABLE;
	if (c->phase == PHASE_REPLY) /* one who closes its side and waits for the rest of a reply gets it */
		events = c->exchange->answered && !c->exchange->streaming ? 0 : UV_DISCONNECT;
	return c->sent < c->out.length ? events | UV_WRITABLE : events;
}

static void watch(struct connection *c)
{
	int events = wanted_events(c);

	if (events == c->events)
		return;
	c->events = events;
	uv_poll_start(&c->uv, events, on_event);
}

/* The peer sees our end, and then has a moment to read why. */
static void linger(struct connection *c)
{
	if (c->phase == PHASE_LINGER && c->lingers)
		return;
	c->lingers = true;
	if (c->session)
		gnutls_bye(c->session, GNUTLS_SHUT_WR);
	shutdown(c->fd, SHUT_WR);
	if (c->phase != PHASE_LINGER)
		server_move(c, PHASE_LINGER);
}

/* The reply went out as a whole. */
static void finish_reply(struct connection *c)
{
	end_exchange(c);
	forget_request(c);
	if (c->close_after) {
		linger(c);
		return;
	}
	c->served = true;
	server_move(c, PHASE_HEAD);
	c->scanned = 0;
}

static bool reply_is_over(const struct connection *c)
{
	const struct http_exchange *x = c->exchange;

	return c->phase == PHASE_REPLY && x && x->answered && (!x->streaming || x->ended) && c->sent >= c->out.length;
}

/* Sends; while replies are through at once, reads the requests that came behind. */
static void work_off(struct connection *c)
{
	bool again = true;

	while (again && !c->closed) {
		again = false;
		if ((c->exchange && c->exchange->gone) || !flush(c)) {
			connection_close(c);
		} else if (reply_is_over(c)) {
			finish_reply(c);
			read_requests(c);
			again = c->phase == PHASE_REPLY || c->sent < c->out.length;
		} else if (c->phase == PHASE_LINGER && c->sent == c->out.length) {
			linger(c);
		}
	}
}

void connection_go_on(struct connection *c)
{
	work_off(c);
	if (!c->closed)
		watch(c);
}

static void shake_hands(struct connection *c)
{
	int rc = gnutls_handshake(c->session);

	if (rc == GNUTLS_E_SUCCESS)
		server_move(c, PHASE_HEAD);
	else if (gnutls_error_is_fatal(rc))
		connection_close(c);
}

static void discard(struct connection *c)
{
	char bytes[READ_SIZE];
	ssize_t n = 1;

	for (int i = 0; i < LINGER_READS && n > 0; i++)
		n = recv(c->fd, bytes, sizeof(bytes), 0);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		connection_close(c);
}

/* One reading an event: the others get their turn, and the kernel calls again. A TLS record fits into it, so GnuTLS keeps nothing back. */
static void take_bytes(struct connection *c)
{
	char bytes[READ_SIZE];
	ssize_t n = receive(c, bytes, sizeof(bytes));

	if (n <= 0) {
		if (n != -EAGAIN)
			connection_close(c);
		return;
	}
	if (c->phase == PHASE_HEAD && c->in.length == 0)
		server_move(c, PHASE_HEAD); /* a request begins, and with it its deadline */
	buf_add(&c->in, bytes, (size_t)n);
	explicit_bzero(bytes, (size_t)n);
	read_requests(c);
}

static void on_event(uv_poll_t *uv, int status, int events)
{
	struct connection *c = uv->data;

	if (status < 0 || ((events & UV_DISCONNECT) && c->phase == PHASE_REPLY)) {
		connection_close(c);
		return;
	}
	if (c->phase == PHASE_HANDSHAKE)
		shake_hands(c);
	else if (c->phase == PHASE_LINGER && (events & UV_READABLE))
		discard(c);
	else if (c->phase != PHASE_REPLY && (events & UV_READABLE))
		take_bytes(c);
	if (!c->closed)
		connection_go_on(c);
}

/* ---- beginning ---- */

static bool start_tls(struct connection *c)
{
	if (gnutls_init(&c->session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0)
		return false;
	if (gnutls_priority_set_direct(c->session, TLS_PRIORITIES, NULL) < 0)
		return false;
	gnutls_transport_set_int(c->session, c->fd);
	c->tls = tls_session_new(c->server->options.tls, c->session);
	return true;
}

void connection_new(struct http_server *s, int fd, const struct sockaddr_storage *peer, struct source *source)
{
	struct connection *c = mem_new(1, sizeof(*c));

	*c = (struct connection){ .server = s, .fd = fd, .peer = *peer, .source = source, .phase = PHASE_LINGER,
	                          .in = BUF_INIT(s->options.max_head + 2 * READ_SIZE), .body = BUF_INIT(s->options.max_body),
	                          .out = BUF_INIT(SIZE_MAX / 4) };
	c->uv.data = c;
	s->count++;
	DL_APPEND(s->waiting, c);
	if (uv_poll_init(loop_uv(s->loop), &c->uv, fd) < 0) {
		server_forget(c);
		close(fd);
		free(c);
		return;
	}
	server_move(c, s->options.tls ? PHASE_HANDSHAKE : PHASE_HEAD);
	if (s->options.tls && !start_tls(c))
		connection_close(c);
	else
		watch(c);
}
