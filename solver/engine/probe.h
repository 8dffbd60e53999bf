/* What probe.c and decide.c share: one challenge that is looked for. */
#ifndef SOLVER_ENGINE_PROBE_H
#define SOLVER_ENGINE_PROBE_H

#include "solver/check/look.h"
#include "solver/engine/internal.h"
#include "solver/engine/poll.h"

#define LOCATE_AGAIN_MS 1000

struct probe {
	struct engine *e;
	struct entry *n;
	struct poll poll;
	struct ask *asks;        /* under way */
	struct timer *timer;     /* the next look, or the next check */
	struct look *looks;      /* what each server (or address) said last */
	size_t look_count;
	int64_t queued_ms;       /* that the last question waited for its turn at a server that many ask */
	int64_t silent_since_ms; /* only silent servers are waited for; 0: others too */
	bool silence_noted;
	struct check_run *check; /* the one that decides, or NULL */
	struct ticket ticket;    /* of that check */
	unsigned checks;         /* that did not pass */
};

/* Every server that speaks shows it: decide.c. */
void probe_decide(struct probe *p);
/* Asks nobody any more. */
void probe_rest(struct probe *p);
/* What the looks say, in a sentence; gives (free with free). */
char *probe_summary(const struct probe *p);
void probe_clear_looks(struct probe *p);

#endif
