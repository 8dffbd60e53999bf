/* solver/net/loop.h with a clock that moves only when it is told to. */
#ifndef TESTS_SCENARIO_FAKE_LOOP_H
#define TESTS_SCENARIO_FAKE_LOOP_H

#include <stdbool.h>

#include "solver/net/loop.h"

/* Moves the clock to the next timer and runs it; false when there is none up to `until_ms`: the clock stands there then. */
bool fake_loop_step(struct loop *l, int64_t until_ms);

/* Somebody sets the wall clock. It is trusted from the beginning here, and a jump after a minute, as everywhere. */
void fake_loop_set_wall(struct loop *l, int64_t by_ms);
/* A process that starts at this time of day. */
void fake_loop_begin_at(struct loop *l, int64_t wall_ms);
/* As at the start of a process: no wall clock is trusted before a minute. */
void fake_loop_unsettle(struct loop *l);

#endif
