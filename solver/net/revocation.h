/* Whether a certificate was revoked: certificate revocation lists (RFC 5280, section 5) in files.
 *
 * OpenSSL looks (section 6.3): it knows the scope and the end of a list, and deltas. GnuTLS, which does the TLS of our servers,
 * keeps one list an issuer and asks neither. Who is trusted at all is GnuTLS's answer; this one comes on top of it.
 *
 * Every certificate of the chain but its last, which the operator trusts by file, must be covered by a current list of its issuer.
 * Soft: where there is no such list, the certificate passes; what a list names is refused all the same, also by a list that is
 * out of date. */
#ifndef SOLVER_NET_REVOCATION_H
#define SOLVER_NET_REVOCATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "solver/base/buf.h"
#include "solver/base/err.h"

#define REVOCATION_FILE_MAX (16 * 1024 * 1024) /* bytes */
#define REVOCATION_LISTS_MAX 256
#define REVOCATION_WHY_SIZE 400

struct revocation;

struct revocation_certificate {
	const unsigned char *der;
	size_t size;
};

/* `ca_file`: PEM. `files`: `count` files, each one list in DER or any number in PEM. Errors name the file. Gives *ret (free with
 * revocation_free). */
int revocation_open(const char *ca_file, char *const *files, size_t count, bool soft, struct revocation **ret, struct err *err);
void revocation_free(struct revocation *r); /* NULL is allowed */
/* `chain`: as the peer sent it, its own certificate first. False: `why` says in a sentence what is wrong. */
bool revocation_passes(const struct revocation *r, const struct revocation_certificate *chain, size_t count, int64_t now_ms,
                       char why[REVOCATION_WHY_SIZE]);
/* Logs each list of a CA that is not in the file, when there are no others, and each that is out of date unless another list of its issuer is newer; each once. */
void revocation_warn(struct revocation *r, int64_t now_ms);
/* The same, and which CAs have no current list, as sentences that begin with `name`, one a line. */
void revocation_advise(const struct revocation *r, const char *name, int64_t now_ms, struct buf *out);

#endif
