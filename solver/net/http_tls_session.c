/* A TLS connection: its keys, and the certificate of its client. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/net/http_tls_private.h"

#define CHAIN_MAX 16
#define SHA256_BYTES 32

struct tls_session {
	gnutls_session_t session;
	struct http_tls *tls;
	struct tls_keys *keys;
	struct http_certificate certificate;
	unsigned long looked;  /* with the keys of this number; 0: not yet */
	int64_t looked_second; /* and in this second of the wall clock */
	bool found, was_trusted, lost;
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

/* NULL: that CA file trusts it. Else gives a sentence. */
static char *why_not(const struct tls_keys *k, size_t index, gnutls_x509_crt_t *chain, const struct revocation_certificate *ders, unsigned count)
{
	gnutls_typed_vdata_st purpose = { .type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (void *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT };
	unsigned status = GNUTLS_CERT_INVALID;
	char why[REVOCATION_WHY_SIZE];

	if (gnutls_x509_trust_list_verify_crt2(k->trust[index], chain, count, &purpose, 1, 0, &status, NULL) < 0)
		status = GNUTLS_CERT_INVALID;
	if (status)
		return why_text(status);
	if (k->revocation[index] && !revocation_passes(k->revocation[index], ders, count, clock_wall_ms(), why))
		return mem_dup(why);
	return NULL;
}

static void verify(struct tls_session *s, const struct tls_keys *k, gnutls_x509_crt_t *chain, const struct revocation_certificate *ders, unsigned count)
{
	struct http_certificate *c = &s->certificate;
	bool any = false;

	mem_replace(&c->why_not, NULL);
	for (size_t i = 0; i < HTTP_TRUST_MAX; i++) {
		CLEANUP(mem_freep) char *why = k->trust[i] ? why_not(k, i, chain, ders, count) : NULL;

		c->trusted[i] = k->trust[i] && !why;
		any = any || c->trusted[i];
		if (why && !c->why_not)
			mem_replace(&c->why_not, why);
	}
	if (any)
		mem_replace(&c->why_not, NULL);
	s->lost = s->was_trusted && !any;
	s->was_trusted = s->was_trusted || any;
}

static void describe(struct tls_session *s, gnutls_x509_crt_t crt, const gnutls_datum_t *der)
{
	if (s->found)
		return;
	s->found = true;
	s->certificate.subject = subject_of(crt);
	s->certificate.cn = cn_of(crt);
	s->certificate.fingerprint = fingerprint_of(der);
}

static void look(struct tls_session *s, const struct tls_keys *k)
{
	gnutls_x509_crt_t chain[CHAIN_MAX];
	struct revocation_certificate sent[CHAIN_MAX];
	unsigned count = 0, used = 0;
	const gnutls_datum_t *ders = gnutls_certificate_get_peers(s->session, &count);

	for (; ders && used < count && used < CHAIN_MAX; used++) {
		sent[used] = (struct revocation_certificate){ ders[used].data, ders[used].size };
		gnutls_x509_crt_init(&chain[used]);
		if (gnutls_x509_crt_import(chain[used], &ders[used], GNUTLS_X509_FMT_DER) == 0)
			continue;
		gnutls_x509_crt_deinit(chain[used]);
		break;
	}
	if (used) {
		describe(s, chain[0], &ders[0]);
		verify(s, k, chain, sent, used);
	}
	while (used)
		gnutls_x509_crt_deinit(chain[--used]);
}

/* A connection lives on while files change and certificates and lists end. One look a second is enough for the latter. */
const struct http_certificate *tls_session_certificate(struct tls_session *s)
{
	const struct tls_keys *k = tls_keys_now(s->tls);
	int64_t second = clock_wall_ms() / 1000;

	if (s->looked != k->number || s->looked_second != second)
		look(s, k);
	s->looked = k->number;
	s->looked_second = second;
	return s->found ? &s->certificate : NULL;
}

static bool is_trusted(const struct http_certificate *c)
{
	for (size_t i = 0; c && i < HTTP_TRUST_MAX; i++)
		if (c->trusted[i])
			return true;
	return false;
}

bool tls_session_admitted(struct tls_session *s)
{
	return !tls_keys_now(s->tls)->require || is_trusted(tls_session_certificate(s));
}

bool tls_session_lost(struct tls_session *s)
{
	tls_session_certificate(s);
	return s->lost;
}

/* ---- the connection ---- */

/* In the handshake, where a certificate is required: whom nobody trusts gets no further. A session that a ticket resumes has no such
 * step: tls_session_admitted() decides at each request. */
static int on_verify(gnutls_session_t session)
{
	return is_trusted(tls_session_certificate(gnutls_db_get_ptr(session))) ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

/* The session has libmicrohttpd's credentials, which know no certificate, and its priorities; these replace them. The pointer of the session
 * cache, which is not used, is the only one that is free for us. */
struct tls_session *tls_session_new(struct http_tls *t, gnutls_session_t session)
{
	struct tls_session *s = mem_new(1, sizeof(*s));
	struct tls_keys *k = tls_keys_now(t);
	bool asks = k->trust[0] || k->trust[1];

	s->session = session;
	s->tls = t;
	s->keys = k;
	k->holders++;
	gnutls_priority_set(session, k->priority);
	gnutls_db_set_cache_expiration(session, (int)(TLS_TICKET_KEY_MS / 1000)); /* of tickets */
	gnutls_session_ticket_enable_server(session, tls_keys_ticket_key(k, clock_monotonic_ms()));
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
