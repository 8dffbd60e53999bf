#include "solver/verdict/network/host.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/base/mem.h"
#include "solver/verdict/network/address.h"
#include "solver/verdict/network/chain.h"
#include "solver/verdict/network/delegated.h"
#include "solver/verdict/network/lookup.h"

enum { NOERROR = 0, SERVFAIL = 2, NXDOMAIN = 3 };

bool host_failed(const char *failure)
{
	static const char *const failures[] = { "connect-unreachable", "unroutable", "local" };

	for (size_t i = 0; failure && i < ARRAY_LEN(failures); i++)
		if (strcmp(failure, failures[i]) == 0)
			return true;
	return false;
}

static const char *family_of(const char *address)
{
	return address_is_v6(address) ? "IPv6" : "IPv4";
}

bool host_is_vouched(const struct evidence *e, const char *address)
{
	for (size_t i = 0; i < e->perspective_count; i++) {
		const struct ev_perspective *p = &e->perspectives[i];

		if (!p->completed || !p->passed || strcmp(p->check, "dcv") != 0)
			continue;
		if (!address || (p->address && address_is_v6(p->address) == address_is_v6(address)))
			return true;
	}
	return false;
}

/* ---- what is said ---- */

static char *mend_of(const char *family, bool local)
{
	if (local)
		return mem_dup("Raise the limit of open files of this process, and check whether a firewall of this host forbids what it needs");
	return mem_printf("Give this host %s, let a perspective that has it check too (perspectives.peers), or say \"unknown: accept\" in the route",
	                  family);
}

static void find(struct verdict *v, enum verdict_stage stage, const char *code, const char *text, char *fix)
{
	for (size_t i = 0; i < v->finding_count; i++) {
		if (strcmp(v->findings[i].code, code) == 0) {
			free(fix);
			return;
		}
	}
	verdict_add_finding(v, FINDING_ERROR, stage, code, mem_dup(text), fix);
}

void host_doubt(const struct evidence *e, const char *address, const char *failure, const char *why, struct verdict *v)
{
	bool local = strcmp(failure, "local") == 0;
	const char *family = family_of(address);
	char *text;

	(void)e;
	if (local)
		text = mem_printf("This host could not connect to %s%s%s%s: what an authority gets there is not visible from here", address,
		                  why ? " (" : "", why ? why : "", why ? ")" : "");
	else
		text = mem_printf("This host has no way to the %s address %s%s%s%s: what an authority gets there decides, and is not visible from here",
		                  family, address, why ? " (" : "", why ? why : "", why ? ")" : "");
	find(v, STAGE_VALIDATION, local ? "host-local" : "host-family", text, mend_of(family, local));
	v->doubted = true;
	verdict_decide(v, VERDICT_UNKNOWN, STAGE_VALIDATION, PROBLEM_NONE, text);
}

/* ---- name servers that this host cannot ask ---- */

static bool is_direct(const struct ev_answer *d)
{
	return strcmp(d->view, "direct") == 0 && d->server && d->address && d->zone && *d->zone;
}

bool host_heard_server(const struct evidence *e, const struct ev_answer *unheard)
{
	for (size_t i = 0; unheard->server && i < e->answer_count; i++) {
		const struct ev_answer *d = &e->answers[i];

		if (is_direct(d) && !d->failure && strcasecmp(d->server, unheard->server) == 0)
			return true;
	}
	return false;
}

/* The first name server of the zone none of whose addresses could be asked. A reserved one is asked by no public authority either. */
static const struct ev_answer *unasked_server(const struct evidence *e, const char *zone, bool reserved_too)
{
	for (size_t i = 0; zone && i < e->answer_count; i++) {
		const struct ev_answer *d = &e->answers[i];

		if (is_direct(d) && strcasecmp(d->zone, zone) == 0 && host_failed(d->failure) && (reserved_too || !address_is_reserved(d->address)) &&
		    !host_heard_server(e, d))
			return d;
	}
	return NULL;
}

/* ---- look-ups that may have failed here only ---- */

static bool lacks_something(const struct ev_host *h)
{
	return h->known && !(h->ipv4 && h->ipv6 && h->descriptors);
}

/* A DNSKEY that could not be fetched because no file descriptor was left makes a valid zone look bogus. */
static bool failed(const struct ev_host *h, const struct ev_answer *a)
{
	bool bogus = a->security && strcmp(a->security, "bogus") == 0;

	if (bogus && !h->descriptors)
		return true;

	return !bogus && !lookup_blind(a) && (a->failure || a->rcode == SERVFAIL);
}

static bool speaks(const struct ev_answer *d)
{
	return !d->failure && !d->truncated && (d->rcode == NOERROR || d->rcode == NXDOMAIN);
}

/* Whether a name server of the zone may have an address that this host did not ask: the failure may be this host's then. */
static bool any_is_hidden(const struct evidence *e, const char *zone)
{
	const char *names[DELEGATED_MAX];
	size_t count = delegated_names(e, zone, names);

	for (size_t i = 0; i < count; i++)
		if (!delegated_was_asked(e, zone, names[i]) && !delegated_lacks_address(e, zone, names[i]))
			return true;
	return false;
}

