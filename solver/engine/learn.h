/* What was learned about providers, kept over restarts. Private to the engine. */
#ifndef SOLVER_ENGINE_LEARN_H
#define SOLVER_ENGINE_LEARN_H

struct engine;
struct instance;

/* A delay was added. */
void delays_keep(struct engine *e, struct instance *i);
void delays_keep_all(struct engine *e);
void delays_load(struct engine *e, struct instance *i);

#endif
