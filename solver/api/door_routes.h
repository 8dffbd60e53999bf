/* Doors that are found by the end of the path, behind any prefix. */
#ifndef SOLVER_API_DOOR_ROUTES_H
#define SOLVER_API_DOOR_ROUTES_H

#include "solver/api/common/internal.h"

/* Answers `x` when its path is one of a door's; false: it is not. */
bool doors_handle(struct api *a, struct http_exchange *x);

#endif
