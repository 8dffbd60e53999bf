/* What every part of a check takes of its run. */
#include "solver/check/run.h"

#include <string.h>

#include "solver/base/mem.h"

bool run_wants(const struct check_run *r, unsigned part)
{
	return !r->refused && (r->parts & part);
}

void run_replied(struct check_run *r)
{
	r->pending--;
	r->advance(r);
}

const struct ev_answer *run_have(const struct check_run *r, const char *name, int type)
{
	return evidence_authority(r->e, name, type);
}

void run_add_server(struct check_run *r, const char *zone, const char *name, const char *address)
{
	for (size_t i = 0; i < r->server_count; i++)
		if (strcmp(r->servers[i].address, address) == 0 && strcmp(r->servers[i].zone, zone) == 0)
			return;
	if (r->server_count < RUN_SERVERS_MAX)
		r->servers[r->server_count++] = (struct run_server){ mem_dup(zone), mem_dup(name), mem_dup(address) };
}
