/* A record, or an answer of http-01, as the engine knows it: whether it stands, and who else needs it. Private to the engine. */
#ifndef SOLVER_ENGINE_PUBLICATION_H
#define SOLVER_ENGINE_PUBLICATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Only OUT_NEVER spares the provider the withdrawal. A refusal proves nothing of earlier calls, so it brings back what was known
 * before the call that was refused. */
enum out {
	OUT_NEVER, /* no call that could publish it left this process, or every one was refused for good */
	OUT_MAYBE, /* such a call left, in this life or an earlier one, and its outcome is unknown */
	OUT_YES,   /* the provider took it; it may have been taken away since by others */
};

/* What is needed on the way there and back, and not while a challenge is ready. */
struct delivery {
	struct location *location;  /* the name servers of its zone; NULL: not known, or not needed any more */
	enum out out_before;        /* `out` before the call that is under way, or was the last */
	bool in_job;                /* a job with it runs */
	size_t company;             /* most changes of its next job, after a refusal of several; 0: as many as there are */
	unsigned turns;             /* of the instances that lead to the last site: how many failed to withdraw from it */
	int64_t alarm_ms;           /* when the withdrawal that does not succeed is worth an alarm: wall clock; 0: none failed */
	int64_t taken_ms;           /* loop clock when the provider took it; 0: in an earlier life, or counted already */
	struct lane *lane;          /* where it waits for the next job; NULL: it does not (lane.h) */
	struct entry *lane_prev, *lane_next;
};

struct publication {
	struct delivery *delivery;  /* NULL: ready, or over since before the start */
	struct entry *claim_next;   /* the next of those that need the same answer, itself when there is no other; NULL: it needs none (claim.h) */
	bool inherited;             /* one of these let go of a record that stands: the last must withdraw it */
	enum out out;               /* DNS types: whether its record may stand there */
};

/* Begins, where it has not; ends. No job runs with it when it ends. */
void delivery_begin(struct publication *p);
void delivery_end(struct publication *p);

#endif
