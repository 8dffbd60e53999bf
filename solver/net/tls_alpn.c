#include "solver/net/tls_alpn.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "solver/base/mem.h"
#include "solver/net/address.h"

#define PORT 443
#define DIAL_MS 10000
#define TIMEOUT_MS 19800
#define RECEIVED_MAX (256 * 1024) /* of a handshake */
#define CHUNK 16384
#define WHY_SIZE 256

struct tls_alpn_call {
	struct loop *loop;
	uv_tcp_t tcp;
	uv_connect_t connect;
	struct timer *timer;     /* the dial, then the whole */
	int64_t started_ms, timeout_ms;
	SSL_CTX *ctx;
	SSL *ssl;
	BIO *in, *out;           /* owned by ssl */
	size_t received;
	char first;              /* byte that came */
	char chunk[CHUNK];
	enum http_failure failure;
	char why[WHY_SIZE];
	bool connected, ended, cancelled;
	tls_alpn_fn done;
	void *arg;
};

/* ---- the end ---- */

static void read_session(struct tls_alpn_call *c, struct tls_alpn_reply *reply, unsigned char **ret_der, char alpn[256])
{
	X509 *leaf = SSL_get0_peer_certificate(c->ssl);
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(c->ssl);
	const unsigned char *protocol;
	unsigned length;
	int der = leaf ? i2d_X509(leaf, ret_der) : 0;

	SSL_get0_alpn_selected(c->ssl, &protocol, &length);
	if (length) /* none was agreed upon: protocol is NULL */
		memcpy(alpn, protocol, length < 256 ? length : 255);
	reply->alpn = alpn;
	reply->version = SSL_get_version(c->ssl);
	reply->der = *ret_der;
	reply->der_length = der > 0 ? (size_t)der : 0;
	reply->chain_length = chain ? (size_t)sk_X509_num(chain) : 0;
}

static void tell(struct tls_alpn_call *c)
{
	struct tls_alpn_reply reply = { .failure = c->failure, .why = *c->why ? c->why : NULL,
	                                .elapsed_ms = loop_now_ms(c->loop) - c->started_ms };
	unsigned char *der = NULL;
	struct err err = { 0 };
	char alpn[256] = "";

	if (c->cancelled) {
		err_set(&err, ERR_CANCELLED, "the connection was called off");
		c->done(NULL, &err, c->arg);
		return;
	}
	if (c->failure == HTTP_WORKED)
		read_session(c, &reply, &der, alpn);
	c->done(&reply, &err, c->arg);
	OPENSSL_free(der);
}

static void on_closed(uv_handle_t *handle)
{
	struct tls_alpn_call *c = handle->data;

	tell(c);
	SSL_free(c->ssl);
	SSL_CTX_free(c->ctx);
	free(c);
}

static void end(struct tls_alpn_call *c, enum http_failure failure, const char *why)
{
	if (c->ended)
		return;
	c->ended = true;
	c->failure = failure;
	snprintf(c->why, sizeof(c->why), "%s", why ? why : "");
	timer_stop(c->timer);
	c->timer = NULL;
	uv_close((uv_handle_t *)&c->tcp, on_closed);
}

static void on_time_over(void *arg)
{
	struct tls_alpn_call *c = arg;

	c->timer = NULL;
	end(c, c->connected ? HTTP_TIMED_OUT : HTTP_CONNECT_TIMEOUT, c->connected ? "no answer in time" : "no connection in time");
}

/* ---- the handshake, over memory ---- */

static void on_written(uv_write_t *write, int status)
{
	(void)status; /* a broken connection is told by the reader */
	free(write->data);
	free(write);
}

static void flush(struct tls_alpn_call *c)
{
	size_t length = BIO_ctrl_pending(c->out);
	uv_write_t *write;
	uv_buf_t buf;

	if (!length || c->ended)
		return;
	write = mem_new(1, sizeof(*write));
	write->data = mem_new(length, 1);
	BIO_read(c->out, write->data, (int)length);
	buf = uv_buf_init(write->data, (unsigned)length);
	if (uv_write(write, (uv_stream_t *)&c->tcp, &buf, 1, on_written) < 0) {
		free(write->data);
		free(write);
		end(c, HTTP_CLOSED, "the connection cannot be written to");
	}
}

static void fail_tls(struct tls_alpn_call *c)
{
	char text[WHY_SIZE] = "TLS handshake failed";
	unsigned long code = ERR_get_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;

	if (reason)
		snprintf(text, sizeof(text), "%s", reason);
	/* A TLS record begins with its type, 20 to 24. */
	end(c, c->received && (c->first < 20 || c->first > 24) ? HTTP_TLS_NOT_TLS : HTTP_TLS, text);
	ERR_clear_error();
}

