/* TLS of the front doors' HTTP server: certificate, key and CA files, read again when they change. GnuTLS, as libmicrohttpd.
 *
 * Versions, ciphers, curves and signatures are those of the profiles that Mozilla names "intermediate" (TLS 1.2 and 1.3; here
 * without DHE) and "modern" (TLS 1.3 only): forward secrecy and AEAD, no SHA-1. A new pair that cannot be used (half written, key and certificate do not match) leaves the old one in
 * force and is logged. Connections keep the profile and the server's certificate that they began with. Client certificates are
 * verified against CA files, as certificates of clients, and against revocation lists (revocation.h), at each request: with the files
 * and the time of now; so a session that was resumed by a ticket is verified as any other. */
#ifndef SOLVER_NET_HTTP_TLS_H
#define SOLVER_NET_HTTP_TLS_H

#include <stdbool.h>

#include "solver/base/buf.h"
#include "solver/base/err.h"
#include "solver/net/http_server.h"
#include "solver/net/loop.h"

#define HTTP_CRL_MAX 16

/* What each file is called in sentences: its option. */
struct http_tls_names {
	const char *certificate, *key, *trust[HTTP_TRUST_MAX], *crl[HTTP_TRUST_MAX];
};

struct http_tls_options {
	const struct http_tls_names *names; /* constant */
	const char *certificate, *key;     /* PEM files */
	const char *trust[HTTP_TRUST_MAX]; /* PEM files of CA certificates, or NULL */
	char *const *crl[HTTP_TRUST_MAX];  /* files of revocation lists for each of these, NULL-ended, HTTP_CRL_MAX at most; or NULL */
	bool crl_soft;                     /* a certificate passes where there is no current list of its issuer */
	bool modern;                       /* the profile: modern, else intermediate */
	bool require;                      /* no connection without a certificate that one of them trusts */
};

/* A file that does not exist yet (a certificate may be issued through this very service) or cannot be used is no error, so that it
 * closes no other door: until all of them can be used, connections are closed, and the log says why. Gives *ret (free with
 * http_tls_close, after the servers that use it). */
int http_tls_open(struct loop *l, const struct http_tls_options *options, struct http_tls **ret, struct err *err);
void http_tls_close(struct http_tls *t); /* NULL is allowed */
/* What is wrong with the files now, and what is in order but surely not meant (lists that let no certificate pass): sentences that begin
 * with the name of the option, one a line. A certificate or key that does not exist is neither. */
void http_tls_check(const struct http_tls_options *options, struct buf *mistakes, struct buf *warnings);
/* New options, or the same files again. On error the old ones stay in force. */
int http_tls_reload(struct http_tls *t, const struct http_tls_options *options, struct err *err);

#endif
