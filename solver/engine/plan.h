/* A queued challenge: where its answer must stand is found out, and whether anything speaks against it (preflight.h). Private to the
 * engine. */
#ifndef SOLVER_ENGINE_PLAN_H
#define SOLVER_ENGINE_PLAN_H

struct engine;
struct entry;

/* The activity of the state "queued". */
void plan_start(struct engine *e, struct entry *n);
void plan_stop(struct engine *e, struct entry *n);

#endif
