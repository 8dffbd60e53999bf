/* Where on its way to production a change is, in the six steps that people think in. Pure. */
#ifndef SOLVER_CPS_STEP_H
#define SOLVER_CPS_STEP_H

#include "solver/cps/change.h"

enum cps_step {
	CPS_STEP_UNKNOWN, /* a status that is not known, and no input that says more */
	CPS_STEP_CHECKS, CPS_STEP_VALIDATION, CPS_STEP_ISSUANCE, CPS_STEP_STAGING, CPS_STEP_APPROVAL, CPS_STEP_PRODUCTION, CPS_STEPS,
};

enum cps_step cps_step_of(const struct cps_change *change);
const char *cps_step_name(enum cps_step step); /* NULL: unknown */

#endif
