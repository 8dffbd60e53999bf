/* The authority's view of DNS: full recursion from the root through libunbound, with the resolver profile of a certificate
 * authority (DNSSEC validation, 0x20, EDNS 1232, TCP fallback, hardened glue, no QNAME minimisation, IPv4 and IPv6) and a cache that
 * keeps nothing of a challenge: recursor_forget() before each attempt, as the authority would come fresh.
 *
 * libunbound works in a thread of its own; replies come on the loop thread. */
#ifndef SOLVER_NET_RECURSOR_H
#define SOLVER_NET_RECURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "solver/base/err.h"
#include "solver/net/loop.h"

struct recursor;
struct recursor_call;

struct recursor_options {
	const char *root_hints;          /* file; NULL: those built in */
	const char *trust_anchor;        /* file; NULL: the system's root key when there is one, else no validation */
	const char *const *stub_zones;   /* NULL-ended "zone address[@port]": asked there instead of from the root, and not validated; or NULL */
	const char *const *avoid;        /* NULL-ended networks to which no question is sent; or NULL */
	bool localhost;                  /* servers on loopback may be asked: for tests and private roots on this host */
	bool ipv6;
	int timeout_ms;                  /* of one question; 0: 12000 */
	unsigned concurrent;             /* questions under way; 0: 500. More wait. */
};

struct recursor_reply {
	const unsigned char *wire;       /* the answer packet; NULL when there is none (SERVFAIL inside, timeout) */
	size_t length;
	int rcode;
	bool secure, bogus;
	const char *why;                 /* why bogus, or the EDE text; or NULL */
	int64_t elapsed_ms;
};

/* A missing or broken hints or anchor file is an error that names it. Gives *ret. */
int recursor_new(struct loop *l, const struct recursor_options *options, struct recursor **ret, struct err *err);
void recursor_free(struct recursor *r); /* what is under way is told ERR_CANCELLED */
bool recursor_is_idle(const struct recursor *r); /* nothing is under way */

/* `done` comes as loop.h says, with a reply, or NULL and the error (ERR_TIMEOUT, ERR_UNREACHABLE: no root answered, ERR_CANCELLED). */
typedef void (*recursor_fn)(const struct recursor_reply *reply, const struct err *err, void *arg);
int recursor_query(struct recursor *r, const char *name, int type, recursor_fn done, void *arg, struct err *err);
/* Forgets what is cached at and below `name`. */
void recursor_forget(struct recursor *r, const char *name);

#endif
