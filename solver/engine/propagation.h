/* The provider has the answer: it is polled for (poller.h) until every server shows it, and then the check decides: the authority's
 * view and all servers are asked once more and judged as the authority would. A challenge becomes ready only on PASS; anything else is
 * checked again later. Private to the engine. */
#ifndef SOLVER_ENGINE_PROPAGATION_H
#define SOLVER_ENGINE_PROPAGATION_H

struct engine;
struct entry;

/* The activity of the state "propagating". */
void propagation_start(struct engine *e, struct entry *n);
void propagation_stop(struct engine *e, struct entry *n);
void propagation_report(struct engine *e, struct entry *n);

#endif
