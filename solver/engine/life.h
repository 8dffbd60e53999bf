/* The life of a challenge: every change of state passes through life_input(). Private to the engine.
 *
 * Each state has an activity, a row of the table in activities.c: what goes on while a challenge is in it. An activity knows this
 * header and never another activity: it says what happened (life_input, life_fail), why it does not go on (life_wait), and when it
 * wants to be started once more (life_retry, life_repeat). The rest happens here.
 *
 * After life_input() or life_fail() the state may be another one, and then the activity that called was stopped: what it kept in the
 * entry is gone.
 */
#ifndef SOLVER_ENGINE_LIFE_H
#define SOLVER_ENGINE_LIFE_H

#include <stdbool.h>
#include <stdint.h>

#include "solver/challenge/challenge.h"

struct engine;
struct entry;

struct activity {
	void (*enter)(struct engine *e, struct entry *n);  /* the state begins; the journal does not know yet. May be NULL */
	void (*start)(struct engine *e, struct entry *n);  /* the journal holds the state; called again for another try. May be NULL */
	void (*stop)(struct engine *e, struct entry *n);   /* the state ends, or dcvd does; also when it was not started. May be NULL */
	void (*report)(struct engine *e, struct entry *n); /* brings the verdict and the reason for waiting up to date. May be NULL */
	const char *late;                                  /* why the deadline passed, when nothing else is known */
};

struct life {
	struct timer *due;         /* deadline, expiry or end of retention */
	int64_t deadline_ms;       /* ready by then: loop clock */
	int64_t accepted_ms;       /* in this life: loop clock */
	bool own_course;           /* under a wall clock that nobody trusted: its lifetime is a duration */
	bool begun;                /* the journal holds it */
	bool had_failed;           /* it is on its way to "failed" */
	bool history_on_disk;      /* verdict and events were dropped when it became ready */
	struct timer *retry;       /* starts the activity once more */
	unsigned tries;            /* in this state */
	unsigned waiting_notes;    /* events about why it waits, in this state */
	unsigned commits;          /* journal writes under way; it cannot be freed before */
	enum challenge_state kept; /* the state that the journal holds; behind the present one while that is written */
	struct kept_wait *waits;   /* kept.h */
};

/* Applies an input: new state, event, journal; the activity of the new state starts when the journal has it. Returns false (and
 * changes nothing) when the input is not legal now. */
bool life_input(struct engine *e, struct entry *n, enum challenge_input input, const char *sentence);
/* It can never be ready: withdrawn, and failed for this reason. Nothing happens when it is on its way out already. */
void life_fail(struct engine *e, struct entry *n, const char *reason);
/* An event that changes no state, journalled with the present fields. */
void life_note(struct engine *e, struct entry *n, const char *sentence);
/* The same; when the journal has it, the activity is started once more. */
void life_repeat(struct engine *e, struct entry *n, const char *sentence);
/* Why it does not go on now. Another reason than before is also an event, "`before`: `reason`"; one state has a few of them at most. */
void life_wait(struct engine *e, struct entry *n, const char *before, const char *reason);
/* Starts the activity once more after a pause: it grows with the tries in this state up to `most_ms`, but is at least `asked_ms`. */
void life_retry(struct engine *e, struct entry *n, int64_t most_ms, int64_t asked_ms);
/* Brings the verdict and the reason for waiting up to date. */
void life_report(struct engine *e, struct entry *n);
/* What came back from the journal goes on where it was. */
void life_resume(struct engine *e, struct entry *n);
/* Its deadline or its end changed. */
void life_due(struct engine *e, struct entry *n);
/* Ends what goes on: dcvd ends. */
void life_stop(struct engine *e, struct entry *n);
/* The wall clock took another course: what ends at a time of day is scheduled anew. `arg` is the engine. */
void life_settled(void *arg);
/* What is over stays listed for another time than before. */
void life_retain(struct engine *e);

#endif
