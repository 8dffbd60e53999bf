/* Enrollments as dcvd shows them, and read from that again. Pure. */
#ifndef SOLVER_CPS_ANSWER_H
#define SOLVER_CPS_ANSWER_H

#include <jansson.h>

#include "solver/cps/enrollment.h"

/* {"id","cn","sans","validation_type","ra","pending_changes","auto_renewal_start","slots"}; gives. */
json_t *cps_answer_enrollment(const struct cps_enrollment *e);
/* The other way round; ERR_PROTOCOL: it has no id. After 0 cps_enrollment_done(). */
int cps_answer_read(const json_t *answer, struct cps_enrollment *ret);

#endif
