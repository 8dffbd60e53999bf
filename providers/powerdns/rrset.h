/* The record sets of a job: read from a zone as the API shows it, merged with the changes, written as
 * the body of a PATCH. JSON only. */
#ifndef PROVIDERS_POWERDNS_RRSET_H
#define PROVIDERS_POWERDNS_RRSET_H

#include <jansson.h>

#include "providers/provider.h"

/* From 4.9.12 and 5.0.2 on. */
bool powerdns_version_extends(const char *version);

/* `sets` maps a name of the job to its TXT set: {"ttl", "records"}. Takes over what `zone` has for names of
 * the job; names that are not in it have an empty set when it holds the `whole` zone, or when they are `asked`.
 * A zone with sets of other names, or of other types, is whole: the server ignored what we asked for. */
void rrset_read(json_t *sets, const struct job *job, const json_t *zone, const char *asked, bool whole);
/* Changes that hold already become NOOP. Gives the body of the PATCH (free with free), NULL when nothing is to be done. */
char *rrset_merge(json_t *sets, struct job *job, unsigned ttl_min);
/* The body with EXTEND and PRUNE, with the TTL of sets that stand there; gives (free with free). */
char *rrset_extend(const json_t *sets, const struct job *job, unsigned ttl_min);

#endif
