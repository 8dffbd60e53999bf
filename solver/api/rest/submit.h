/* From the body of an order, or of a challenge, to the engine, and the reply when the journal has it. */
#ifndef SOLVER_API_SUBMIT_H
#define SOLVER_API_SUBMIT_H

#include "solver/api/rest/rest.h"

/* `read` is body_read_order() or body_read_challenge(). Counted against the caller's rate is what the body holds, or one where it cannot be read. */
void submit_post(struct api *a, struct http_exchange *x, const struct caller *caller,
                 int (*read)(const char *text, size_t length, struct order_body *ret, struct problem *problem));

#endif
