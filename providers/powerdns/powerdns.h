/* PowerDNS Authoritative Server over its HTTP API.
 *
 * One PATCH carries all names of a job. Servers from 4.9.12 and 5.0.2 on add and remove single values (EXTEND,
 * PRUNE); of the sets only the TTL is read first, which they keep. For older ones the sets are read first and
 * written back merged, so that the values of others survive. The engine sends one job at a time per zone, so
 * no other job of dcvd interferes. */
#ifndef PROVIDERS_POWERDNS_POWERDNS_H
#define PROVIDERS_POWERDNS_POWERDNS_H

#include <stdint.h>

#include "providers/provider.h"
#include "solver/base/secret.h"

struct powerdns_options {
	char *url;
	struct secret *api_key;
	char *server_id;
	int64_t ttl_min; /* seconds */
	char *ca_file;
	bool notify;
};

extern const struct provider_api powerdns_provider;

#endif
