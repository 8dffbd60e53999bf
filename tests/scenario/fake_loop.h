/* solver/net/loop.h with a clock that moves only when it is told to. */
#ifndef TESTS_SCENARIO_FAKE_LOOP_H
#define TESTS_SCENARIO_FAKE_LOOP_H

#include <stdbool.h>

#include "solver/net/loop.h"

/* Moves the clock to the next timer and runs it; false when there is none up to `until_ms`: the clock stands there then. */
bool fake_loop_step(struct loop *l, int64_t until_ms);

#endif
