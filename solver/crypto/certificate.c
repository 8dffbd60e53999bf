#include "solver/crypto/certificate.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"

#define ACME_IDENTIFIER "1.3.6.1.5.5.7.1.31"
#define SHOWN_MAX 4096
#define OID_MAX 128

/* Signature and self-issue, as RFC 8737 asks; trust and time are of no interest. */
static bool signs_itself(X509 *x)
{
	EVP_PKEY *key = X509_get0_pubkey(x);

	return key && X509_verify(x, key) == 1 && X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) == 0;
}

/* ---- names ---- */

static void show(struct buf *out, const unsigned char *text, size_t length)
{
	if (out->length)
		buf_add_text(out, ", ");
	for (size_t i = 0; i < length; i++)
		buf_add_char(out, isprint(text[i]) ? (char)tolower(text[i]) : '.');
}

static char *printable(const unsigned char *text, size_t length)
{
	char *copy = mem_new(length + 1, 1);

	for (size_t i = 0; i < length; i++)
		copy[i] = isprint(text[i]) ? (char)text[i] : '.';
	return copy;
}

static void read_ip(const ASN1_OCTET_STRING *ip, struct certificate *ret, struct buf *out)
{
	size_t length = (size_t)ASN1_STRING_length(ip);
	char text[64] = "?";

	if (ret->ip_count++ == 0 && (length == 4 || length == 16)) {
		memcpy(ret->ip, ASN1_STRING_get0_data(ip), length);
		ret->ip_length = length;
	}
	if (length == 4 || length == 16)
		inet_ntop(length == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(ip), text, sizeof(text));
	show(out, (const unsigned char *)text, strlen(text));
}

static void read_name(const GENERAL_NAME *name, struct certificate *ret, struct buf *out)
{
	const ASN1_STRING *text;

	if (name->type == GEN_IPADD) {
		read_ip(name->d.iPAddress, ret, out);
		return;
	}
	if (name->type != GEN_DNS && name->type != GEN_EMAIL && name->type != GEN_URI)
		return;
	text = name->d.ia5;
	if (name->type == GEN_DNS && ret->dns_count++ == 0)
		ret->dns = printable(ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text));
	show(out, ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text));
}

static void read_names(const unsigned char *value, size_t length, struct certificate *ret, struct buf *out)
{
	const unsigned char *at = value;
	GENERAL_NAMES *names = d2i_GENERAL_NAMES(NULL, &at, (long)length);

	for (int i = 0; names && i < sk_GENERAL_NAME_num(names) && i < CERTIFICATE_NAMES_MAX; i++)
		read_name(sk_GENERAL_NAME_value(names, i), ret, out);
	GENERAL_NAMES_free(names);
}

static void show_subject(X509 *x, struct buf *out)
{
	char name[256];
	int length = X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, name, sizeof(name));

	if (length > 0)
		show(out, (unsigned char *)name, (size_t)length);
}

/* ---- extensions ---- */

static void read_identifier(X509_EXTENSION *extension, struct certificate *ret)
{
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(extension);
	const unsigned char *at = ASN1_STRING_get0_data(value), *end = at + ASN1_STRING_length(value);
	ASN1_OCTET_STRING *digest = d2i_ASN1_OCTET_STRING(NULL, &at, end - at);

	ret->has_identifier = true;
	ret->critical = X509_EXTENSION_get_critical(extension);
	ret->digest_valid = digest && at == end && ASN1_STRING_length(digest) == SHA256_SIZE;
	if (ret->digest_valid)
		memcpy(ret->digest, ASN1_STRING_get0_data(digest), SHA256_SIZE);
	ASN1_OCTET_STRING_free(digest);
}

static bool stands_before(X509 *x, int index)
{
	const ASN1_OBJECT *own = X509_EXTENSION_get_object(X509_get_ext(x, index));

	for (int i = 0; i < index; i++)
		if (OBJ_cmp(X509_EXTENSION_get_object(X509_get_ext(x, i)), own) == 0)
			return true;
	return false;
}

