/* A reply from its bytes, through ldns, for the readers of this folder. */
#ifndef SOLVER_DNS_REPLY_WIRE_H
#define SOLVER_DNS_REPLY_WIRE_H

#include <ldns/ldns.h>
#include <stddef.h>

#include "solver/base/err.h"

/* As ldns_wire2pkt(), but a message with more than one OPT record (RFC 6891 section 6.1.1) or more than one TSIG record (RFC 8945
 * section 5.2) is refused: ldns 1.8.3 forgets the memory of all but the last, and a stranger's server may send thousands.
 * Gives *ret (free with ldns_pkt_free); ERR_PROTOCOL. */
int reply_wire_read(const unsigned char *wire, size_t length, ldns_pkt **ret, struct err *err);

#endif
