/* Transaction signatures (RFC 8945) with HMAC-SHA256, -384 and -512. Used by update.c.
 *
 * Not ldns's own: 1.8.3 does not know HMAC-SHA384 by its name ("hmac-shac384"), takes the time from the
 * system, and compares signatures byte by byte. */
#ifndef SOLVER_DNS_TSIG_H
#define SOLVER_DNS_TSIG_H

#include <ldns/ldns.h>
#include <stdbool.h>

#include "solver/base/buf.h"
#include "solver/base/err.h"
#include "solver/dns/update.h"

#define TSIG_MAC_MAX 64 /* HMAC-SHA512 */

struct tsig_mac {
	unsigned char bytes[TSIG_MAC_MAX];
	unsigned length;
};

/* Signs the message in `wire` as a request, appends the TSIG record and counts it. ERR_INVALID for a bad key. */
int tsig_sign(struct buf *wire, const struct dns_tsig_key *key, long long now_seconds, struct tsig_mac *ret, struct err *err);
/* The reply in `wire`, whose TSIG record ldns has read, was signed with our key in answer to the request
 * with this signature, at a time within the fudge. */
bool tsig_verify(const unsigned char *wire, size_t length, const ldns_rr *tsig, const struct dns_tsig_key *key,
                 const struct tsig_mac *request, long long now_seconds);
/* The error field: BADKEY, BADSIG, … or 0. */
int tsig_error(const ldns_rr *tsig);

#endif
