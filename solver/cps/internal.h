/* What cps.c and lookup.c share. Private to cps. */
#ifndef SOLVER_CPS_INTERNAL_H
#define SOLVER_CPS_INTERNAL_H

#include "solver/cps/client.h"
#include "solver/cps/cps.h"

struct report;
struct lookup;
struct resume;

struct cps {
	struct cps_parts parts;
	struct cps_client *client;
	struct report *reports; /* newest first */
	struct lookup *lookups; /* under way */
	struct resume *resumes; /* validations that a stop interrupted, not yet taken up */
	struct timer *resume;
	int64_t resume_pause_ms;
	cps_acknowledged_fn acknowledged; /* or NULL */
	void *acknowledged_arg;
};

void lookups_cancel(struct cps *c);

#endif
