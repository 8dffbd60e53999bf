/* Drives the newest pending change of an enrollment through domain validation.
 *
 *   enrollment -> change -> (warnings) -> challenges -> order -> ready -> challenges again -> acknowledge
 *                   ^                                                                          |
 *                   +---------------------------- wait ----------------------------------------+
 *
 * What to do next is decided by what CPS says now, never by what was done last: every wait ends in reading
 * the change again. So an answer that is out of date, a change that moved on by itself, an interruption and a
 * second run need no path of their own. What must not be done twice is remembered: the order by the engine
 * (the same challenges give the same live order), the acknowledgement in the store, by fingerprints of the tokens.
 */
#ifndef SOLVER_CPS_VALIDATE_H
#define SOLVER_CPS_VALIDATE_H

#include "solver/cps/client.h"
#include "solver/engine/engine.h"
#include "solver/store/store.h"

struct cps_validation;

struct cps_validate_parts {
	struct loop *loop;
	struct cps_client *client;
	struct engine *engine;
	struct store *store;
	const struct config *config; /* borrowed for the whole validation */
};

struct cps_progress {
	void (*say)(const char *sentence, void *arg);
	/* CPS took an acknowledgement: what it said, in words */
	void (*acknowledged)(const char *what, void *arg);
	/* Once, later: code 0 when nothing is left to do. The validation is gone when it returns. */
	void (*done)(const struct err *err, void *arg);
	void *arg;
};

int cps_validate_start(const struct cps_validate_parts *parts, int64_t enrollment, const struct cps_progress *progress,
                       struct cps_validation **ret, struct err *err);
/* Stops without a word; the order stays in the journal. NULL is allowed. */
void cps_validate_stop(struct cps_validation *v);
void cps_validate_reconfigure(struct cps_validation *v, const struct config *config);
int64_t cps_validate_change(const struct cps_validation *v);      /* 0: not known yet */
const char *cps_validate_order(const struct cps_validation *v);   /* NULL: none */

#endif
