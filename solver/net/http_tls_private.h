/* What http_tls.c (files) and http_tls_session.c (connections) share with the server. */
#ifndef SOLVER_NET_HTTP_TLS_PRIVATE_H
#define SOLVER_NET_HTTP_TLS_PRIVATE_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "solver/net/http_tls.h"

/* One reading of the files. Shared by the connections that began with it. */
struct tls_keys {
	unsigned holders;
	gnutls_certificate_credentials_t credentials;
	gnutls_x509_trust_list_t trust[HTTP_TRUST_MAX]; /* or NULL */
	bool require;
};

#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

struct tls_keys *tls_keys_now(struct http_tls *t); /* borrowed; NULL: there is no certificate yet */
void tls_keys_release(struct tls_keys *k);

/* One connection. */
struct tls_session;
struct tls_session *tls_session_new(struct http_tls *t, gnutls_session_t session); /* before the handshake */
void tls_session_free(struct tls_session *s);
const struct http_certificate *tls_session_certificate(struct tls_session *s);     /* after it */

#endif
