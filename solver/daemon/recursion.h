/* The authority's view of DNS as the configuration has it, over reloads: another recursor takes the place of the one before when its
 * options or the files that they name have changed, and that one ends when its last question is answered. */
#ifndef SOLVER_DAEMON_RECURSION_H
#define SOLVER_DAEMON_RECURSION_H

#include "solver/conf/config.h"
#include "solver/net/recursor.h"

struct recursion;

/* Whether its options and files can be used. */
int recursion_check(struct loop *l, const struct config *config, struct err *err);
/* Gives *ret (free with recursion_close). */
int recursion_open(struct loop *l, const struct config *config, struct recursion **ret, struct err *err);
void recursion_close(struct recursion *r); /* what is under way is told ERR_CANCELLED; NULL is allowed */
/* Borrowed until the next reload; NULL where check.authority-view has been off since the start. */
struct recursor *recursion_now(const struct recursion *r);

/* A reload: what can fail fails in recursion_prepare(). Then recursion_commit(), after which nobody asks the one before, or recursion_abort(). */
struct recursion_change;
int recursion_prepare(struct recursion *r, const struct config *fresh, struct recursion_change **ret, struct err *err);
void recursion_commit(struct recursion_change *c);
void recursion_abort(struct recursion_change *c); /* NULL is allowed */

#endif
