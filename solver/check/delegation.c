/* The walk from the parent: what the servers above a zone say of it. */
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/check/run.h"
#include "solver/dns/message.h"
#include "solver/dns/name.h"

#define PARENT_HOSTS 2 /* of the parent's servers are asked; they agree, or the parent has worse troubles */

/* Whether a zone begins at `name`: 1 or 0, or -1 while that is not known. */
static int is_cut(struct check_run *r, const char *name)
{
	const struct ev_answer *ns = run_want(r, name, DNS_NS);

	if (!ns)
		return -1;
	for (size_t i = 0; i < ns->record_count; i++)
		if (ns->records[i].type == DNS_NS && strcmp(ns->records[i].owner, name) == 0)
			return 1;
	return 0;
}

static void ask_host(struct check_run *r, const char *parent, const char *host, const char *zone)
{
	const int types[] = { DNS_A, DNS_AAAA };

	for (size_t t = 0; t < 2; t++) {
		const struct ev_answer *a = run_want(r, host, types[t]);
		char address[64] = "";

		for (size_t i = 0; a && i < a->record_count && !*address; i++)
			if (a->records[i].type == types[t] && strlen(a->records[i].data) < sizeof(address))
				memcpy(address, a->records[i].data, strlen(a->records[i].data) + 1);
		if (*address)
			run_ask_direct(r, &(struct run_server){ (char *)parent, (char *)host, address }, zone, DNS_NS, false);
	}
}

static void ask_parent(struct check_run *r, const char *parent, const char *zone)
{
	const struct ev_answer *ns = run_want(r, parent, DNS_NS);
	char *hosts[PARENT_HOSTS];
	size_t count = 0;

	for (size_t i = 0; ns && i < ns->record_count && count < PARENT_HOSTS; i++)
		if (ns->records[i].type == DNS_NS && strcmp(ns->records[i].owner, parent) == 0)
			hosts[count++] = mem_dup(ns->records[i].data);
	for (size_t i = 0; i < count; i++) {
		ask_host(r, parent, hosts[i], zone);
		free(hosts[i]);
	}
}

/* The nearest cut above `zone`, or NULL (also while that is not known). The root's children are the root's affair. */
static const char *parent_of(struct check_run *r, const char *zone)
{
	const char *name = zone;

	while ((name = name_parent(name)) != NULL) {
		int cut = is_cut(r, name);

		if (cut)
			return cut > 0 ? name : NULL;
	}
	return NULL;
}

void delegation_step(struct check_run *r)
{
	CLEANUP(mem_freep) char *zone = mem_dup(r->e->written_zone);
	const char *below, *parent;

	if (!zone || r->blind || r->e->own_zone || !run_wants(r, CHECK_DELEGATION))
		return;
	for (below = zone; (parent = parent_of(r, below)) != NULL; below = parent)
		ask_parent(r, parent, below);
}
