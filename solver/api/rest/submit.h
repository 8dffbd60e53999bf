/* From the body of an order, or of a challenge, to the engine, and the reply when the journal has it. */
#ifndef SOLVER_API_SUBMIT_H
#define SOLVER_API_SUBMIT_H

#include "solver/api/rest/rest.h"

/* `read` is body_read_order() or body_read_challenge(). Each challenge of the body counts against the caller's rate; a body that cannot be read counts as one. */
void submit_post(struct api *a, struct http_exchange *x, const struct caller *caller,
                 int (*read)(const char *text, size_t length, struct order_body *ret, struct problem *problem));

#endif
