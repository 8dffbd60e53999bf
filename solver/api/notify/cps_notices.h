/* What happens to enrollments, told to the URLs of cps.callbacks: signed CloudEvents, repeated until they answer 2xx, also over a restart. */
#ifndef SOLVER_API_CPS_NOTICES_H
#define SOLVER_API_CPS_NOTICES_H

#include "solver/api/common/internal.h"

struct cps_notices;

/* Goes on with those that the journal holds. */
struct cps_notices *cps_notices_new(struct api *a);
void cps_notices_free(struct cps_notices *n); /* NULL is allowed */
void cps_notices_tell(struct cps_notices *n, const struct cps_event *event);

#endif
