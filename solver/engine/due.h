/* When the deadline, the lifetime or the retention of a challenge ends. Private to the engine. */
#ifndef SOLVER_ENGINE_DUE_H
#define SOLVER_ENGINE_DUE_H

#include <stdint.h>

struct engine;
struct entry;

/* Reads the deadline of the challenge into that of the entry; once for each deadline. */
void due_deadline(struct engine *e, struct entry *n);
/* It was accepted in this moment. */
void due_accepted(struct engine *e, struct entry *n);
/* Until the present state ends by itself; -1: it never does, or nobody can say before a wall clock is trusted. */
int64_t due_left(struct engine *e, const struct entry *n);

#endif
