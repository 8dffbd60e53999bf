/* What the files of the checker share. Nothing outside this folder includes it.
 *
 *   checker.c   open, close, authorities
 *   locate.c    where a TXT record must stand   zone.c       the servers of a zone, cached
 *   view.c      what one server says of that    cut.c        all servers, where one shows a zone cut
 *   look_dns.c  look_http.c  one cheap look     pace.c       what one server address is asked in a second
 *   check.c     a check, begin to end (run.h)   ask.c web.c  its questions     answer.c  a reply as evidence
 *   shared.c    questions that many names have in common
 *   known.c     what polling found already
 *   validation.c  servers.c  delegation.c  details.c         its steps     wildcards.c  names that a wildcard covers
 *   host.c      what this host can do
 */
#ifndef SOLVER_CHECK_INTERNAL_H
#define SOLVER_CHECK_INTERNAL_H

#include <uthash.h>
#include <utlist.h>

#include "solver/check/check.h"
#include "solver/check/look.h"
#include "solver/net/later.h"

struct checker {
	struct checker_parts parts;
	const struct config *config;
	struct profiles *profiles;  /* checker.c: of authorities, the newest first */
	struct zone *zones;         /* zone.c */
	struct shared *shared;      /* shared.c: by question */
	int64_t swept_ms;
	struct laters laters;
	struct pace_lane *lanes;    /* pace.c: by server address */
	size_t waiting;             /* questions that wait for their turn */
	struct check_run *runs;     /* check.c */
	struct check_others others;
	bool closing;
};

/* ---- checker.c ---- */
/* Those of the configuration in force, which a reload does not take away from who holds them. Gives (free with profiles_release). */
struct profiles *profiles_hold(struct checker *c);
void profiles_release(struct checker *c, struct profiles *p);

/* ---- zone.c ---- */
void zone_cache_free(struct checker *c);

#endif
