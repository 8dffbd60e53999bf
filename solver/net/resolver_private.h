/* What resolver_addresses.c needs of resolver.c; nobody else includes it. */
#ifndef SOLVER_NET_RESOLVER_PRIVATE_H
#define SOLVER_NET_RESOLVER_PRIVATE_H

#include "solver/net/resolver.h"

/* Calls `done` soon with no reply and code 0, or with ERR_CANCELLED when the resolver goes first. */
void resolver_defer(struct resolver *r, dns_reply_fn done, void *arg);

#endif
