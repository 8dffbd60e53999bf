#include "solver/net/tls_alpn.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/net/stream.h"

#define PORT 443
#define DIAL_MS 10000
#define TIMEOUT_MS 19800

struct tls_alpn_call {
	struct loop *loop;
	struct stream *stream;
	int64_t started_ms;
	tls_alpn_fn done;
	void *arg;
};

static void read_session(SSL *ssl, struct tls_alpn_reply *reply, unsigned char **ret_der, char alpn[256])
{
	X509 *leaf = SSL_get0_peer_certificate(ssl);
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
	const unsigned char *protocol;
	unsigned length;
	int der = leaf ? i2d_X509(leaf, ret_der) : 0;

	SSL_get0_alpn_selected(ssl, &protocol, &length);
	if (length) /* none was agreed upon: protocol is NULL */
		memcpy(alpn, protocol, length < 256 ? length : 255);
	reply->alpn = alpn;
	reply->version = SSL_get_version(ssl);
	reply->der = *ret_der;
	reply->der_length = der > 0 ? (size_t)der : 0;
	reply->chain_length = chain ? (size_t)sk_X509_num(chain) : 0;
}

static void tell(struct tls_alpn_call *c, enum http_failure failure, const char *why)
{
	struct tls_alpn_reply reply = { .failure = failure, .why = why, .elapsed_ms = loop_now_ms(c->loop) - c->started_ms };
	unsigned char *der = NULL;
	char alpn[256] = "";

	if (failure == HTTP_WORKED)
		read_session(stream_session(c->stream), &reply, &der, alpn);
	c->done(&reply, c->arg);
	OPENSSL_free(der);
}

static void on_opened(void *arg)
{
	struct tls_alpn_call *c = arg;

	stream_end(c->stream, HTTP_WORKED, NULL); /* the certificate is all that was wanted */
}

static void on_bytes(const void *bytes, size_t length, void *arg)
{
	(void)bytes, (void)length, (void)arg;
}

static void on_ended(enum http_failure failure, const char *why, void *arg)
{
	struct tls_alpn_call *c = arg;

	tell(c, failure, failure == HTTP_CLOSED && !why ? "closed without an answer" : why);
	free(c);
}

int tls_alpn_start(struct loop *l, const struct tls_alpn_request *request, tls_alpn_fn done, void *arg, struct tls_alpn_call **ret,
                   struct err *err)
{
	static const struct stream_events events = { on_opened, on_bytes, on_ended };
	static const unsigned char protocols[] = "\x0a" "acme-tls/1";
	struct tls_alpn_call *c = mem_new(1, sizeof(*c));
	struct stream_request r = { .address = request->address, .port = request->port ? request->port : PORT, .tls = true, .sni = request->sni,
	                            .alpn = protocols, .alpn_length = sizeof(protocols) - 1 };

	*c = (struct tls_alpn_call){ .loop = l, .done = done, .arg = arg, .started_ms = loop_now_ms(l) };
	r.dial_ms = request->dial_ms > 0 ? request->dial_ms : DIAL_MS;
	r.timeout_ms = request->timeout_ms > 0 ? request->timeout_ms : TIMEOUT_MS;
	if (stream_open(l, &r, &events, c, &c->stream, err) < 0) {
		free(c);
		return err->code;
	}
	*ret = c;
	return 0;
}

void tls_alpn_cancel(struct tls_alpn_call *c)
{
	stream_cancel(c->stream);
	free(c);
}
