/* Why a challenge does not go on: the last reason that the outside gave, for everybody who asks while it waits. Private to the engine. */
#ifndef SOLVER_ENGINE_WAITING_H
#define SOLVER_ENGINE_WAITING_H

#include <stdbool.h>

struct engine;
struct entry;

/* True when that is another reason than before, but for numbers in it. */
bool waiting_set(struct engine *e, struct entry *n, const char *reason);
/* It goes on: nothing of the last reason holds any more. */
void waiting_end(struct entry *n);

#endif
