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

/* The same for times before those of the challenge: an end of a ready one, in ms of the wall clock, 0: none; a deadline of another. */
int64_t due_expiry_left(struct engine *e, const struct entry *n, int64_t expires_ms);
int64_t due_earlier_left(struct engine *e, const struct entry *n, int64_t deadline_ms);

#endif
