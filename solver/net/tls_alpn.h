/* One TLS handshake as a validation server makes it for TLS-ALPN-01 (RFC 8737): ALPN "acme-tls/1", TLS 1.2 or later, nothing
 * about the certificate verified. What was presented is handed over; solver/verdict judges it. */
#ifndef SOLVER_NET_TLS_ALPN_H
#define SOLVER_NET_TLS_ALPN_H

#include <stddef.h>
#include <stdint.h>

#include "solver/base/err.h"
#include "solver/net/failure.h"
#include "solver/net/loop.h"

struct tls_alpn_call;

struct tls_alpn_request {
	const char *address;   /* "192.0.2.1", "2001:db8::1" */
	int port;              /* 0: 443 */
	const char *sni;       /* server name, or NULL */
	int dial_ms, timeout_ms; /* 0: 10000, 19800 */
};

struct tls_alpn_reply {
	enum http_failure failure;   /* HTTP_WORKED: there is a certificate */
	const char *why;             /* the network's or the TLS sentence, or NULL */
	const char *version;         /* "TLSv1.3" */
	const char *alpn;            /* as negotiated, "" for none; bytes of the other side, zero-ended */
	const unsigned char *der;    /* the leaf */
	size_t der_length, chain_length;
	int64_t elapsed_ms;
};

/* As loop.h says; HTTP_LOCAL when the loop is freed. Texts are copied. */
typedef void (*tls_alpn_fn)(const struct tls_alpn_reply *reply, void *arg);
int tls_alpn_start(struct loop *l, const struct tls_alpn_request *request, tls_alpn_fn done, void *arg, struct tls_alpn_call **ret,
                   struct err *err);
void tls_alpn_cancel(struct tls_alpn_call *c);

#endif
