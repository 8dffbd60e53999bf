/* Who waits for a state of a challenge to be in the journal. Private to the engine. */
#ifndef SOLVER_ENGINE_KEPT_H
#define SOLVER_ENGINE_KEPT_H

#include <stdbool.h>

#include "solver/challenge/challenge.h"

struct entry;

/* `err` is NULL or of code 0: the journal has it; otherwise why not. */
typedef void (*kept_fn)(const struct err *err, void *arg);
/* Calls `fn` once, when the journal took this state or a later one, or refused it. */
void kept_wait(struct entry *n, enum challenge_state state, kept_fn fn, void *arg);
/* Tells those who wait for this state or an earlier one. */
void kept_tell(struct entry *n, enum challenge_state written, const struct err *err);

#endif
