/* What TLS-ALPN-01 looks at in a certificate (RFC 8737): its names as they were encoded, and the acmeIdentifier extension.
 * Nothing is verified against anybody but the certificate itself. */
#ifndef SOLVER_CRYPTO_CERTIFICATE_H
#define SOLVER_CRYPTO_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>

#include "solver/base/err.h"
#include "solver/crypto/crypto.h"

#define CERTIFICATE_BYTES_MAX 65536
#define CERTIFICATE_NAMES_MAX 100 /* shown of a certificate */

struct certificate {
	bool self_signed;        /* its signature fits its own key, and subject equals issuer */
	char *repeated;          /* the identifier of an extension that stands there twice, or NULL */
	bool has_names;          /* a subjectAltName extension */
	unsigned char *names;    /* its value, DER */
	size_t names_length;
	size_t dns_count, ip_count;
	char *dns;               /* the first DNS name, escaped by dots for what is not printable; or NULL */
	unsigned char ip[16];    /* the first address */
	size_t ip_length;
	char *shown;             /* all names, for people: "a.example, b.example" */
	bool has_identifier;     /* acmeIdentifier */
	bool critical;
	bool digest_valid;       /* it is an OCTET STRING of 32 bytes, and nothing else */
	unsigned char digest[SHA256_SIZE];
};

/* DER; more bytes behind it are refused. Gives *ret's members (free with certificate_done). */
int certificate_parse(const unsigned char *der, size_t length, struct certificate *ret, struct err *err);
void certificate_done(struct certificate *c);
/* The subjectAltName value that holds exactly this DNS name, or this address: what must stand there byte for byte. Gives. */
int certificate_names_for(const char *identifier, bool ip, unsigned char **ret, size_t *ret_length);

#endif
