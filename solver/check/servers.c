/* The direct view: the zone that holds the record, every address of every one of its servers, and what each says.
 *
 * With an authority's view the way to the zone is its own: SOA, NS and addresses by full recursion, so that a check
 * needs no other resolver. Without one (or for our own zones) locate.c finds the place. */
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/check/own.h"
#include "solver/check/run.h"
#include "solver/dns/message.h"
#include "solver/dns/name.h"
#include "solver/verdict/dns/txt.h"
#include "solver/verdict/network/lookup.h"

#define HOSTS_MAX 32 /* name servers of one zone */

/* ---- the zone ---- */

/* The name whose zone counts: where the CNAMEs at the challenge name end; the identifier for other types. */
static const char *target_of(struct check_run *r)
{
	const struct ev_answer *txt;

	if (!r->dns)
		return r->e->identifier;
	txt = run_want(r, r->e->fqdn, DNS_TXT);
	if (!txt)
		return NULL;
	return txt->final_name && strcmp(txt->final_name, r->e->fqdn) != 0 ? txt->final_name : aliases_end(r);
}

/* ---- its servers ---- */

static void add_addresses(struct check_run *r, const char *zone, const char *host, int type)
{
	const struct ev_answer *a = run_want(r, host, type);

	for (size_t i = 0; a && i < a->record_count; i++)
		if (a->records[i].type == type)
			run_add_server(r, zone, host, a->records[i].data);
}

/* The names in NS records of a zone, copied: asking moves the evidence. */
static size_t hosts_of(const struct ev_record *list, size_t count, const char *zone, char *ret[HOSTS_MAX])
{
	size_t found = 0;

	for (size_t i = 0; i < count && found < HOSTS_MAX; i++)
		if (list[i].type == DNS_NS && strcmp(list[i].owner, zone) == 0)
			ret[found++] = mem_dup(list[i].data);
	return found;
}

static void add_hosts(struct check_run *r, const char *zone, char *hosts[HOSTS_MAX], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		add_addresses(r, zone, hosts[i], DNS_A);
		add_addresses(r, zone, hosts[i], DNS_AAAA);
		free(hosts[i]);
	}
}

static void find_servers(struct check_run *r, const char *zone)
{
	const struct ev_answer *ns = run_want(r, zone, DNS_NS);
	char *hosts[HOSTS_MAX];

	if (ns)
		add_hosts(r, zone, hosts, hosts_of(ns->records, ns->record_count, zone, hosts));
}

/* What is asked of every server, whatever else is. */
static const char *place_of(const struct check_run *r)
{
	return r->dns ? r->e->written_fqdn : r->e->identifier;
}

static int place_type(const struct check_run *r)
{
	return r->dns ? DNS_TXT : DNS_A;
}

/* Those that only the parent names: a resolver that comes from the root meets them too. */
static void find_servers_of_parent(struct check_run *r, const char *zone)
{
	for (size_t i = 0; i < r->e->answer_count; i++) {
		const struct ev_answer *a = &r->e->answers[i];
		char *hosts[HOSTS_MAX];
		size_t count;

		if (a->type != DNS_NS || !a->zone || a->failure || strcmp(a->name, zone) != 0 || strcmp(a->zone, zone) == 0)
			continue;
		count = hosts_of(a->authority, a->authority_count, zone, hosts);
		count = count ? count : hosts_of(a->records, a->record_count, zone, hosts);
		add_hosts(r, zone, hosts, count);
	}
}

/* ---- referrals: a cut below the zone that recursion could not pass ---- */

/* The zone below `from` that this answer refers to, when it holds the place. */
static const char *referral(const struct ev_answer *a, const char *from, const char *place)
{
	if (a->failure || a->authoritative || a->rcode != DNS_NOERROR || a->record_count)
		return NULL;
	for (size_t i = 0; i < a->authority_count; i++) {
		const struct ev_record *ns = &a->authority[i];

		if (ns->type == DNS_NS && name_is_below(ns->owner, from) && strcmp(ns->owner, from) != 0 && name_is_below(place, ns->owner))
			return ns->owner;
	}
	return NULL;
}

