#include "solver/net/revocation.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "solver/base/clock.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"

struct list {
	char *file, *issuer;
	int64_t until_ms; /* nextUpdate; INT64_MAX: it has none */
	bool foreign;     /* of no CA in the file: at most of one between such a CA and a certificate */
	bool warned, warned_foreign;
};

struct revocation {
	X509_STORE *store;
	char *ca_file;
	bool soft;
	struct list *lists;
	size_t count;
};

void revocation_free(struct revocation *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->count; i++) {
		free(r->lists[i].file);
		free(r->lists[i].issuer);
	}
	free(r->lists);
	free(r->ca_file);
	X509_STORE_free(r->store);
	free(r);
}

/* ---- text ---- */

/* Gives. */
static char *name_text(const X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data, *text;
	long length;

	X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253);
	length = BIO_get_mem_data(bio, &data);
	text = mem_dup_n(data, length > 0 ? (size_t)length : 0);
	BIO_free(bio);
	return text;
}

static int64_t time_ms(const ASN1_TIME *time)
{
	struct tm tm;

	return time && ASN1_TIME_to_tm(time, &tm) == 1 ? (int64_t)timegm(&tm) * 1000 : INT64_MAX;
}

/* The newest error of OpenSSL; the queue is empty afterwards. */
static const char *openssl_why(void)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return why ? why : "it is not one";
}

/* ---- reading ---- */

static bool is_foreign(const struct revocation *r, X509_CRL *crl)
{
	STACK_OF(X509) *all = X509_STORE_get1_all_certs(r->store);
	bool found = false;

	for (int i = 0; i < sk_X509_num(all) && !found; i++) {
		X509 *ca = sk_X509_value(all, i);

		found = X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(ca)) == 0 && X509_CRL_verify(crl, X509_get0_pubkey(ca)) == 1;
	}
	sk_X509_pop_free(all, X509_free);
	ERR_clear_error();
	return !found;
}

static int list_add(struct revocation *r, const char *file, X509_CRL *crl, struct err *err)
{
	if (r->count == REVOCATION_LISTS_MAX)
		return err_set(err, ERR_TOO_LARGE, "%s: there are more than %d revocation lists", file, REVOCATION_LISTS_MAX);
	if (X509_STORE_add_crl(r->store, crl) != 1)
		return err_set(err, ERR_INVALID, "%s: a revocation list cannot be used: %s", file, openssl_why());
	r->lists = mem_resize(r->lists, r->count + 1, sizeof(*r->lists));
	r->lists[r->count++] = (struct list){ .file = mem_dup(file), .issuer = name_text(X509_CRL_get_issuer(crl)),
	                                      .until_ms = time_ms(X509_CRL_get0_nextUpdate(crl)), .foreign = is_foreign(r, crl) };
	return 0;
}

/* All lists of a PEM file; 0 when there is none. */
static int read_pem(struct revocation *r, const char *file, BIO *bio, struct err *err)
{
	int count = 0;
	X509_CRL *crl;

	while ((crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, (void *)(uintptr_t)""))) { /* the empty passphrase: else OpenSSL asks the terminal */
		int code = list_add(r, file, crl, err);

		X509_CRL_free(crl);
		if (code < 0)
			return code;
		count++;
	}
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return err_set(err, ERR_INVALID, "%s: revocation list %d cannot be read: %s", file, count + 1, openssl_why());
	ERR_clear_error();
	return count;
}

static int read_der(struct revocation *r, const char *file, BIO *bio, struct err *err)
{
	X509_CRL *crl = d2i_X509_CRL_bio(bio, NULL);
	int code;

	if (!crl)
		return err_set(err, ERR_INVALID, "%s: no revocation list can be read, neither as PEM nor as DER: %s", file, openssl_why());
	code = list_add(r, file, crl, err);
	X509_CRL_free(crl);
	return code;
}

