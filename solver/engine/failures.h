/* What an authority remembers of failed validations, mirrored: a wrong "ready" costs one of few failures an hour, and many in a row
 * pause the name. Pure: no clock, no I/O.
 *
 * One account and one identifier have a bucket of failures that fills again evenly (5 an hour: one in 12 minutes), a count of
 * failures in a row, and the time of the last one, after which the authority's resolvers remember what they saw.
 */
#ifndef SOLVER_ENGINE_FAILURES_H
#define SOLVER_ENGINE_FAILURES_H

#include <stdbool.h>
#include <stdint.h>

#include "solver/verdict/data/authority.h"
#include "solver/verdict/data/evidence.h"

#define FAILURES_FORGET_MS INT64_C(172800000) /* two days after the last failure nothing of it matters */

struct failures {
	int64_t last_ms;      /* wall clock of the last failure; 0: none */
	int64_t counted_ms;   /* `spent` is of then */
	double spent;         /* failures that have not been refilled */
	int64_t consecutive;
};

/* One validation that failed, or one that succeeded. */
void failures_add(struct failures *f, const struct authority *a, int64_t now_ms);
void failures_clear(struct failures *f);
/* What the counters say now: wait_ms is 0 when the caches have forgotten and another failure is affordable. */
void failures_budget(const struct failures *f, const struct authority *a, int64_t now_ms, struct ev_budget *ret);
/* How long a next attempt waits after failures in a row: 1, 10, 100 minutes, then a day from the last one. */
int64_t failures_back_off(const struct failures *f, const struct authority *a, int64_t now_ms);
/* "spent counted last consecutive", and back; false: not readable. */
void failures_text(const struct failures *f, char ret_text[128]);
bool failures_read(const char *text, struct failures *ret);

#endif
