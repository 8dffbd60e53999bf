/* Where a request comes from. X-Forwarded-For is a claim: it is read from right to left, and each address is believed
 * only when a proxy of api.trusted-proxies sent it. Pure; fuzzed. */
#ifndef SOLVER_API_PEER_H
#define SOLVER_API_PEER_H

#include "solver/base/network.h"
#include "solver/net/address.h"

/* `header`: all lines of X-Forwarded-For joined by commas, or NULL. */
void peer_forwarded(const struct networks *proxies, const char *socket_peer, const char *header, char ret_peer[ADDRESS_TEXT_SIZE]);
/* The address, or the /64 network of an IPv6 address, because one host can use all of it. `peer` may be NULL: "". */
void peer_place(const char *peer, char ret[ADDRESS_TEXT_SIZE]);

#endif