static int read_file(struct revocation *r, const char *file, struct err *err)
{
	struct stat st;
	BIO *bio;
	int code;

	if (stat(file, &st) < 0)
		return err_errno(err, "%s", file);
	if (st.st_size > REVOCATION_FILE_MAX)
		return err_set(err, ERR_TOO_LARGE, "%s: a file of revocation lists has at most %d bytes", file, REVOCATION_FILE_MAX);
	bio = BIO_new_file(file, "rb");
	if (!bio) {
		ERR_clear_error();
		return err_errno(err, "%s", file);
	}
	code = read_pem(r, file, bio, err);
	if (code == 0)
		code = BIO_reset(bio) == 0 ? read_der(r, file, bio, err) : err_errno(err, "%s", file);
	BIO_free(bio);
	return code < 0 ? code : 0;
}

int revocation_open(const char *ca_file, char *const *files, size_t count, bool soft, struct revocation **ret, struct err *err)
{
	struct revocation *r = mem_new(1, sizeof(*r));
	int code = 0;

	r->soft = soft;
	r->ca_file = mem_dup(ca_file);
	r->store = X509_STORE_new();
	ERR_clear_error();
	if (X509_STORE_load_file(r->store, ca_file) != 1)
		code = err_set(err, ERR_INVALID, "%s: no CA certificate can be read: %s", ca_file, openssl_why());
	for (size_t i = 0; code == 0 && i < count; i++)
		code = read_file(r, files[i], err);
	if (code < 0)
		revocation_free(r);
	else
		*ret = r;
	return code;
}

/* ---- looking ---- */

static bool is_missing_list(int error)
{
	return error == X509_V_ERR_UNABLE_TO_GET_CRL || error == X509_V_ERR_CRL_HAS_EXPIRED || error == X509_V_ERR_CRL_NOT_YET_VALID ||
	       error == X509_V_ERR_DIFFERENT_CRL_SCOPE;
}

/* OpenSSL's objections that do not count. An intermediate certificate in the CA file is trusted as GnuTLS trusts it. */
static int on_step(int ok, X509_STORE_CTX *ctx)
{
	const struct revocation *r = X509_STORE_CTX_get_app_data(ctx);
	int error = X509_STORE_CTX_get_error(ctx), depth = X509_STORE_CTX_get_error_depth(ctx);
	bool last = depth > 0 && depth == sk_X509_num(X509_STORE_CTX_get0_chain(ctx)) - 1;

	return ok || (last && error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT) || (is_missing_list(error) && (r->soft || last));
}

static void explain(X509_STORE_CTX *ctx, char why[REVOCATION_WHY_SIZE])
{
	int error = X509_STORE_CTX_get_error(ctx);
	X509 *at = X509_STORE_CTX_get_current_cert(ctx);
	CLEANUP(mem_freep) char *subject = at ? name_text(X509_get_subject_name(at)) : NULL;
	CLEANUP(mem_freep) char *issuer = at ? name_text(X509_get_issuer_name(at)) : NULL;

	if (error == X509_V_ERR_CERT_REVOKED)
		snprintf(why, REVOCATION_WHY_SIZE, "%.120s was revoked by %.120s", subject, issuer);
	else if (error == X509_V_ERR_CRL_HAS_EXPIRED)
		snprintf(why, REVOCATION_WHY_SIZE, "the revocation list of %.200s is out of date", issuer);
	else if (is_missing_list(error))
		snprintf(why, REVOCATION_WHY_SIZE, "no revocation list of %.120s covers %.120s now", issuer, subject);
	else
		snprintf(why, REVOCATION_WHY_SIZE, "its revocation cannot be looked at: %.200s", X509_verify_cert_error_string(error));
}

static STACK_OF(X509) *chain_read(const struct revocation_certificate *chain, size_t count)
{
	STACK_OF(X509) *all = sk_X509_new_null();

	for (size_t i = 0; i < count; i++) {
		const unsigned char *at = chain[i].der;
		X509 *x = chain[i].size <= LONG_MAX ? d2i_X509(NULL, &at, (long)chain[i].size) : NULL;

		if (!x)
			break;
		sk_X509_push(all, x);
	}
	return all;
}

static bool verify(const struct revocation *r, STACK_OF(X509) *chain, int64_t now_ms, char why[REVOCATION_WHY_SIZE])
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	bool passes;

	X509_STORE_CTX_init(ctx, r->store, sk_X509_value(chain, 0), chain);
	X509_STORE_CTX_set_app_data(ctx, (void *)(uintptr_t)r);
	X509_STORE_CTX_set_verify_cb(ctx, on_step);
	X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL | X509_V_FLAG_USE_DELTAS);
	X509_STORE_CTX_set_time(ctx, 0, (time_t)(now_ms / 1000));
	passes = X509_verify_cert(ctx) == 1;
	if (!passes)
		explain(ctx, why);
	X509_STORE_CTX_free(ctx);
	return passes;
}

