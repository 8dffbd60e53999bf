#include "solver/net/stream.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "solver/base/mem.h"
#include "solver/net/address.h"
#include "solver/net/stream_tls.h"

#define HANDSHAKE_MS 10000         /* as Boulder's client */
#define HANDSHAKE_MAX (256 * 1024) /* bytes that are received for one */
#define CHUNK 16384
#define WHY_SIZE 256
#define HTTP_MARK 5                /* bytes of "HTTP/" */

struct stream {
	struct loop *loop;
	uv_tcp_t tcp;
	uv_connect_t connect;
	struct timer *timer;     /* the dial, the handshake, then the whole */
	int64_t deadline_ms;
	SSL_CTX *ctx;
	SSL *ssl;                /* NULL: no TLS */
	BIO *in, *out;           /* owned by ssl */
	size_t received;
	char first[HTTP_MARK];   /* bytes that came */
	char chunk[CHUNK];
	enum http_failure failure;
	char why[WHY_SIZE];
	int number;
	bool connected, open, ended, cancelled;
	struct loop_end *end;
	struct stream_events events;
	void *arg;
};

/* ---- the end ---- */

static void on_closed(uv_handle_t *handle)
{
	struct stream *s = handle->data;

	if (!s->cancelled)
		s->events.ended(s->failure, *s->why ? s->why : NULL, s->arg);
	SSL_free(s->ssl);
	SSL_CTX_free(s->ctx);
	free(s);
}

void stream_end(struct stream *s, enum http_failure failure, const char *why)
{
	if (s->ended)
		return;
	s->ended = true;
	s->failure = failure;
	snprintf(s->why, sizeof(s->why), "%s", why ? why : "");
	timer_stop(s->timer);
	s->timer = NULL;
	loop_end_cancel(s->end);
	uv_close((uv_handle_t *)&s->tcp, on_closed);
}

void stream_cancel(struct stream *s)
{
	s->cancelled = true;
	stream_end(s, HTTP_CLOSED, NULL);
}

static void on_loop_end(void *arg)
{
	struct stream *s = arg;

	s->end = NULL;
	stream_end(s, HTTP_LOCAL, "dcvd is stopping");
}

static void on_time_over(void *arg)
{
	struct stream *s = arg;

	s->timer = NULL;
	stream_end(s, s->connected ? HTTP_TIMED_OUT : HTTP_CONNECT_TIMEOUT, s->connected ? "no answer in time" : "no connection in time");
}

/* The time until the end of everything, but at most this. */
static void wait_at_most(struct stream *s, int64_t ms)
{
	int64_t left = s->deadline_ms - loop_now_ms(s->loop);

	left = left < ms ? left : ms;
	timer_stop(s->timer);
	s->timer = timer_start(s->loop, left > 1 ? left : 1, on_time_over, s);
}

/* ---- writing ---- */

static void on_written(uv_write_t *write, int status)
{
	(void)status; /* a broken connection is told by the reader */
	free(write->data);
	free(write);
}

/* Takes the bytes. */
static void send_bytes(struct stream *s, char *bytes, size_t length)
{
	uv_write_t *write = mem_new(1, sizeof(*write));
	uv_buf_t buf = uv_buf_init(bytes, (unsigned)length);

	write->data = bytes;
	if (uv_write(write, (uv_stream_t *)&s->tcp, &buf, 1, on_written) < 0) {
		free(bytes);
		free(write);
		stream_end(s, HTTP_CLOSED, "the connection cannot be written to");
	}
}

static void flush(struct stream *s)
{
	size_t length = BIO_ctrl_pending(s->out);
	char *bytes;

	if (!length || s->ended)
		return;
	bytes = mem_new(length, 1);
	BIO_read(s->out, bytes, (int)length);
	send_bytes(s, bytes, length);
}

void stream_write(struct stream *s, const void *bytes, size_t length)
{
	if (s->ended)
		return;
	if (s->ssl) {
		SSL_write(s->ssl, bytes, (int)length);
		flush(s);
	} else {
		send_bytes(s, mem_dup_n(bytes, length), length);
	}
}

/* ---- reading ---- */

static void opened(struct stream *s)
{
	s->open = true;
	wait_at_most(s, INT64_MAX);
	s->events.opened(s->arg);
}

static void fail_tls(struct stream *s)
{
	char text[WHY_SIZE];

	stream_tls_why(ERR_get_error(), text, sizeof(text));
	ERR_clear_error();
	/* A TLS record begins with its type, 20 to 24. */
	if (s->open || !s->received || (s->first[0] >= 20 && s->first[0] <= 24))
		stream_end(s, HTTP_TLS, text);
	else
		stream_end(s, memcmp(s->first, "HTTP/", HTTP_MARK) == 0 ? HTTP_TLS_NOT_TLS : HTTP_GARBAGE, "the answer is not TLS");
}

