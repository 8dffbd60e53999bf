/* The zones the server answers for, with what it needs to make up SOA and NS. Read-only once built: a reload builds others. */
#ifndef SOLVER_NAMESERVER_ZONES_H
#define SOLVER_NAMESERVER_ZONES_H

#include <netinet/in.h>
#include <uthash.h>

#include "solver/nameserver/nameserver.h"
#include "solver/nameserver/wire.h"

struct zone {
	char *name;
	char *contact;    /* rname of the SOA, as a name */
	char *server;     /* mname, and the only NS when no name servers are configured */
	UT_hash_handle hh;
};

struct host {
	char *name;
	struct in_addr *v4;
	size_t v4_count;
	struct in6_addr *v6;
	size_t v6_count;
};

struct zones {
	struct zone *by_name;
	struct host *hosts;   /* the configured name servers */
	size_t host_count;
	unsigned ttl_s, negative_ttl_s;
	/* The serial is the time of day of the start plus the number of changes since, of values and of zones. It goes back over a restart
	 * when there were more changes than seconds, or when the clock was set back: nobody transfers these zones, so nothing depends on it. */
	uint32_t start;
};

/* `old`: those before a reload, or NULL. Gives *ret (free with zones_free). */
int zones_new(const struct nameserver_options *options, const struct zones *old, struct zones **ret, struct err *err);
void zones_free(struct zones *z);
/* The closest zone at or above the name, and at which label of the name it starts (for the root, behind the last). */
const struct zone *zones_find(const struct zones *z, const struct wire_name *name, unsigned *ret_label);
const struct host *zones_host(const struct zones *z, const char *name);
/* A configured host with an address stands at the name or below it. */
bool zones_host_exists(const struct zones *z, const char *name);

#endif