static void read_extension(X509 *x, int index, struct certificate *ret, struct buf *out)
{
	X509_EXTENSION *extension = X509_get_ext(x, index);
	const ASN1_OBJECT *object = X509_EXTENSION_get_object(extension);
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(extension);
	char oid[OID_MAX];

	OBJ_obj2txt(oid, sizeof(oid), object, 1);
	if (stands_before(x, index)) {
		mem_replace(&ret->repeated, oid);
	} else if (strcmp(oid, ACME_IDENTIFIER) == 0) {
		read_identifier(extension, ret);
	} else if (OBJ_obj2nid(object) == NID_subject_alt_name) {
		ret->has_names = true;
		ret->names_length = (size_t)ASN1_STRING_length(value);
		ret->names = mem_new(ret->names_length + 1, 1);
		memcpy(ret->names, ASN1_STRING_get0_data(value), ret->names_length);
		read_names(ret->names, ret->names_length, ret, out);
	}
}

int certificate_parse(const unsigned char *der, size_t length, struct certificate *ret, struct err *err)
{
	struct buf shown = BUF_INIT(SHOWN_MAX);
	const unsigned char *at = der;
	X509 *x;

	memset(ret, 0, sizeof(*ret));
	if (length > CERTIFICATE_BYTES_MAX)
		return err_set(err, ERR_TOO_LARGE, "the certificate is longer than %d bytes", CERTIFICATE_BYTES_MAX);
	x = d2i_X509(NULL, &at, (long)length);
	if (!x || at != der + length) {
		X509_free(x);
		ERR_clear_error();
		return err_set(err, ERR_INVALID, "the certificate is no X.509 certificate");
	}
	ret->self_signed = signs_itself(x);
	show_subject(x, &shown);
	for (int i = 0; i < X509_get_ext_count(x); i++)
		read_extension(x, i, ret, &shown);
	ret->shown = mem_dup(buf_text(&shown));
	buf_done(&shown);
	X509_free(x);
	ERR_clear_error();
	return 0;
}

void certificate_done(struct certificate *c)
{
	free(c->repeated);
	free(c->names);
	free(c->dns);
	free(c->shown);
	*c = (struct certificate){ 0 };
}

/* Tag and length (X.690 section 8.1.3). */
static size_t put_header(unsigned char *out, unsigned char tag, size_t length)
{
	size_t at = 0;

	out[at++] = tag;
	if (length > 0xff)
		out[at++] = 0x82;
	else if (length > 0x7f)
		out[at++] = 0x81;
	if (length > 0xff)
		out[at++] = (unsigned char)(length >> 8);
	out[at++] = (unsigned char)length;
	return at;
}

/* SEQUENCE of one context-specific primitive: tag 2 for a DNS name, 7 for an address (RFC 5280 section 4.2.1.6). */
int certificate_names_for(const char *identifier, bool ip, unsigned char **ret, size_t *ret_length)
{
	unsigned char bytes[16], inner[4], *out;
	const void *content = identifier;
	size_t length = strlen(identifier), inner_length, at;

	if (ip) {
		bool v6 = strchr(identifier, ':') != NULL;

		if (inet_pton(v6 ? AF_INET6 : AF_INET, identifier, bytes) != 1)
			return ERR_INVALID;
		content = bytes;
		length = v6 ? 16 : 4;
	}
	if (length > 0xffff - sizeof(inner))
		return ERR_TOO_LARGE;
	inner_length = put_header(inner, ip ? 0x87 : 0x82, length);
	out = mem_new(length + 2 * sizeof(inner), 1);
	at = put_header(out, 0x30, inner_length + length);
	memcpy(out + at, inner, inner_length);
	memcpy(out + at + inner_length, content, length);
	*ret = out;
	*ret_length = at + inner_length + length;
	return 0;
}