static void handshake(struct stream *s)
{
	int rc;

	ERR_clear_error();
	rc = SSL_do_handshake(s->ssl);
	flush(s);
	if (rc == 1)
		opened(s);
	else if (SSL_get_error(s->ssl, rc) != SSL_ERROR_WANT_READ)
		fail_tls(s);
}

static void read_tls(struct stream *s)
{
	char plain[CHUNK];
	int n = 0;

	ERR_clear_error();
	while (!s->ended && (n = SSL_read(s->ssl, plain, sizeof(plain))) > 0)
		s->events.bytes(plain, (size_t)n, s->arg);
	if (s->ended)
		return;
	flush(s);
	n = SSL_get_error(s->ssl, n);
	if (n == SSL_ERROR_ZERO_RETURN)
		stream_end(s, HTTP_CLOSED, NULL);
	else if (n != SSL_ERROR_WANT_READ)
		fail_tls(s);
}

static void receive_tls(struct stream *s, const char *bytes, size_t length)
{
	if (!s->open && s->received > HANDSHAKE_MAX) {
		stream_end(s, HTTP_GARBAGE, "the handshake is longer than 256 kB");
		return;
	}
	BIO_write(s->in, bytes, (int)length);
	if (!s->open)
		handshake(s);
	if (s->open && !s->ended)
		read_tls(s);
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct stream *s = handle->data;

	(void)suggested;
	*buf = uv_buf_init(s->chunk, sizeof(s->chunk));
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buf)
{
	struct stream *s = stream->data;

	if (s->ended || length == 0)
		return;
	if (length < 0) {
		stream_end(s, length == UV_ECONNRESET ? HTTP_RESET : HTTP_CLOSED, length == UV_EOF ? NULL : uv_strerror((int)length));
		return;
	}
	for (ssize_t i = 0; i < length && s->received + (size_t)i < HTTP_MARK; i++)
		s->first[s->received + (size_t)i] = buf->base[i];
	s->received += (size_t)length;
	if (s->ssl)
		receive_tls(s, buf->base, (size_t)length);
	else
		s->events.bytes(buf->base, (size_t)length, s->arg);
}

/* ---- the start ---- */

static void on_connected(uv_connect_t *connect, int status)
{
	struct stream *s = connect->data;

	if (s->ended)
		return;
	if (status < 0) {
		s->number = -status;
		stream_end(s, http_dial_failure(-status), uv_strerror(status));
		return;
	}
	s->connected = true;
	wait_at_most(s, s->ssl ? HANDSHAKE_MS : INT64_MAX);
	uv_read_start((uv_stream_t *)&s->tcp, on_room, on_read);
	if (s->ssl)
		handshake(s);
	else
		opened(s);
}

static void session_new(struct stream *s, const struct stream_request *request)
{
	s->ctx = stream_tls_context();
	s->ssl = SSL_new(s->ctx);
	s->in = BIO_new(BIO_s_mem());
	s->out = BIO_new(BIO_s_mem());
	SSL_set_bio(s->ssl, s->in, s->out);
	if (request->alpn)
		SSL_set_alpn_protos(s->ssl, request->alpn, (unsigned)request->alpn_length);
	if (request->sni)
		SSL_set_tlsext_host_name(s->ssl, request->sni);
	SSL_set_connect_state(s->ssl);
}

int stream_open(struct loop *l, const struct stream_request *request, const struct stream_events *events, void *arg, struct stream **ret,
                struct err *err)
{
	struct sockaddr_storage address;
	struct stream *s;
	int rc;

	if (address_parse(request->address, request->port, &address, err) < 0)
		return err->code;
	s = mem_new(1, sizeof(*s));
	*s = (struct stream){ .loop = l, .events = *events, .arg = arg, .deadline_ms = loop_now_ms(l) + request->timeout_ms };
	if (request->tls)
		session_new(s, request);
	uv_tcp_init(loop_uv(l), &s->tcp);
	s->tcp.data = s->connect.data = s;
	s->end = loop_at_end(l, on_loop_end, s);
	wait_at_most(s, request->dial_ms);
	rc = uv_tcp_connect(&s->connect, &s->tcp, (const struct sockaddr *)&address, on_connected);
	if (rc < 0) {
		s->number = -rc;
		stream_end(s, http_dial_failure(-rc), uv_strerror(rc));
	}
	*ret = s;
	return 0;
}

int stream_errno(const struct stream *s)
{
	return s->number;
}

SSL *stream_session(const struct stream *s)
{
	return s->ssl;
}
