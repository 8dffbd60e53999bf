/* The delegation of a zone: what the servers of its parent say of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/check/run.h"
#include "solver/dns/message.h"
#include "solver/dns/name.h"
#include "solver/net/interface.h"

#define PARENT_HOSTS 8 /* of the parent's servers are tried until one refers; they agree, or the parent has worse troubles */
#define ADDRESS_SIZE 64

/* Whether a zone begins at `name`: 1 or 0, or -1 when that is not known, yet or at all. */
static int is_cut(struct check_run *r, const char *name)
{
	const struct ev_answer *ns = run_want(r, name, DNS_NS);

	if (!ns || ns->failure || (ns->rcode != DNS_NOERROR && ns->rcode != DNS_NXDOMAIN))
		return -1;
	for (size_t i = 0; i < ns->record_count; i++)
		if (ns->records[i].type == DNS_NS && strcmp(ns->records[i].owner, name) == 0)
			return 1;
	return 0;
}

/* An address of `host` that the NS records of its zone came with, or that it is looked up for; "" while that is not known. */
static void address_of(struct check_run *r, const char *parent, const char *host, int type, char ret[ADDRESS_SIZE])
{
	const struct ev_answer *ns = run_have(r, parent, DNS_NS), *a;

	*ret = '\0';
	for (size_t i = 0; ns && i < ns->authority_count; i++)
		if (ns->authority[i].type == type && strcmp(ns->authority[i].owner, host) == 0)
			snprintf(ret, ADDRESS_SIZE, "%s", ns->authority[i].data);
	if (*ret || !(a = run_want(r, host, type)))
		return;
	for (size_t i = 0; i < a->record_count && !*ret; i++)
		if (a->records[i].type == type)
			snprintf(ret, ADDRESS_SIZE, "%s", a->records[i].data);
}

/* What this server said of `zone`, or NULL. */
static const struct ev_answer *word_of(const struct check_run *r, const char *address, const char *zone)
{
	for (size_t i = 0; i < r->e->answer_count; i++) {
		const struct ev_answer *a = &r->e->answers[i];

		if (a->type == DNS_NS && a->address && strcmp(a->address, address) == 0 && strcmp(a->name, zone) == 0)
			return a;
	}
	return NULL;
}

/* Asks a server of the parent, at its IPv6 address where there is no other. True when it gave no usable answer: another must be asked. */
static bool query_host(struct check_run *r, const char *parent, const char *host, const char *zone)
{
	const int types[] = { DNS_A, DNS_AAAA };
	char address[ADDRESS_SIZE] = "";
	const struct ev_answer *a;

	for (size_t t = 0; t < 2; t++) {
		address_of(r, parent, host, types[t], address);
		if (*address && interface_obstacle(address) == 0)
			break;
		if (!*address && !run_have(r, host, types[t]))
			return false;
	}
	if (!*address)
		return true;
	run_query_server(r, &(struct run_server){ (char *)parent, (char *)host, address }, zone, DNS_NS, false);
	a = word_of(r, address, zone);
	return a && (a->failure || a->rcode != DNS_NOERROR || a->authoritative); /* it may hold the zone too: then it speaks for the zone */
}

static void query_parent(struct check_run *r, const char *parent, const char *zone)
{
	const struct ev_answer *ns = run_want(r, parent, DNS_NS);
	char *hosts[PARENT_HOSTS];
	size_t count = 0;
	bool more = true;

	for (size_t i = 0; ns && i < ns->record_count && count < PARENT_HOSTS; i++)
		if (ns->records[i].type == DNS_NS && strcmp(ns->records[i].owner, parent) == 0)
			hosts[count++] = mem_dup(ns->records[i].data);
	for (size_t i = 0; i < count; i++) {
		more = more && query_host(r, parent, hosts[i], zone);
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

	if (r->blind || r->e->ip || r->e->own_zone || !run_wants(r, CHECK_DELEGATION))
		return;
	if (!zone && !run_wants(r, CHECK_SERVERS)) /* before anything is published */
		zone = run_zone_of(r, r->e->identifier);
	if (!zone)
		return;
	for (below = zone; (parent = parent_of(r, below)) != NULL; below = parent)
		query_parent(r, parent, below);
}

static bool has_ns(const struct ev_answer *a, const char *zone, const char *host)
{
	for (size_t i = 0; i < a->record_count; i++)
		if (a->records[i].type == DNS_NS && strcmp(a->records[i].owner, zone) == 0 && strcmp(a->records[i].data, host) == 0)
			return true;
	return false;
}

static size_t count_ns(const struct ev_record *list, size_t count, const char *zone)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		found += list[i].type == DNS_NS && strcmp(list[i].owner, zone) == 0;
	return found;
}

/* A parent that holds the child too answers from the child. */
static bool differs(const struct ev_answer *parent, const struct ev_answer *seen, const char *zone)
{
	const struct ev_record *list = parent->record_count ? parent->records : parent->authority;
	size_t count = parent->record_count ? parent->record_count : parent->authority_count;

	for (size_t i = 0; i < count; i++)
		if (list[i].type == DNS_NS && strcmp(list[i].owner, zone) == 0 && !has_ns(seen, zone, list[i].data))
			return true;
	return count_ns(list, count, zone) != count_ns(seen->records, seen->record_count, zone);
}

bool delegation_differs(const struct check_run *r, const char *zone)
{
	const struct ev_answer *seen = run_have(r, zone, DNS_NS);

	for (size_t i = 0; seen && i < r->e->answer_count; i++) {
		const struct ev_answer *a = &r->e->answers[i];

		if (a->type == DNS_NS && a->zone && strcmp(a->name, zone) == 0 && strcmp(a->zone, zone) != 0 && !a->failure && differs(a, seen, zone))
			return true;
	}
	return false;
}
