/* The provider gets the answer, and gives it back: the responder, a folder or a lane. Private to the engine. */
#ifndef SOLVER_ENGINE_PUBLISH_H
#define SOLVER_ENGINE_PUBLISH_H

struct engine;
struct entry;

/* The state "ready" begins. */
void ready_enter(struct engine *e, struct entry *n);
/* The activity of the state "publishing". */
void publish_enter(struct engine *e, struct entry *n);
void publish_start(struct engine *e, struct entry *n);
/* The activity of the state "withdrawing". */
void withdraw_enter(struct engine *e, struct entry *n);
void withdraw_start(struct engine *e, struct entry *n);
/* Of both. */
void publish_stop(struct engine *e, struct entry *n);

#endif
