/* From the names of a change to the challenges that dcvd answers. Pure.
 *
 * One satisfied challenge a name is enough. The route with the longest suffix decides which type a name uses,
 * `cps.prefer` between two of equal length; a wildcard goes by dns-01 only. The same name twice (a CN that is repeated among the SANs) is
 * one challenge.
 */
#ifndef SOLVER_CPS_CHOOSE_H
#define SOLVER_CPS_CHOOSE_H

#include "solver/conf/config.h"
#include "solver/cps/domains.h"
#include "solver/engine/engine.h"

struct cps_choice {
	struct challenge_request *requests; /* text is borrowed from the domains */
	size_t count;
};

/* Chooses for every open name. ERR_DENIED and a sentence with the name when no route allows what CPS offers. */
int cps_choose(const struct config *config, const struct cps_domains *domains, struct cps_choice *ret, struct err *err);
void cps_choice_done(struct cps_choice *choice);

/* Fingerprints of the open names, each followed by a space: what CPS wants to see now. Gives (free with free). */
char *cps_generation(const struct cps_domains *domains);
/* Every fingerprint of `wanted` stands in `have` (NULL: nothing). */
bool cps_generation_covers(const char *have, const char *wanted);

#endif
