/* What the configuration says of a challenge. Private to the engine. */
#ifndef SOLVER_ENGINE_ROUTE_H
#define SOLVER_ENGINE_ROUTE_H

#include <stdbool.h>

#include "solver/challenge/challenge.h"
#include "solver/conf/config.h"

struct engine;

/* That of the identifier; never NULL. */
const struct config_route *route_of(const struct engine *e, const struct challenge *c);
/* A special-use name that this process serves itself: no authority will ever be asked for it, and quick starts need them. */
bool route_is_own_name(const struct engine *e, const struct challenge *c);
/* Whether the authority would refuse the name alone: ERR_INVALID with its reason. */
int route_check_name(const struct engine *e, const struct challenge *c, struct err *err);

#endif
