/* The function of /v1/delegations that the daemon calls. */
#ifndef SOLVER_API_DELEGATIONS_H
#define SOLVER_API_DELEGATIONS_H

#include "solver/api/common/parts.h"

/* Writes into the audit log that the first use bound a name. */
void api_note_bound(struct api *a, const struct engine_binding *b);

#endif