static bool none_has_address(const struct evidence *e, const char *zone)
{
	const char *names[DELEGATED_MAX];
	size_t count = delegated_names(e, zone, names);

	for (size_t i = 0; i < count; i++)
		if (!delegated_lacks_address(e, zone, names[i]))
			return false;
	return count;
}

/* Whether servers of the zone were asked this question and none of them answers it. A server of the zone above only refers to them. */
static bool all_fail(const struct evidence *e, const char *zone, const char *name, int type)
{
	bool asked = false;

	for (size_t i = 0; i < e->answer_count; i++) {
		const struct ev_answer *d = &e->answers[i];

		if (!is_direct(d) || d->type != type || strcasecmp(d->name, name) != 0 || strcasecmp(d->zone, zone) != 0)
			continue;
		if (speaks(d))
			return false;
		asked = true;
	}
	return asked;
}

/* Whether the failure is proven to lie outside of this host: the CNAMEs themselves lead nowhere, no name server of the zone at their end
 * has an address, or all of them were asked and none answers. */
static bool is_theirs(const struct evidence *e, const struct authority *au, const struct ev_answer *a)
{
	const char *name = a->name, *zone;
	struct chain chain;

	if (!e->host.descriptors)
		return false;
	if (e->fqdn && a->type == TYPE_TXT) {
		chain_read(e, &chain);
		if (chain_is_broken(&chain, au->cname_max))
			return true;
		name = chain.names[chain.count - 1];
	}
	zone = delegated_zone(e, name);
	if (!zone || unasked_server(e, zone, false) || any_is_hidden(e, zone))
		return false;
	return none_has_address(e, zone) || all_fail(e, zone, name, a->type);
}

static bool is_fetched_from(const struct evidence *e, const char *host)
{
	if (strcasecmp(host, e->identifier) == 0)
		return true;
	for (size_t i = 0; i < e->hop_count; i++)
		if (e->hops[i].location && strcasestr(e->hops[i].location, host))
			return true;
	return false;
}

/* Addresses count for the web hosts that were asked for; those of name servers were looked up on the way. */
static bool decides(const struct evidence *e, const struct ev_answer *a)
{
	if (strcmp(a->view, "authority") != 0)
		return false;
	if (a->type == TYPE_CAA)
		return true;
	if (e->fqdn)
		return a->type == TYPE_TXT && strcasecmp(a->name, e->fqdn) == 0;
	return (a->type == TYPE_A || a->type == TYPE_AAAA) && (is_fetched_from(e, a->name) || !delegated_names_host(e, a->name));
}

/* The first failed look-up that matters and may be this host's own fault. */
static const struct ev_answer *unproven(const struct evidence *e, const struct authority *au)
{
	for (size_t i = 0; lacks_something(&e->host) && i < e->answer_count; i++) {
		const struct ev_answer *a = &e->answers[i];

		if (decides(e, a) && failed(&e->host, a) && !is_theirs(e, au, a))
			return a;
	}
	return NULL;
}

/* ---- together ---- */

static const char *lack_of(const struct ev_host *h)
{
	if (!h->descriptors)
		return "it has no file descriptors left";
	if (!h->ipv4 && !h->ipv6)
		return "it has no route to the world";
	return h->ipv6 ? "it has no IPv4" : "it has no IPv6";
}

static void doubt(struct verdict *v, const char *code, char *text, char *fix)
{
	find(v, STAGE_LOOKUP, code, text, fix);
	v->doubted = true;
	verdict_withdraw(v, STAGE_LOOKUP, text);
}

static void doubt_server(const struct ev_answer *d, struct verdict *v)
{
	bool local = strcmp(d->failure, "local") == 0;
	char *text = mem_printf("This host cannot ask the name server %s (%s%s%s), and what it answers is not visible from here", d->server,
	                        d->address, d->why ? ": " : "", d->why ? d->why : "");

	doubt(v, local ? "host-local" : "host-family", text, mend_of(family_of(d->address), local));
}

static void doubt_lookup(const struct evidence *e, const struct ev_answer *a, struct verdict *v)
{
	const struct ev_host *h = &e->host;
	char *text = mem_printf("Looking up %s for %s failed here, and that may be this host's own fault: %s", lookup_type_name(a->type), a->name,
	                        lack_of(h));

	doubt(v, h->descriptors ? "host-family" : "host-local", text, mend_of(h->ipv6 ? "IPv4" : "IPv6", !h->descriptors));
}

/* The identifier and the budget are judged without a network. */
static bool needs_network(const struct verdict *v)
{
	return v->stage == STAGE_LOOKUP || v->stage == STAGE_VALIDATION || v->stage == STAGE_CAA;
}

void judge_host(const struct evidence *e, const struct authority *a, struct verdict *v)
{
	const struct ev_answer *server, *answer;

	if (!v->detail || v->result == VERDICT_FLAKY || !needs_network(v) || e->own_zone)
		return;
	server = unasked_server(e, e->written_zone, !a->reserved_refused);
	answer = unproven(e, a);
	if (answer && (v->result == VERDICT_FAIL || !host_is_vouched(e, NULL)))
		doubt_lookup(e, answer, v);
	else if (server && !host_is_vouched(e, NULL))
		doubt_server(server, v);
}
