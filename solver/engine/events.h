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
struct entry;
struct order_entry;
struct timer;

struct events {
	struct subject *subjects; /* hash by id */
	struct happened *queue;
	struct timer *timer;      /* delivers the queue; NULL: it is empty */
	uint64_t count;           /* events so far: the number of the last one */
};

/* Takes the text of `event`. */
void events_emit(struct engine *e, const struct entry *n, struct challenge_event event);
/* Something that an order alone saw of one of its challenges: to those who listen to the order or to all. Copies the sentence. */
void events_emit_order(struct engine *e, const struct order_entry *order, const struct challenge *c, const char *sentence);
/* Nothing is told any more. */
void events_stop(struct engine *e);
/* Frees the listeners that are left. */
void events_free(struct engine *e);

#endif
