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
};

struct cps_enrollments {
	struct cps_enrollment *items;
	size_t count, skipped;
};

int cps_enrollment_parse(const char *text, size_t length, struct cps_enrollment *ret, struct err *err);
void cps_enrollment_done(struct cps_enrollment *e);
int cps_enrollments_parse(const char *text, size_t length, struct cps_enrollments *ret, struct err *err);
void cps_enrollments_done(struct cps_enrollments *e);
/* The pending change with the highest id, which is the last one made; NULL when there is none. Borrowed. */
const struct cps_pending *cps_enrollment_newest(const struct cps_enrollment *e);
/* The id at the end of "/cps/v2/enrollments/1/changes/2"; 0 when there is none. */
int64_t cps_location_id(const char *location);

#endif
