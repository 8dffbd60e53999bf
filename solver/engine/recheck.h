/* A ready challenge is checked again now and then: a zone that is replaced, a second client that overwrites the record or a server
 * that moves take a value away while the authority has yet to come. Seldom, few at a time, and twice before it counts as lost.
 * Private to the engine. */
#ifndef SOLVER_ENGINE_RECHECK_H
#define SOLVER_ENGINE_RECHECK_H

#include <stdbool.h>
#include <stdint.h>

struct engine;
struct entry;

struct recheck {
	struct recheck_run *run;     /* under way, or NULL */
	int64_t next_ms;             /* loop clock */
	bool missed;                 /* the last one did not find it */
	struct entry *prev, *next;   /* all that are ready; prev NULL: this is not */
};

/* Of all challenges. */
struct rechecks {
	struct entry *ready, *turn;  /* whose turn it is; NULL: that of the first */
	unsigned running, started;   /* `started` in this tick */
	struct timer *timer;
};

/* The activity of the state "ready". */
void recheck_start(struct engine *e, struct entry *n);
void recheck_stop(struct engine *e, struct entry *n);
/* The interval may be another: nobody waits longer than it says. */
void rechecks_reconfigure(struct engine *e);
/* No recheck begins any more. */
void rechecks_end(struct engine *e);

#endif
