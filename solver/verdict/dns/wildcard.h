/* CNAMEs that come from a wildcard. They lead an authority away from a name as long as nothing stands there, but they are no
 * delegation of it: a record at the name itself ends them (RFC 4592). */
#ifndef SOLVER_VERDICT_WILDCARD_H
#define SOLVER_VERDICT_WILDCARD_H

#include "solver/dns/name.h"
#include "solver/verdict/data/evidence.h"

/* The record of an answer that leads away from `name`: its CNAME, or a DNAME above it; or NULL. */
const struct ev_record *wildcard_alias(const struct ev_answer *answer, const char *name);
/* Whether a CNAME from `name` to `target` comes from a wildcard, by the authority's answer for the name's witness (name_witness()).
 * False also when that is not known. */
bool wildcard_covers(const struct evidence *e, const char *name, const char *target);
/* Where a wildcard's CNAME leads the place of the record now, or NULL. Borrowed. */
const char *wildcard_target(const struct evidence *e);

#endif