static void handshake(struct tls_alpn_call *c)
{
	int rc;

	ERR_clear_error();
	rc = SSL_do_handshake(c->ssl);
	flush(c);
	if (rc == 1)
		end(c, HTTP_WORKED, NULL);
	else if (SSL_get_error(c->ssl, rc) != SSL_ERROR_WANT_READ)
		fail_tls(c);
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct tls_alpn_call *c = handle->data;

	(void)suggested;
	*buf = uv_buf_init(c->chunk, sizeof(c->chunk));
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buf)
{
	struct tls_alpn_call *c = stream->data;

	if (c->ended || length == 0)
		return;
	if (length < 0) {
		end(c, length == UV_ECONNRESET ? HTTP_RESET : HTTP_CLOSED, length == UV_EOF ? "closed without an answer" : uv_strerror((int)length));
		return;
	}
	if (!c->received)
		c->first = buf->base[0];
	c->received += (size_t)length;
	if (c->received > RECEIVED_MAX) {
		end(c, HTTP_GARBAGE, "the handshake is longer than 256 kB");
		return;
	}
	BIO_write(c->in, buf->base, (int)length);
	handshake(c);
}

static void on_connected(uv_connect_t *connect, int status)
{
	struct tls_alpn_call *c = connect->data;
	int64_t left = c->started_ms + c->timeout_ms - loop_now_ms(c->loop);

	if (c->ended)
		return;
	if (status < 0) {
		end(c, status == UV_ECONNREFUSED ? HTTP_CONNECT_REFUSED : status == UV_ETIMEDOUT ? HTTP_CONNECT_TIMEOUT : HTTP_CONNECT_UNREACHABLE,
		    uv_strerror(status));
		return;
	}
	c->connected = true;
	timer_stop(c->timer);
	c->timer = timer_start(c->loop, left > 1 ? left : 1, on_time_over, c);
	uv_read_start((uv_stream_t *)&c->tcp, on_room, on_read);
	handshake(c);
}

/* ---- the start ---- */

static void session_new(struct tls_alpn_call *c, const char *sni)
{
	static const unsigned char protocols[] = "\x0a" "acme-tls/1";

	c->ctx = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_min_proto_version(c->ctx, TLS1_2_VERSION);
	SSL_CTX_set_verify(c->ctx, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_security_level(c->ctx, 1); /* old keys are the owner's affair */
	c->ssl = SSL_new(c->ctx);
	c->in = BIO_new(BIO_s_mem());
	c->out = BIO_new(BIO_s_mem());
	SSL_set_bio(c->ssl, c->in, c->out);
	SSL_set_alpn_protos(c->ssl, protocols, sizeof(protocols) - 1);
	if (sni)
		SSL_set_tlsext_host_name(c->ssl, sni);
	SSL_set_connect_state(c->ssl);
}

int tls_alpn_start(struct loop *l, const struct tls_alpn_request *request, tls_alpn_fn done, void *arg, struct tls_alpn_call **ret,
                   struct err *err)
{
	struct sockaddr_storage address;
	struct tls_alpn_call *c;
	int rc;

	if (address_parse(request->address, request->port ? request->port : PORT, &address, err) < 0)
		return err->code;
	c = mem_new(1, sizeof(*c));
	*c = (struct tls_alpn_call){ .loop = l, .done = done, .arg = arg, .started_ms = loop_now_ms(l) };
	c->timeout_ms = request->timeout_ms > 0 ? request->timeout_ms : TIMEOUT_MS;
	session_new(c, request->sni);
	uv_tcp_init(loop_uv(l), &c->tcp);
	c->tcp.data = c->connect.data = c;
	c->timer = timer_start(l, request->dial_ms > 0 ? request->dial_ms : DIAL_MS, on_time_over, c);
	rc = uv_tcp_connect(&c->connect, &c->tcp, (const struct sockaddr *)&address, on_connected);
	if (rc < 0)
		end(c, HTTP_CONNECT_UNREACHABLE, uv_strerror(rc));
	*ret = c;
	return 0;
}

void tls_alpn_cancel(struct tls_alpn_call *c)
{
	c->cancelled = true;
	end(c, HTTP_TIMED_OUT, NULL);
}

static void nobody(const struct tls_alpn_reply *reply, const struct err *err, void *arg)
{
	(void)reply, (void)err, (void)arg;
}

void tls_alpn_abandon(struct tls_alpn_call *c)
{
	c->done = nobody;
	tls_alpn_cancel(c);
}
