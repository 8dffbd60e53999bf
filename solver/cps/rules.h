/* What CPS would refuse, said before anything is sent. Pure.
 *
 * Each rule has its own sentence. They are those of the API's documentation and of what its clients have run into; a member that no
 * rule knows is not looked at.
 */
#ifndef SOLVER_CPS_RULES_H
#define SOLVER_CPS_RULES_H

#include <jansson.h>
#include <stdint.h>

#include "solver/base/buf.h"

struct cps_rules {
	const json_t *existing; /* the enrollment as it is; NULL: it is created */
	/* Whether a route answers challenges of this name, NULL: nobody is asked. `wildcard`: by dns-01. */
	bool (*has_route)(const char *name, bool wildcard, void *arg);
	void *arg;
};

/* One sentence a line into `out`; returns how many rules are broken. */
size_t cps_rules_check(const json_t *wanted, const struct cps_rules *rules, struct buf *out);

/* The renewal window: CPS, or CPS next, renews by itself and takes no other change. */
enum cps_window { CPS_WINDOW_CLOSED /* other changes are welcome */, CPS_WINDOW_OPEN, CPS_WINDOW_LATE /* less than 14 days are left */ };
/* `starts_ms` is autoRenewalStartTime; `expires_ms` that of the certificate in production; 0: not known. */
enum cps_window cps_rules_window(int64_t starts_ms, int64_t expires_ms, int64_t now_ms);

#endif
