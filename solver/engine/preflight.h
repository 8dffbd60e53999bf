/* What can be known before anything is published: a name that the authority will refuse costs its user an order, so it is refused here,
 * with the authority's reason and at once. The name itself when it is submitted (route.h), CAA and the delegation while it is queued.
 * Private to the engine. */
#ifndef SOLVER_ENGINE_PREFLIGHT_H
#define SOLVER_ENGINE_PREFLIGHT_H

#include <stdbool.h>

#include "solver/engine/slot.h"

struct engine;
struct entry;

/* All zero: not begun. */
struct preflight {
	struct entry *n;
	void (*over)(struct entry *n); /* it may go on */
	enum { PREFLIGHT_NEW, PREFLIGHT_RUNS, PREFLIGHT_OVER } state;
	struct check_slot slot;
	struct check_run *check;
	struct timer *again;           /* name servers did not answer: the next try */
	unsigned tries;
	bool quiet;                    /* set by the owner: there is another reason to wait, which says more */
};

/* Calls `over` when nothing speaks against it, maybe before this returns; or life_fail(). Nothing happens when it was begun before. */
void preflight_start(struct preflight *p, struct entry *n, void (*over)(struct entry *n));
void preflight_stop(struct preflight *p);
/* Forgets which delegations were walked. */
void walked_free(struct engine *e);

#endif
