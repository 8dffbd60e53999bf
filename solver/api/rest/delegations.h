/* /v1/delegations, as far as others must know it. */
#ifndef SOLVER_API_DELEGATIONS_H
#define SOLVER_API_DELEGATIONS_H

#include "solver/api/common/parts.h"

/* Into the audit log: the first use bound a name. */
void api_note_bound(struct api *a, const struct engine_binding *b);

#endif
