/* Pauses between tries. Pure. */
#ifndef SOLVER_BASE_PAUSE_H
#define SOLVER_BASE_PAUSE_H

#include <stdint.h>

/* The pause after `tries` earlier tries: `first_ms`, doubled for each of them, at most `most_ms`. */
int64_t pause_doubled(int64_t first_ms, int64_t most_ms, unsigned tries);

#endif
