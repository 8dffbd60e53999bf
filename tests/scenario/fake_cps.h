/* CPS behind https://: what it says is what the test sets; what it is told is counted. */
#ifndef TESTS_SCENARIO_FAKE_CPS_H
#define TESTS_SCENARIO_FAKE_CPS_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/scenario/fake_cps_certificates.h"
#include "tests/scenario/scenario.h"

#define FAKE_CPS_ENROLLMENTS 64
#define FAKE_CPS_ENROLLMENT 10002 /* the first; the next ones follow, each with a change 10000 higher */

struct fake_cps_enrollment {
	const char *name;       /* the only one of its names */
	const char *value;      /* that CPS wants to see there; NULL: no challenge */
	const char *state, *status, *input; /* of the change; input: the segment below info/ and update/, or NULL */
	const char *name_status, *name_error;
	const char *warnings, *hash, *history; /* history: "completed", "cancelled", … */
	const char *change_type;/* "renewal", "new-certificate", … */
	const char *not_before; /* of the deployment schedule, or NULL; a PUT sets it */
	int schedule_status;    /* what a PUT of the schedule is answered; 0: 200 */
	const char *deadline;   /* of change management, or NULL */
	const char *made, *production; /* certificates as JSON text: that the history names, that is deployed; or NULL */
	const char *edge;       /* PEM that the edge shows, or NULL: it does not answer */
	const char *expiry;     /* of what is deployed */
	bool deploys;           /* an acknowledgement of change management completes the change */
	bool pending;           /* the change is listed */
	bool history_valid;     /* dv-history says that the name is valid */
	bool validates;         /* an acknowledgement makes the name valid and ends the change */
	unsigned names_acked, warnings_acked, changes_acked, changes_denied; /* acknowledgements */
	unsigned scheduled, renewals; /* PUTs */
	char schedule[64];      /* as last set */
};

struct fake_cps {
	struct loop *loop;
	struct fake_cps_enrollment enrollments[FAKE_CPS_ENROLLMENTS];
	size_t count;
	unsigned requests;
	int fault;              /* status of the next `faults` answers */
	unsigned faults;
	const char *other_key;  /* requests with this accountSwitchKey are counted in `others`, too, and see no enrollment */
	unsigned others;
	bool lose_posts;        /* POSTs arrive, and their answers do not */
	const char *fault_headers, *fault_match;
	int64_t times[4096];    /* of the requests */
	char last_paths[4096][128];
	char names[FAKE_CPS_ENROLLMENTS][64];
};

/* Serves it; every enrollment begins with one pending change that waits for its challenge: of www.example.org, of n1.example.org, … */
void fake_cps_reset(struct fake_cps *c, struct scenario *s, size_t count);
/* Serves it again, behind a new engine. */
void fake_cps_serve(struct fake_cps *c);
/* How many requests had this in their method and path. */
unsigned fake_cps_asked(const struct fake_cps *c, const char *part);

#endif
