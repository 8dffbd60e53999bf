/* What the servers of the parent say of a zone's name servers. A resolver that comes from the root meets those too that only the
 * parent names, whatever the zone says of itself. */
#ifndef SOLVER_CHECK_PARENT_H
#define SOLVER_CHECK_PARENT_H

#include "solver/check/internal.h"
#include "solver/dns/message.h"

/* `word` comes later, once for each answer that names the servers of `zone` (in its answer or authority section, with addresses behind
 * a referral; borrowed), and in the end with NULL. A server that holds the zone too answers for the zone: then the next one is asked,
 * until one refers. It takes PARENT_LIMIT_MS at most: a host that cannot ask the world goes on without. */
#define PARENT_LIMIT_MS 3000
void parent_query(struct checker *c, const char *zone, void (*word)(const struct dns_reply *reply, void *arg), void *arg);

#endif
