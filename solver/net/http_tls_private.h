/* What http_tls.c (files) and http_tls_session.c (connections) share with the server. */
#ifndef SOLVER_NET_HTTP_TLS_PRIVATE_H
#define SOLVER_NET_HTTP_TLS_PRIVATE_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "solver/net/http_tls.h"
#include "solver/net/revocation.h"

/* One reading of the files. Shared by the connections that began with it. */
struct tls_keys {
	unsigned holders;
	gnutls_certificate_credentials_t credentials;
	gnutls_x509_trust_list_t trust[HTTP_TRUST_MAX]; /* or NULL */
	struct revocation *revocation[HTTP_TRUST_MAX];  /* or NULL: nothing is known of revocation */
	gnutls_datum_t ticket_key;
	int64_t ticket_key_made_ms; /* on the loop's clock */
	unsigned long number; /* of this reading, from 1 */
	gnutls_priority_t priority;
	bool require;
};

/* The profiles. Signatures are named one by one: SIGN-ALL has SHA-1. */
#define TLS_MODERN                                                                                                                         \
	"NONE:+VERS-TLS1.3:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:+AEAD:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:+CTYPE-X509:" \
	"+SIGN-EDDSA-ED25519:+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-ECDSA-SECP384R1-SHA384:+SIGN-ECDSA-SHA256:+SIGN-ECDSA-SHA384:"             \
	"+SIGN-ECDSA-SHA512:+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-PSS-RSAE-SHA384:+SIGN-RSA-PSS-RSAE-SHA512:+SIGN-RSA-PSS-SHA256:"           \
	"+SIGN-RSA-PSS-SHA384:+SIGN-RSA-PSS-SHA512:+SIGN-RSA-SHA256:+SIGN-RSA-SHA384:+SIGN-RSA-SHA512"
#define TLS_INTERMEDIATE TLS_MODERN ":+VERS-TLS1.2:+ECDHE-ECDSA:+ECDHE-RSA:+COMP-NULL"

struct tls_keys *tls_keys_now(struct http_tls *t); /* borrowed; NULL: there is no certificate yet */
void tls_keys_release(struct tls_keys *k);
/* The key of session tickets (RFC 5077; RFC 8446, section 4.6.1): random, new after TLS_TICKET_KEY_MS and with each reading of the
 * files. So a ticket lasts an hour at most, and none outlives a CA or a list that changed. Borrowed until the next call. */
#define TLS_TICKET_KEY_MS INT64_C(3600000)
const gnutls_datum_t *tls_keys_ticket_key(struct tls_keys *k, int64_t now_ms);

/* One connection. */
struct tls_session;
struct tls_session *tls_session_new(struct http_tls *t, gnutls_session_t session); /* before the handshake */
void tls_session_free(struct tls_session *s);
const struct http_certificate *tls_session_certificate(struct tls_session *s);     /* after it; verified as of now */
bool tls_session_admitted(struct tls_session *s); /* false: a certificate is required, and there is none that is trusted now */
bool tls_session_lost(struct tls_session *s);     /* its certificate was trusted and is no longer */

#endif
