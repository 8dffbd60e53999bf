/* May it be written where it leads: the question of target.h, with what the engine and the front doors know. Private to the engine. */
#ifndef SOLVER_ENGINE_PERMIT_H
#define SOLVER_ENGINE_PERMIT_H

#include "solver/base/err.h"

struct engine;
struct entry;

/* Whether the answer may be written at `fqdn`, asked when the place is known and again right before each call that writes. Binds the
 * name where the first use may. */
int permit(struct engine *e, const struct entry *n, const char *fqdn, struct err *err);

#endif
