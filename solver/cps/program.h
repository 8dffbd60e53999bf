/* A program of a policy: runs on its own, and says in the end why it failed. Private to cps. */
#ifndef SOLVER_CPS_PROGRAM_H
#define SOLVER_CPS_PROGRAM_H

#include <stdint.h>

#include "solver/net/loop.h"

struct program;

/* `done` comes once, later: `why` is NULL when it ended with exit status 0. Gives *ret, valid until then; what cannot be started says so in the same
 * way. */
struct program *program_start(struct loop *loop, char *const *argv, const char *const *env, int64_t timeout_ms,
                              void (*done)(const char *why, void *arg), void *arg);
/* It goes on, and tells nobody. NULL is allowed. */
void program_forget(struct program *p);

#endif
