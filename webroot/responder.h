/* The HTTP-01 responder: answers /.well-known/acme-challenge/<token> from the table of published
 * answers and 404 to all else (RFC 8555 section 8.3), on libmicrohttpd's own threads.
 *
 * Nothing of a request is trusted: the token's alphabet and length are checked before any lookup, the
 * host is normalised, header and connection counts are bounded, and bodies of requests are dropped unread. Ambiguous
 * requests are refused (solver/guard). */
#ifndef WEBROOT_RESPONDER_H
#define WEBROOT_RESPONDER_H

#include <stdbool.h>
#include <stddef.h>

#include "solver/answers/answers.h"
#include "solver/base/err.h"
#include "solver/guard/guard.h"

struct responder;

struct responder_options {
	const char *const *listen;    /* "0.0.0.0:80", "[::]:80", port 0 for any; ends with NULL */
	const char *redirect_unknown; /* "http://dcv.akamai.com": 302 there for tokens not known; NULL or "": 404 */
	unsigned threads;             /* 0: one per processor */
	unsigned connections;         /* at once, over all addresses, half of them from one; 0: 8192 */
	struct responder *before;     /* the responder that it replaces at a reload: addresses that stay keep their sockets; or NULL */
};

/* Gives (stop with responder_stop). Options are copied; `a` is borrowed until then. A taken port names
 * the address, the reason and the option http.listen. */
int responder_start(const struct responder_options *options, struct answers *a, struct responder **ret, struct err *err);
void responder_stop(struct responder *r); /* NULL is allowed */
/* A newer responder has replaced it: accepts no connection and answers one more request on each open one. Stop it when it is idle. */
void responder_retire(struct responder *r);
void responder_abandon(struct responder *r); /* stops one that must not replace the one before; NULL is allowed */
bool responder_idle(const struct responder *r); /* of one that retires: no connection is open, and none will be */
/* Its limits and deadlines; somebody calls guard_sweep() for it each second. Borrowed. */
struct guard *responder_guard(const struct responder *r);
/* The bound addresses as text ("127.0.0.1:8080"), in the order of `listen`; NULL past the last. */
const char *responder_bound(const struct responder *r, size_t index);

#endif
