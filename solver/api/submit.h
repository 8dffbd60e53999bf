/* From a checked body to the engine, and the reply when the journal has it. */
#ifndef SOLVER_API_SUBMIT_H
#define SOLVER_API_SUBMIT_H

#include "solver/api/internal.h"

void submit(struct api *a, struct http_exchange *x, const struct caller *caller, struct order_body *body);

#endif
