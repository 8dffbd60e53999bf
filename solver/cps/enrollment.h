/* Enrollments as CPS lists them, read from JSON. Pure.
 *
 * Only ids are required; everything else may be missing or null, and text that is missing is "". An element of a list that cannot be
 * read is skipped and counted.
 */
#ifndef SOLVER_CPS_ENROLLMENT_H
#define SOLVER_CPS_ENROLLMENT_H

#include <stddef.h>
#include <stdint.h>

#include "solver/base/err.h"
#include "solver/challenge/challenge.h"

#define CPS_NAMES_MAX ORDER_MAX /* names of one change */

struct cps_pending {
	int64_t change;
	char *type; /* "new-certificate", "renewal", … or "" */
};

struct cps_enrollment {
	int64_t id;
	char *cn, *validation_type, *ra;
	char **sans;
	size_t san_count;
	struct cps_pending *pending;
	size_t pending_count;
	int64_t auto_renewal_ms; /* 0: queued, running, or none */
	size_t slot_count;       /* assigned */
	bool no_change_management; /* CPS says that it is off */
};

int cps_enrollment_parse(const char *text, size_t length, struct cps_enrollment *ret, struct err *err);
void cps_enrollment_done(struct cps_enrollment *e);
/* Calls `fn` with each enrollment of a list, one at a time: the whole of it as a tree would take ten times the bytes of the text. The
 * object is borrowed for the call. *ret_skipped: how many could not be read. */
int cps_enrollments_each(const char *text, size_t length, void (*fn)(const struct cps_enrollment *e, void *arg), void *arg,
                         size_t *ret_skipped, struct err *err);
/* The pending change with the highest id, which is the last one made; NULL when there is none. Borrowed. */
const struct cps_pending *cps_enrollment_newest(const struct cps_enrollment *e);
/* The id at the end of "/cps/v2/enrollments/1/changes/2"; 0 when there is none. */
int64_t cps_location_id(const char *location);

#endif
