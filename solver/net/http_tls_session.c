/* A TLS connection: its keys, and the certificate of its client. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/net/http_tls_private.h"

#define CHAIN_MAX 16
#define SHA256_BYTES 32

struct tls_session {
	gnutls_session_t session;
	struct tls_keys *keys;
	struct http_certificate certificate;
	bool looked, found;
};

/* ---- the certificate ---- */

static char *subject_of(gnutls_x509_crt_t crt)
{
	gnutls_datum_t text;
	char *subject;

	if (gnutls_x509_crt_get_dn3(crt, &text, 0) < 0)
		return mem_dup("");
	subject = mem_dup_n((const char *)text.data, text.size);
	gnutls_free(text.data);
	return subject;
}

/* A zero byte inside would make it look like another name: then it has none. */
static char *cn_of(gnutls_x509_crt_t crt)
{
	char cn[256];
	size_t size = sizeof(cn);

	if (gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, cn, &size) < 0 || size >= sizeof(cn) || strlen(cn) != size)
		return NULL;
	return mem_dup(cn);
}

static char *fingerprint_of(const gnutls_datum_t *der)
{
	unsigned char digest[SHA256_BYTES];
	char hex[2 * SHA256_BYTES + 1];
	size_t size = sizeof(digest);

	if (gnutls_fingerprint(GNUTLS_DIG_SHA256, der, digest, &size) < 0)
		return mem_dup("");
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return mem_dup(hex);
}

static char *why_text(unsigned status)
{
	gnutls_datum_t text;
	char *why;

	if (gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0) < 0)
		return mem_dup("it cannot be verified");
	why = mem_dup_n((const char *)text.data, text.size);
	gnutls_free(text.data);
	while (*why && strchr(" .", why[strlen(why) - 1]))
		why[strlen(why) - 1] = '\0';
	return why;
}

static void verify(struct tls_session *s, gnutls_x509_crt_t *chain, unsigned count)
{
	gnutls_typed_vdata_st purpose = { .type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (void *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT };
	struct http_certificate *c = &s->certificate;
	bool any = false;

	for (size_t i = 0; i < HTTP_TRUST_MAX; i++) {
		unsigned status = GNUTLS_CERT_INVALID;

		if (!s->keys->trust[i])
			continue;
		if (gnutls_x509_trust_list_verify_crt2(s->keys->trust[i], chain, count, &purpose, 1, 0, &status, NULL) < 0)
			status = GNUTLS_CERT_INVALID;
		c->trusted[i] = status == 0;
		any = any || c->trusted[i];
		if (status && !c->why_not)
			c->why_not = why_text(status);
	}
	if (any) {
		free(c->why_not);
		c->why_not = NULL;
	}
}

static void look(struct tls_session *s)
{
	gnutls_x509_crt_t chain[CHAIN_MAX];
	unsigned count = 0, used = 0;
	const gnutls_datum_t *ders = gnutls_certificate_get_peers(s->session, &count);

	s->looked = true;
	for (; ders && used < count && used < CHAIN_MAX; used++) {
		gnutls_x509_crt_init(&chain[used]);
		if (gnutls_x509_crt_import(chain[used], &ders[used], GNUTLS_X509_FMT_DER) == 0)
			continue;
		gnutls_x509_crt_deinit(chain[used]);
		break;
	}
	if (used) {
		s->found = true;
		s->certificate.subject = subject_of(chain[0]);
		s->certificate.cn = cn_of(chain[0]);
		s->certificate.fingerprint = fingerprint_of(&ders[0]);
		verify(s, chain, used);
	}
	while (used)
		gnutls_x509_crt_deinit(chain[--used]);
}

const struct http_certificate *tls_session_certificate(struct tls_session *s)
{
	if (!s->looked)
		look(s);
	return s->found ? &s->certificate : NULL;
}

/* ---- the connection ---- */

/* In the handshake, where a certificate is required: whom nobody trusts gets no further. */
static int on_verify(gnutls_session_t session)
{
	const struct http_certificate *c = tls_session_certificate(gnutls_db_get_ptr(session));

	for (size_t i = 0; c && i < HTTP_TRUST_MAX; i++)
		if (c->trusted[i])
			return 0;
	return GNUTLS_E_CERTIFICATE_ERROR;
}

/* The session has libmicrohttpd's credentials, which know no certificate, and its priorities; these replace them. The pointer of the session
 * cache, which is not used, is the only one that is free for us. */
struct tls_session *tls_session_new(struct http_tls *t, gnutls_session_t session)
{
	struct tls_session *s = mem_new(1, sizeof(*s));
	struct tls_keys *k = tls_keys_now(t);
	bool asks = k->trust[0] || k->trust[1];

	s->session = session;
	s->keys = k;
	k->holders++;
	gnutls_priority_set(session, k->priority);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, k->credentials);
	gnutls_certificate_server_set_request(session, !asks ? GNUTLS_CERT_IGNORE : k->require ? GNUTLS_CERT_REQUIRE : GNUTLS_CERT_REQUEST);
	gnutls_db_set_ptr(session, s);
	if (k->require)
		gnutls_session_set_verify_function(session, on_verify);
	return s;
}

void tls_session_free(struct tls_session *s)
{
	if (!s)
		return;
	free(s->certificate.subject);
	free(s->certificate.cn);
	free(s->certificate.fingerprint);
	free(s->certificate.why_not);
	tls_keys_release(s->keys);
	free(s);
}
