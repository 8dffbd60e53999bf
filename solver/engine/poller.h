/* Polls: cheap queries to single servers, at the times that poll.h says, until all show the value. Private to the engine. */
#ifndef SOLVER_ENGINE_POLLER_H
#define SOLVER_ENGINE_POLLER_H

#include "solver/engine/query_results.h"
#include "solver/engine/poll.h"

struct entry;

/* All zero: not begun. */
struct poller {
	struct entry *n;
	void (*shown)(struct entry *n); /* every server that speaks shows it */
	struct poll poll;
	struct query *queries;   /* under way */
	struct timer *timer;     /* the next poll */
	struct query_results results;
	int64_t queued_ms;       /* that the last query waited for its turn at a server that many ask */
	int64_t silent_since_ms; /* only silent servers are waited for; 0: others too */
	bool silence_noted;
};

/* Begins; the name servers of a DNS type are those of the entry's location. `shown` comes later, from the loop, and at most once. */
void poller_start(struct poller *p, struct entry *n, void (*shown)(struct entry *n));
/* Asks nobody any more, and keeps what was seen. */
void poller_rest(struct poller *p);
/* Forgets what was seen, too. */
void poller_stop(struct poller *p);
/* The verdict and the reason for waiting of the entry say what was seen. */
void poller_report(struct poller *p);

#endif
