/* Where a TXT record must stand: the zone and every address of its name servers. */
#ifndef SOLVER_CHECK_LOCATION_H
#define SOLVER_CHECK_LOCATION_H

#include "solver/check/check.h"

#define SERVERS_MAX 64 /* addresses of one zone's name servers */

struct server { char *name, *address; };
struct location {
	char *fqdn, *zone;
	struct server servers[SERVERS_MAX];
	size_t count;
	char *wildcard; /* where a wildcard's CNAME leads the name as long as nothing stands there, or NULL */
	char *covered;  /* see locate_start() */
	bool seen[SERVERS_MAX]; /* showed the value at an earlier poll: not queried again */
};
void location_free(struct location *l);
/* Adds a server once. */
void location_add(struct location *l, const char *name, const char *address);

/* Follows the aliases at `fqdn` and finds the zone at their end, with every server that an authority may ask. A CNAME that comes
 * from a wildcard is no alias: the record must stand at the name itself, where it ends the wildcard. With `through` such a CNAME is
 * followed too, to see what an authority sees now, and the location's `covered` is the name that it covers.
 * `done` comes later with a location (taken) or a sentence. */
struct locate;
struct locate *locate_start(struct checker *c, const char *fqdn, bool through, void (*done)(struct location *l, const struct err *err, void *arg), void *arg);
void locate_cancel(struct locate *l);

#endif
