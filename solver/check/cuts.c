/* Servers of the zone above the record's that an authority may believe: those that answer for the name themselves instead of
 * referring to the child's servers. Looked for where there is a sign: a zone that begins at the challenge name or above it with an
 * underscore, which its owner made for this; a server of the parent that was asked for the delegation and answered from the child; or
 * servers of one zone that differ. */
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/check/run.h"
#include "solver/dns/message.h"
#include "solver/dns/name.h"
#include "solver/verdict/dns/txt.h"

#define HOSTS_MAX 16

static bool is_answer(const struct ev_answer *a)
{
	return !a->failure && a->authoritative && (a->rcode == DNS_NOERROR || a->rcode == DNS_NXDOMAIN);
}

static bool is_above(const char *zone, const char *child)
{
	return strcmp(zone, child) != 0 && name_is_below(child, zone);
}

/* The parent's server answered for the name, or with the child's own NS records. */
static bool serves_itself(const struct check_run *r, const struct ev_answer *a)
{
	if (strcmp(a->view, "direct") != 0 || !a->zone || !is_above(a->zone, r->e->written_zone) || !is_answer(a))
		return false;
	return (a->type == DNS_TXT && strcmp(a->name, r->e->written_fqdn) == 0) ||
	       (a->type == DNS_NS && strcmp(a->name, r->e->written_zone) == 0 && a->record_count);
}

static void add_servers(struct check_run *r)
{
	for (size_t i = 0; i < r->e->answer_count; i++) {
		const struct ev_answer *a = &r->e->answers[i];

		if (serves_itself(r, a))
			run_add_server(r, r->e->written_zone, a->server, a->address);
	}
}

/* The nearest name above where a zone begins, with its NS records; or NULL, also while that is not known. */
static const struct ev_answer *parent_of(struct check_run *r)
{
	CLEANUP(mem_freep) char *zone = mem_dup(r->e->written_zone);

	for (const char *name = name_parent(zone); name; name = name_parent(name)) {
		const struct ev_answer *ns = run_want(r, name, DNS_NS);

		for (size_t i = 0; ns && i < ns->record_count; i++)
			if (ns->records[i].type == DNS_NS && strcmp(ns->records[i].owner, name) == 0)
				return ns;
		if (!ns || ns->failure)
			return NULL;
	}
	return NULL;
}

static void query_host(struct check_run *r, const char *zone, const char *host, int type)
{
	const struct ev_answer *a = run_want(r, host, type);
	CLEANUP(mem_freep) char *address = NULL;

	for (size_t i = 0; a && i < a->record_count; i++) {
		if (a->records[i].type != type)
			continue;
		mem_replace(&address, a->records[i].data);
		run_query_server(r, &(struct run_server){ (char *)zone, (char *)host, address }, r->e->written_fqdn, DNS_TXT, false);
		a = run_have(r, host, type);
	}
}

static void query_parents(struct check_run *r)
{
	const struct ev_answer *ns = parent_of(r);
	CLEANUP(mem_freep) char *zone = ns ? mem_dup(ns->name) : NULL;
	char *hosts[HOSTS_MAX];
	size_t count = 0;

	for (size_t i = 0; ns && i < ns->record_count && count < HOSTS_MAX; i++)
		if (ns->records[i].type == DNS_NS)
			hosts[count++] = mem_dup(ns->records[i].data);
	for (size_t i = 0; i < count; i++) {
		query_host(r, zone, hosts[i], DNS_A);
		query_host(r, zone, hosts[i], DNS_AAAA);
		free(hosts[i]);
	}
}

static bool is_at_place(const struct check_run *r, const struct ev_answer *a)
{
	return strcmp(a->view, "direct") == 0 && a->type == DNS_TXT && a->zone && strcmp(a->zone, r->e->written_zone) == 0 &&
	       strcmp(a->name, r->e->written_fqdn) == 0 && is_answer(a);
}

/* Some servers have records and others have none. */
static bool differ(const struct check_run *r)
{
	size_t with = 0, without = 0;

	for (size_t i = 0; i < r->e->answer_count; i++) {
		with += is_at_place(r, &r->e->answers[i]) && txt_count(&r->e->answers[i]);
		without += is_at_place(r, &r->e->answers[i]) && !txt_count(&r->e->answers[i]);
	}
	return with && without;
}

/* An answer with records does not say which zone it is from. */
static void query_zones(struct check_run *r)
{
	for (size_t i = 0; i < r->e->answer_count; i++) {
		const struct ev_answer *a = &r->e->answers[i];

		if (is_at_place(r, a) && txt_count(a))
			run_query_server(r, &(struct run_server){ a->zone, a->server, a->address }, r->e->written_fqdn, DNS_SOA, false);
	}
}

void cuts_step(struct check_run *r)
{
	if (!r->dns || !r->e->written_zone || !r->e->written_fqdn || r->e->own_zone || !run_wants(r, CHECK_SERVERS))
		return;
	if (*r->e->written_zone == '_' && !r->blind) /* locate.c found them already */
		query_parents(r);
	add_servers(r);
	if (differ(r))
		query_zones(r);
}
