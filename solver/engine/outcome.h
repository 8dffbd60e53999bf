/* What became of challenges at their authority, as far as somebody told: counted for each account and identifier, kept in the journal,
 * asked before the next attempt (failures.h). Private to the engine; engine.h has engine_outcome(). */
#ifndef SOLVER_ENGINE_OUTCOME_H
#define SOLVER_ENGINE_OUTCOME_H

#include "solver/challenge/challenge.h"
#include "solver/verdict/data/evidence.h"

struct engine;

/* What the counters say of the identifier; returns how long the next attempt must wait. */
int64_t outcome_budget(const struct engine *e, const struct challenge *c, struct ev_budget *ret);
void outcomes_load(struct engine *e);
void outcomes_free(struct engine *e);

#endif
