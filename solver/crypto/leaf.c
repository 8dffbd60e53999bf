#include "solver/crypto/leaf.h"

#include <ctype.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "solver/base/mem.h"
#include "solver/crypto/crypto.h"

static int64_t moment(const ASN1_TIME *t)
{
	struct tm tm;

	return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) * 1000 : 0;
}

static void take_digest(X509 *x, struct leaf *l)
{
	unsigned char *der = NULL, digest[SHA256_SIZE];
	int length = i2d_X509(x, &der);
	CLEANUP(mem_freep) char *hex = NULL;

	crypto_sha256(der, length > 0 ? (size_t)length : 0, digest);
	hex = crypto_hex(digest, sizeof(digest));
	memcpy(l->digest, hex, sizeof(l->digest));
	OPENSSL_free(der);
}

static void take_serial(X509 *x, struct leaf *l)
{
	BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x), NULL);
	char *hex = number ? BN_bn2hex(number) : NULL;

	l->serial = mem_dup(hex ? hex : "");
	OPENSSL_free(hex);
	BN_free(number);
}

static void take_name(const GENERAL_NAME *name, struct leaf *l)
{
	const char *text;
	size_t length;

	if (name->type != GEN_DNS || l->name_count >= LEAF_NAMES_MAX)
		return;
	text = (const char *)ASN1_STRING_get0_data(name->d.dNSName);
	length = (size_t)ASN1_STRING_length(name->d.dNSName);
	if (memchr(text, '\0', length))
		return; /* no host name holds one */
	l->names = mem_resize(l->names, l->name_count + 1, sizeof(*l->names));
	l->names[l->name_count] = mem_dup_n(text, length);
	for (char *c = l->names[l->name_count++]; *c; c++)
		*c = (char)tolower((unsigned char)*c);
}

static void take_names(X509 *x, struct leaf *l)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++)
		take_name(sk_GENERAL_NAME_value(names, i), l);
	GENERAL_NAMES_free(names);
}

int leaf_read(const char *pem, struct leaf *ret, struct err *err)
{
	BIO *bio = BIO_new_mem_buf(pem, (int)strnlen(pem, LEAF_PEM_MAX));
	X509 *x = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	ERR_clear_error();
	if (!x)
		return err_set(err, ERR_INVALID, "the text holds no certificate (PEM)");
	*ret = (struct leaf){ .not_before_ms = moment(X509_get0_notBefore(x)), .not_after_ms = moment(X509_get0_notAfter(x)) };
	take_digest(x, ret);
	take_serial(x, ret);
	take_names(x, ret);
	X509_free(x);
	ERR_clear_error();
	return 0;
}

void leaf_done(struct leaf *l)
{
	for (size_t i = 0; i < l->name_count; i++)
		free(l->names[i]);
	free(l->names);
	free(l->serial);
	*l = (struct leaf){ 0 };
}

bool leaf_names(const struct leaf *l, const char *name)
{
	for (size_t i = 0; i < l->name_count; i++)
		if (strcasecmp(l->names[i], name) == 0)
			return true;
	return false;
}
