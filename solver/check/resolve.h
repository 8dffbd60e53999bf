/* The resolvers as the checker asks them: once it is stopped they are about to go, and nothing is asked any more (ERR_CANCELLED). */
#ifndef SOLVER_CHECK_RESOLVE_H
#define SOLVER_CHECK_RESOLVE_H

#include "solver/check/internal.h"

/* As resolver_query(). */
int resolve_query(struct checker *c, const char *name, int type, dns_reply_fn done, void *arg, struct err *err);
/* As resolver_addresses(). */
int resolve_addresses(struct checker *c, const char *host, void (*done)(const char *const *addresses, const struct err *err, void *arg),
                      void *arg, struct err *err);
/* As resolver_exchange(); pace.h limits it. */
int resolve_exchange(struct checker *c, const char *server, const unsigned char *wire, size_t length, bool tcp, dns_reply_fn done, void *arg,
                     struct err *err);
/* As recursor_query(): the authority's view. */
int resolve_recursively(struct checker *c, const char *name, int type, recursor_fn done, void *arg, struct err *err);
/* 0 or ERR_CANCELLED. */
int resolve_check_open(const struct checker *c, struct err *err);

#endif
