/* Events on their way to those who listen (engine_listen). Private to the engine.
 *
 * events_emit() only queues: the listeners are called from the loop, when the engine is at rest, so that they may call it as they
 * like. An event is told to those who listened when it happened.
 */
#ifndef SOLVER_ENGINE_EVENTS_H
#define SOLVER_ENGINE_EVENTS_H

#include <stdint.h>

#include "solver/challenge/challenge.h"

struct engine;
struct timer;

struct events {
	struct subject *subjects; /* hash by id */
	struct happened *queue;
	struct timer *timer;      /* delivers the queue; NULL: it is empty */
	uint64_t count;           /* events so far: the number of the last one */
};

/* Takes the text of `event`. */
void events_emit(struct engine *e, const struct challenge *c, struct challenge_event event);
/* Nothing is told any more. */
void events_stop(struct engine *e);
/* Frees the listeners that are left. */
void events_free(struct engine *e);

#endif
