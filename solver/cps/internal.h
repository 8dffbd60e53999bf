/* What the parts of cps share: the accounts, and who asks them. Private to cps. */
#ifndef SOLVER_CPS_INTERNAL_H
#define SOLVER_CPS_INTERNAL_H

#include "solver/cps/accounts.h"
#include "solver/cps/cps.h"

struct report;
struct errand;
struct resume;

struct cps {
	struct cps_parts parts;
	struct cps_accounts accounts;
	struct report *reports; /* newest first */
	struct errand *errands; /* under way */
	struct resume *resumes; /* validations that a stop interrupted, not yet taken up */
	struct timer *resume;
	int64_t resume_pause_ms;
	cps_acknowledged_fn acknowledged; /* or NULL */
	void *acknowledged_arg;
};

#endif
