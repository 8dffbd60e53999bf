/* What the files of the checker share. Nothing outside this folder includes it.
 *
 * A file calls only files above it:
 *
 *   own.c resolve.c profiles.c   what we serve ourselves; the resolvers; the authorities
 *   pace.c                       what one server address is asked in a second
 *   parent.c zone.c view.c       a zone's servers as its parent and as it names them, cached; what one server says of a name
 *   location.c cut.c locate.c    where a TXT record must stand
 *   shared.c                     questions that many names have in common
 *   run.c query.c answer.c       a check under way (run.h), one query of it, a reply as evidence
 *   query_dns.c query_web.c silence.c host.c known.c   its queries, what does not answer, what this host can do, what polling found
 *   zone_of.c aliases.c wildcards.c validation.c servers.c cuts.c delegation.c signs.c details.c   its steps
 *   check.c checker.c            begin to end
 *   poll_dns.c poll_http.c       polling
 */
#ifndef SOLVER_CHECK_INTERNAL_H
#define SOLVER_CHECK_INTERNAL_H

#include <uthash.h>
#include <utlist.h>

#include "solver/check/check.h"
#include "solver/check/location.h"
#include "solver/net/later.h"

struct checker {
	struct checker_parts parts;
	const struct config *config;
	struct profiles *profiles;  /* profiles.c: of authorities, the newest first */
	struct zone *zones;         /* zone.c */
	struct shared *shared;      /* shared.c: by question */
	int64_t swept_ms, zones_swept_ms;
	struct laters laters;
	struct pace_lane *lanes;    /* pace.c: by server address */
	size_t waiting;             /* questions that wait for their turn */
	struct check_run *runs;     /* check.c */
	struct check_others others;
	bool stopped;               /* the clients are about to go: nothing new begins */
};

/* ---- profiles.c ---- */
/* Reads those of a configuration, which are in force from now on. */
int profiles_load(struct checker *c, const struct config *config, struct err *err);
/* Those of the configuration in force, which a reload does not take away from who holds them. Gives (free with profiles_release). */
struct profiles *profiles_hold(struct checker *c);
void profiles_release(struct checker *c, struct profiles *p);

#endif
