/* Lanes: one queue for each (provider, zone), one job at a time in each. Private to the engine.
 *
 * Changes leave together that come while the lane's job runs, or while others of their order are on the way: 100 names in one zone are one
 * call where the provider can, and a single change does not wait. What a waiting entry wants is read off its state when the job is made. A job that was refused as a whole is asked
 * again in halves, and so on down to single changes, so that only the guilty change fails.
 */
#ifndef SOLVER_ENGINE_LANE_H
#define SOLVER_ENGINE_LANE_H

struct engine;
struct entry;

/* It is being published or withdrawn, and waits for the next job; twice is once. */
void lane_enqueue(struct engine *e, struct entry *n);
/* It does not wait any more. A job that runs with it goes on. */
void lane_leave(struct entry *n);
void lanes_free(struct engine *e);

#endif
