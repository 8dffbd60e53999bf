/* What cps.c and lookup.c share. Private to cps. */
#ifndef SOLVER_CPS_INTERNAL_H
#define SOLVER_CPS_INTERNAL_H

#include "solver/cps/client.h"
#include "solver/cps/cps.h"

struct report;
struct lookup;

struct cps {
	struct cps_parts parts;
	struct cps_client *client;
	struct report *reports; /* newest first */
	struct lookup *lookups; /* under way */
	cps_acknowledged_fn acknowledged; /* or NULL */
	void *acknowledged_arg;
};

void lookups_cancel(struct cps *c);

#endif
