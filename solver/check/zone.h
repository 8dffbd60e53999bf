/* The name servers of a zone with all their addresses, cached for a minute; one lookup for all who wait. They are those that the zone
 * names and those that its parent names: a resolver may meet either. */
#ifndef SOLVER_CHECK_ZONE_H
#define SOLVER_CHECK_ZONE_H

#include "solver/dns/message.h"
#include "solver/check/internal.h"

struct zone_waiter;

struct zone {
	char *name;
	struct server servers[SERVERS_MAX];
	size_t count;
	int64_t fresh_until_ms;   /* loop clock; 0: loading */
	unsigned lookups;         /* under way */
	unsigned telling;         /* it is read, or will be by a later() call: not to be forgotten */
	struct err last;
	struct zone_waiter *waiting;
	struct checker *c;
	UT_hash_handle hh;
};

/* `done` comes later with the zone (borrowed: read it at once or while nothing else runs) or a sentence. With a
 * referral, or the zone's own answer, its NS records are used; otherwise the recursive resolver is asked for them. */
void zone_servers(struct checker *c, const char *zone, const struct dns_reply *from,
                  void (*done)(struct zone *z, const struct err *err, void *arg), void *arg);
/* A copy of the servers, without fqdn. Gives (free with location_free). */
struct location *zone_location(const struct zone *z);
/* What is known is asked again. */
void zone_cache_expire(struct checker *c);
/* At the end, when nobody waits any more. */
void zone_cache_free(struct checker *c);

#endif
