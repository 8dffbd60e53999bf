/* Twins: the challenges of one client with the same first part of their identity (identity.h). There are several while one is on its
 * way out and is asked for again, or with another proof. They are found until the journal has their end, so that a
 * "cleanup" that the journal refused finds them again. Private to the engine. */
#ifndef SOLVER_ENGINE_TWINS_H
#define SOLVER_ENGINE_TWINS_H

#include "solver/challenge/challenge.h"

struct engine;
struct entry;

void twin_add(struct engine *e, struct entry *n);
/* It is found no more; doing so twice is harmless. */
void twin_forget(struct engine *e, struct entry *n);
/* The first of those that are like `c`, or NULL; the others follow by twin_next. */
struct entry *twin_first(struct engine *e, const struct challenge *c);

#endif