/* A zone that does not answer cannot tell the addresses of servers inside it; its parent does. */
static void add_glue(struct check_run *r, const struct ev_answer *a, const char *zone)
{
	for (size_t i = 0; i < a->authority_count; i++)
		for (size_t k = 0; a->authority[i].type == DNS_NS && strcmp(a->authority[i].owner, zone) == 0 && k < a->authority_count; k++)
			if ((a->authority[k].type == DNS_A || a->authority[k].type == DNS_AAAA) && strcmp(a->authority[k].owner, a->authority[i].data) == 0)
				run_add_server(r, zone, a->authority[k].owner, a->authority[k].data);
}

static void follow_referral(struct check_run *r, const struct ev_answer *a, const char *cut)
{
	CLEANUP(mem_freep) char *zone = mem_dup(cut);
	char *hosts[HOSTS_MAX];
	size_t count = hosts_of(a->authority, a->authority_count, zone, hosts);

	add_glue(r, a, zone);
	mem_replace(&r->e->written_zone, zone);
	add_hosts(r, zone, hosts, count);
}

static void follow_referrals(struct check_run *r)
{
	for (size_t i = 0; i < r->e->answer_count; i++) {
		const struct ev_answer *a = &r->e->answers[i];
		const char *cut = strcmp(a->view, "direct") == 0 && a->type == place_type(r) ? referral(a, r->e->written_zone, place_of(r)) : NULL;

		if (cut) {
			follow_referral(r, a, cut);
			i = (size_t)-1; /* the evidence moved, and the zone is another */
		}
	}
}

/* ---- what one server is asked ---- */

/* An answer of this server that is there already, or NULL. */
static const struct ev_answer *answer_of(const struct check_run *r, const struct run_server *s, const char *name, int type, bool tcp)
{
	for (size_t i = 0; i < r->e->answer_count; i++) {
		const struct ev_answer *a = &r->e->answers[i];

		if (a->type == type && a->address && strcmp(a->address, s->address) == 0 && strcmp(a->zone, s->zone) == 0 &&
		    strcmp(a->name, name) == 0 && strcmp(a->transport, tcp ? "tcp" : "udp") == 0)
			return a;
	}
	return NULL;
}

/* The highest of the names whose CAA records this server is asked for, or NULL: it is asked for none. */
static const char *last_caa_name(const struct check_run *r, const struct run_server *s)
{
	const char *last = NULL;

	if (!run_wants(r, CHECK_CAA) || !r->authority->caa)
		return NULL;
	for (const char *name = r->e->identifier; name && name_is_below(name, s->zone); name = name_parent(name))
		last = name;
	return last;
}

/* It answered something: one that answers nothing is not asked more. */
static bool speaks(const struct check_run *r, const struct run_server *s)
{
	for (size_t i = 0; i < r->e->answer_count; i++)
		if (r->e->answers[i].address && strcmp(r->e->answers[i].address, s->address) == 0 && !r->e->answers[i].failure)
			return true;
	return false;
}

/* CAA at every server shows whether they agree. The last of these questions goes over TCP, so that both ways are tried without a
 * question of its own; where TCP fails, it is asked over UDP too. Returns whether the last one is answered. */
static bool query_caa(struct check_run *r, const struct run_server *s, const char *last)
{
	const struct ev_answer *answer;

	for (const char *name = r->e->identifier; strcmp(name, last) != 0; name = name_parent(name))
		run_query_server(r, s, name, DNS_CAA, false);
	run_query_server(r, s, last, DNS_CAA, true);
	answer = answer_of(r, s, last, DNS_CAA, true);
	if (!answer || !answer->failure || !speaks(r, s))
		return answer;
	run_query_server(r, s, last, DNS_CAA, false);
	run_query_server(r, s, place_of(r), place_type(r), true);
	return answer_of(r, s, last, DNS_CAA, false);
}

/* Signs that something is wrong with this server or its delegation: only then it is asked for the NS records that it has itself. */
static bool is_odd(struct check_run *r, const struct run_server *s)
{
	const struct ev_answer *a = answer_of(r, s, place_of(r), place_type(r), false);

	if (a && (a->failure || !a->authoritative || (a->rcode != DNS_NOERROR && a->rcode != DNS_NXDOMAIN)))
		return true;
	return delegation_differs(r, s->zone);
}

static void query_details(struct check_run *r, const struct run_server *s)
{
	const char *last = last_caa_name(r, s);
	CLEANUP(mem_freep) char *serial = lookup_server_serial(r->e, s->zone, s->address);
	bool answered = !last || query_caa(r, s, last);

	if (!last)
		run_query_server(r, s, place_of(r), place_type(r), true);
	if (!speaks(r, s))
		return;
	if (answered && !serial) /* empty answers tell it (RFC 2308 section 3) */
		run_query_server(r, s, s->zone, DNS_SOA, false);
	if (is_odd(r, s))
		run_query_server(r, s, s->zone, DNS_NS, false);
}

