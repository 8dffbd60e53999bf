/* From a caller's request to checked challenges: names normalised, tokens and values checked, the
 * value of dns-01 computed. What the authority would refuse by the name alone is refused. */
#ifndef SOLVER_ENGINE_REQUEST_H
#define SOLVER_ENGINE_REQUEST_H

#include "solver/check/check.h"
#include "solver/engine/engine.h"

/* Gives *ret_order and *ret_list (request->count challenges in state queued, free each with challenge_done and
 * the list with free). The error names the challenge: "challenge 3 (dns-01 x.example): …". */
int request_read(const struct engine *e, const struct order_request *request, int64_t now_ms, struct order *ret_order,
                 struct challenge **ret_list, struct err *err);
/* One challenge of the authority (or NULL); `c` is filled and owned by the caller (challenge_done, also after an error). */
int request_read_challenge(const struct challenge_request *request, const struct authority *a, struct challenge *c, struct err *err);

#endif
