/* Where a request comes from. X-Forwarded-For is a claim: it is believed from the proxies of api.trusted-proxies only, from
 * right to left, as far as the address that said it is one of them. Pure; fuzzed. */
#ifndef SOLVER_API_PEER_H
#define SOLVER_API_PEER_H

#include "solver/base/network.h"
#include "solver/net/address.h"

/* `header`: all lines of X-Forwarded-For joined by commas, or NULL. */
void peer_forwarded(const struct networks *proxies, const char *socket_peer, const char *header, char ret_peer[ADDRESS_TEXT_SIZE]);
/* The address, or the network of an IPv6 address: whoever has one has a whole /64 to come from. `peer` may be NULL: "". */
void peer_place(const char *peer, char ret[ADDRESS_TEXT_SIZE]);

#endif
