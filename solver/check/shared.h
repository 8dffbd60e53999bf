/* Questions in the authority's view that many names have in common: who serves a zone, and where those servers are. Asked once for
 * all checks of the same moment. */
#ifndef SOLVER_CHECK_SHARED_H
#define SOLVER_CHECK_SHARED_H

#include "solver/check/internal.h"

/* As recursor_query(): `done` comes once, later. */
int shared_query(struct checker *c, const char *name, int type, recursor_fn done, void *arg, struct err *err);
/* What was answered is asked again. */
void shared_expire(struct checker *c);
/* At the end, when the recursor is gone: nobody waits any more. */
void shared_free(struct checker *c);

#endif