bool revocation_passes(const struct revocation *r, const struct revocation_certificate *chain, size_t count, int64_t now_ms,
                       char why[REVOCATION_WHY_SIZE])
{
	STACK_OF(X509) *all = chain_read(chain, count);
	bool passes = false;

	if (sk_X509_num(all) > 0)
		passes = verify(r, all, now_ms, why);
	else
		snprintf(why, REVOCATION_WHY_SIZE, "it cannot be read");
	sk_X509_pop_free(all, X509_free);
	ERR_clear_error();
	return passes;
}

/* ---- lists that are out of date ---- */

static bool has_newer(const struct revocation *r, const struct list *l)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->lists[i].until_ms > l->until_ms && strcmp(r->lists[i].issuer, l->issuer) == 0)
			return true;
	return false;
}

/* A list of a CA between one of the file and a certificate is as usual; when there are no others, those of another CA were taken. */
static bool is_astray(const struct revocation *r, const struct list *l)
{
	for (size_t i = 0; i < r->count; i++)
		if (!r->lists[i].foreign)
			return false;
	return l->foreign;
}

static void warn_foreign(const struct revocation *r, struct list *l)
{
	if (!l->warned_foreign && is_astray(r, l))
		log_event(LOG_WARNING, "TLS: a revocation list is not from a CA of the CA file", "file", l->file, "issuer", l->issuer, "ca-file", r->ca_file, NULL);
	l->warned_foreign = true;
}

void revocation_warn(struct revocation *r, int64_t now_ms)
{
	char until[CLOCK_TEXT_SIZE];

	for (size_t i = 0; i < r->count; i++) {
		struct list *l = &r->lists[i];

		warn_foreign(r, l);
		if (l->warned || l->until_ms > now_ms || has_newer(r, l))
			continue;
		l->warned = true;
		log_event(r->soft ? LOG_WARNING : LOG_ERROR, r->soft ? "TLS: a revocation list is out of date; certificates of its issuer pass without a current one" :
		          "TLS: a revocation list is out of date; certificates of its issuer are refused until there is a newer one",
		          "file", l->file, "issuer", l->issuer, "until", clock_text(l->until_ms, until), NULL);
	}
}

/* ---- advice, before anybody asks ---- */

static bool is_covered(const struct revocation *r, const char *ca, int64_t now_ms)
{
	for (size_t i = 0; i < r->count; i++)
		if (!r->lists[i].foreign && r->lists[i].until_ms > now_ms && strcmp(r->lists[i].issuer, ca) == 0)
			return true;
	return false;
}

static void advise_authorities(const struct revocation *r, const char *name, int64_t now_ms, struct buf *out)
{
	STACK_OF(X509) *all = X509_STORE_get1_all_certs(r->store);

	for (int i = 0; i < sk_X509_num(all); i++) {
		CLEANUP(mem_freep) char *ca = name_text(X509_get_subject_name(sk_X509_value(all, i)));

		if (!is_covered(r, ca, now_ms))
			buf_printf(out, "%s: there is no current revocation list of %.200s (%s): every certificate that it issued is refused\n", name, ca, r->ca_file);
	}
	sk_X509_pop_free(all, X509_free);
}

void revocation_advise(const struct revocation *r, const char *name, int64_t now_ms, struct buf *out)
{
	char until[CLOCK_TEXT_SIZE];

	for (size_t i = 0; i < r->count; i++) {
		const struct list *l = &r->lists[i];

		if (is_astray(r, l))
			buf_printf(out, "%s: %s is of %.200s, which is no CA of %s\n", name, l->file, l->issuer, r->ca_file);
		if (l->until_ms <= now_ms && !has_newer(r, l))
			buf_printf(out, "%s: %s is out of date since %s\n", name, l->file, clock_text(l->until_ms, until));
	}
	if (!r->soft)
		advise_authorities(r, name, now_ms, out);
}
