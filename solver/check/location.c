#include "solver/check/location.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"

void location_free(struct location *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->count; i++) {
		free(l->servers[i].name);
		free(l->servers[i].address);
	}
	free(l->fqdn);
	free(l->zone);
	free(l->wildcard);
	free(l->covered);
	free(l);
}

void location_add(struct location *l, const char *name, const char *address)
{
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->servers[i].address, address) == 0)
			return;
	if (l->count < SERVERS_MAX)
		l->servers[l->count++] = (struct server){ mem_dup(name), mem_dup(address) };
}
