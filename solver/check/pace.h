/* What one server address is asked in a second, by all names together.
 *
 * Every question to an authoritative server goes through here. Each address has a limit of questions in any second: that many may
 * go at once (the names of one order, together), and behind them waits a queue in which the names take turns, so that ten
 * thousand names are served as evenly as two. */
#ifndef SOLVER_CHECK_PACE_H
#define SOLVER_CHECK_PACE_H

#include "solver/check/internal.h"

/* As resolver_exchange(); `name` is on whose behalf. `done` comes as net/loop.h says. Our own listeners (a name
 * of a zone that only we serve) are asked at once. An address that is not public is not asked, `done` says ERR_DENIED, unless
 * check.allow-addresses names it, a server of resolver.servers stands in the same block, or our own server listens there. */
int pace_exchange(struct checker *c, const char *name, const char *address, const unsigned char *wire, size_t length, bool tcp,
                  dns_reply_fn done, void *arg, struct err *err);
/* Calls back everything that still waits with ERR_CANCELLED. */
void pace_end(struct checker *c);

#endif
