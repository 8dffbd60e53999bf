/* CNAMEs that come from a wildcard. They redirect an authority only while the name itself has no record; they are no delegation of the
 * name, because a record at the name replaces them (RFC 4592). */
#ifndef SOLVER_VERDICT_WILDCARD_H
#define SOLVER_VERDICT_WILDCARD_H

#include "solver/dns/name.h"
#include "solver/verdict/data/evidence.h"

/* The record of an answer that leads away from `name`: its CNAME, or a DNAME above it; or NULL. */
const struct ev_record *wildcard_alias(const struct ev_answer *answer, const char *name);
/* Whether a CNAME from `name` to `target` comes from a wildcard, by the authority's answer for the name's witness (name_witness()).
 * False also when that is not known. */
bool wildcard_covers(const struct evidence *e, const char *name, const char *target);
/* The target of the wildcard CNAME that now answers for the record's name, or NULL. Borrowed. */
const char *wildcard_target(const struct evidence *e);

#endif
