/* Where a TXT record must stand, and the cheap look at it: one question to each server address.
 *
 * For polling. A look asks only the servers that have not shown the value yet; what decides in the end is a check
 * (check.h). No recursive resolver is asked for the challenge name, so that no cache learns that it does not exist. */
#ifndef SOLVER_CHECK_LOOK_H
#define SOLVER_CHECK_LOOK_H

#include "solver/check/check.h"

#define SERVERS_MAX 64 /* addresses of one zone's name servers */

struct server { char *name, *address; };
struct location {
	char *fqdn, *zone;
	struct server servers[SERVERS_MAX];
	size_t count;
	char *wildcard; /* where a wildcard's CNAME leads the name as long as nothing stands there, or NULL */
	char *covered;  /* see locate_start() */
	bool seen[SERVERS_MAX]; /* showed the value at an earlier look: not asked again */
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

/* One look at every server (DNS), or at every address as the authority makes its requests (HTTP); `done` comes later and gets the verdict (taken). */
struct look_request {
	const char *identifier, *token, *expected; /* expected: key authorization or value; NULL: anything */
	const char *authority;                     /* HTTP: profile whose rules hold; NULL: the configured one */
	struct location *location;                 /* DNS: `seen` is read and written */
};
typedef void (*look_fn)(struct verdict *v, void *arg);
struct look_run;
struct look_run *look_dns(struct checker *c, const struct look_request *request, look_fn done, void *arg);
struct look_run *look_http(struct checker *c, const struct look_request *request, look_fn done, void *arg);
/* `done` will not be called; replies still under way are dropped. */
void look_cancel(struct look_run *r);

#endif