/* A zone whose referral was followed before keeps its servers in the list. */
static void query_server(struct check_run *r, const struct run_server *s)
{
	const struct ev_answer *a;

	run_query_server(r, s, place_of(r), place_type(r), false);
	if (!r->dns)
		run_query_server(r, s, place_of(r), DNS_AAAA, false);
	if (!run_wants(r, CHECK_DETAILS))
		return;
	a = answer_of(r, s, place_of(r), place_type(r), false);
	if (a && a->truncated)
		run_query_server(r, s, place_of(r), place_type(r), true);
	query_details(r, s);
}

static void query_servers(struct check_run *r)
{
	for (size_t i = 0; i < r->server_count; i++)
		if (name_is_below(r->e->written_zone, r->servers[i].zone))
			query_server(r, &r->servers[i]);
}

/* ---- without an authority's view ---- */

static void on_located(struct location *l, const struct err *err, void *arg)
{
	struct check_run *r = arg;

	r->locate = NULL;
	if (!l && err->code != ERR_CANCELLED)
		mem_replace(&r->e->unlocated, err->text);
	if (l) {
		mem_replace(&r->e->unlocated, NULL);
		mem_replace(&r->e->written_fqdn, l->fqdn);
		mem_replace(&r->e->written_zone, l->zone);
		for (size_t i = 0; i < l->count; i++)
			run_add_server(r, l->zone, l->servers[i].name, l->servers[i].address);
		mem_replace(&r->covered, r->dns ? l->covered : NULL);
		location_free(l);
	}
	r->advance(r);
}

static bool any_shows_value(const struct check_run *r)
{
	for (size_t i = 0; i < r->e->answer_count; i++)
		for (size_t k = 0; r->e->expected && txt_at(&r->e->answers[i], k); k++)
			if (txt_equals(txt_at(&r->e->answers[i], k), r->e->expected))
				return true;
	return false;
}

/* First what an authority sees, wildcards' CNAMEs followed. When the value is not there, it belongs at the name that they cover. */
static void locate_step(struct check_run *r)
{
	const char *place = r->dns ? r->e->fqdn : r->e->identifier;

	if (!r->locating) {
		r->locating = true;
		r->locate = locate_start(r->c, place, true, on_located, r);
	}
	if (r->e->written_zone)
		query_servers(r);
	if (r->covered && !r->pending && !r->locate && !any_shows_value(r))
		r->locate = locate_start(r->c, r->covered, false, on_located, r);
}

static void recursion_step(struct check_run *r)
{
	const char *target = target_of(r);
	CLEANUP(mem_freep) char *place = target && r->dns ? wildcards_end(r, target) : mem_dup(target);
	CLEANUP(mem_freep) char *zone = place ? run_zone_of(r, place) : NULL;

	if (!zone)
		return;
	if (!r->e->written_zone || (r->dns && strcmp(r->e->written_fqdn, place) != 0)) {
		mem_replace(&r->e->written_fqdn, r->dns ? place : NULL);
		mem_replace(&r->e->written_zone, zone);
	}
	find_servers(r, zone);
	find_servers_of_parent(r, zone);
	follow_referrals(r);
	query_servers(r);
}

/* Which configured provider would write there. */
static void note_provider(struct check_run *r)
{
	const struct config *config = r->c->config;
	const struct config_route *route;
	bool own = false;

	if (!r->dns || r->e->provider_known || !r->e->written_fqdn || !config->route_count)
		return;
	route = config_route(config, CHALLENGE_DNS01, r->e->written_fqdn);
	for (size_t i = 0; config->dns.zones && config->dns.zones[i]; i++)
		own = own || name_is_below(r->e->written_fqdn, config->dns.zones[i]);
	r->e->provider_known = true;
	if (route && (strcmp(route->provider, "embedded") != 0 || own))
		r->e->provider = mem_dup(route->provider);
}

void servers_step(struct check_run *r)
{
	if (r->e->ip || !run_wants(r, CHECK_SERVERS))
		return;
	if (r->dns && own_zone(r->c, r->e->fqdn))
		r->e->own_zone = true;
	if (r->e->own_zone || r->blind)
		locate_step(r);
	else
		recursion_step(r);
	note_provider(r);
}
