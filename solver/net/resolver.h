/* DNS from the outside: c-ares. Two ways that never mix:
 *
 * - resolver_*: the configured recursive resolvers (or the system's), for addresses, name
 *   servers and zone cuts. Never for a challenge name: that would poison their caches.
 * - exchange_*: one message to one server address, recursion not desired, over UDP with
 *   EDNS 1232 and over TCP when truncated or asked to. Replies are wire format; dns/ reads them.
 *
 * One c-ares channel per server address, shared by all names. */
#ifndef SOLVER_NET_RESOLVER_H
#define SOLVER_NET_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "solver/base/err.h"
#include "solver/net/loop.h"

struct resolver;

struct resolver_options {
	const char *const *servers; /* NULL-ended "127.0.0.1:5300", "[::1]:53", "192.0.2.1"; NULL: the system's */
	int timeout_ms;             /* of one try; 0: 2000 */
	int tries;                  /* 0: 3 */
	int authority_port;         /* of authoritative servers; 0: 53 */
};

struct resolver *resolver_new(struct loop *l, const struct resolver_options *options, struct err *err);
/* Other options, as at a reload: for what is asked from now on. What is under way ends as it began. On an error nothing has changed. */
int resolver_reconfigure(struct resolver *r, const struct resolver_options *options, struct err *err);
void resolver_free(struct resolver *r); /* what is under way is told ERR_CANCELLED */

/* A reply in wire format; borrowed for the call, NULL on failure. */
typedef void (*dns_reply_fn)(const unsigned char *wire, size_t length, int64_t elapsed_ms, const struct err *err, void *arg);

/* Asks the recursive resolvers for `name`/`type` (a number: DNS_TXT, … of dns/message.h). NXDOMAIN and
 * NODATA are replies, not failures. */
int resolver_query(struct resolver *r, const char *name, int type, dns_reply_fn done, void *arg, struct err *err);
/* All IPv4 and IPv6 addresses of a host as text, NULL-ended; borrowed for the call. An empty list with
 * err->code 0 means the host has none. A literal address answers itself. */
int resolver_addresses(struct resolver *r, const char *host,
                       void (*done)(const char *const *addresses, const struct err *err, void *arg), void *arg,
                       struct err *err);

/* Sends one wire message to "address", "address:port" or "[v6]:port" (default authority_port) and hands the
 * reply over. The message keeps its id. */
int resolver_exchange(struct resolver *r, const char *server, const unsigned char *wire, size_t length, bool tcp,
                      dns_reply_fn done, void *arg, struct err *err);

#endif
