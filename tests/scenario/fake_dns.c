#include "tests/scenario/fake_dns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <ldns/ldns.h>
#include <utlist.h>

#include "providers/memory/memory.h"
#include "solver/base/mem.h"
#include "solver/dns/message.h"

#define MANY 4096
#define REPLY_MS 3
#define SILENCE_MS 2000

struct server { const char *zone, *name, *address; enum dns_fault fault; unsigned asked; };
struct pair { char *name, *text; };

/* The world of one test. */
#define CAA 257

static struct world {
	struct answers *answers;
	struct server servers[16];
	size_t server_count;
	struct pair cnames[16], hosts[16], values[MANY];
	size_t cname_count, host_count, value_count;
	const char *delegations[8];
	size_t delegation_count;
	char *caa_name, *caa;
} world;

/* One reply on its way. */
struct reply {
	struct resolver *resolver;
	struct timer *timer;
	unsigned char *wire;
	size_t length;
	int64_t elapsed_ms;
	dns_reply_fn done;
	char *host; /* of an address lookup */
	void (*addresses)(const char *const *addresses, const struct err *err, void *arg);
	void *arg;
	struct reply *prev, *next;
};

struct resolver {
	struct loop *loop;
	struct reply *replies;
};

static void pair_add(struct pair *list, size_t *count, size_t most, const char *name, const char *text)
{
	assert_true(*count < most);
	list[(*count)++] = (struct pair){ mem_dup(name), mem_dup(text) };
}

static void pairs_free(struct pair *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(list[i].name);
		free(list[i].text);
	}
}

void fake_dns_reset(struct answers *answers)
{
	pairs_free(world.cnames, world.cname_count);
	pairs_free(world.hosts, world.host_count);
	pairs_free(world.values, world.value_count);
	fake_dns_caa(NULL, NULL);
	world = (struct world){ .answers = answers };
}

void fake_dns_answers(struct answers *answers)
{
	world.answers = answers;
}

void fake_dns_server(const char *zone, const char *name, const char *address)
{
	assert_true(world.server_count < 16);
	world.servers[world.server_count++] = (struct server){ .zone = zone, .name = name, .address = address };
	fake_dns_host(name, address);
}

void fake_dns_fault(const char *address, enum dns_fault fault)
{
	for (size_t i = 0; i < world.server_count; i++)
		if (strcmp(world.servers[i].address, address) == 0)
			world.servers[i].fault = fault;
}

unsigned fake_dns_asked(const char *address)
{
	unsigned count = 0;

	for (size_t i = 0; i < world.server_count; i++)
		if (strcmp(world.servers[i].address, address) == 0)
			count += world.servers[i].asked;
	return count;
}

void fake_dns_cname(const char *owner, const char *target)
{
	for (size_t i = 0; i < world.cname_count; i++)
		if (strcmp(world.cnames[i].name, owner) == 0) {
			mem_replace(&world.cnames[i].text, target);
			return;
		}
	pair_add(world.cnames, &world.cname_count, 16, owner, target);
}

void fake_dns_delegate(const char *zone)
{
	assert_true(world.delegation_count < 8);
	world.delegations[world.delegation_count++] = zone;
}

void fake_dns_host(const char *name, const char *address)
{
	pair_add(world.hosts, &world.host_count, 16, name, address);
}

void fake_dns_caa(const char *name, const char *data)
{
	mem_replace(&world.caa_name, name);
	mem_replace(&world.caa, data);
}

void fake_dns_value(const char *fqdn, const char *value)
{
	for (size_t i = 0; i < world.value_count; i++)
		if (strcmp(world.values[i].name, fqdn) == 0 && strcmp(world.values[i].text, value) == 0)
			return;
	pair_add(world.values, &world.value_count, MANY, fqdn, value);
}

void fake_dns_forget(const char *fqdn, const char *value)
{
	for (size_t i = 0; i < world.value_count; i++) {
		struct pair *v = &world.values[i];

		if (strcmp(v->name, fqdn) != 0 || strcmp(v->text, value) != 0)
			continue;
		free(v->name);
		free(v->text);
		*v = world.values[--world.value_count];
		return;
	}
}

/* ---- zones ---- */

/* The server of the zone nearest above `name`; at this address when one is given. */
static struct server *server_for(const char *name, const char *address)
{
	struct server *best = NULL;

	for (size_t i = 0; i < world.server_count; i++) {
		struct server *s = &world.servers[i];

		if (name_is_below(name, s->zone) && (!address || strcmp(address, s->address) == 0) &&
		    (!best || strlen(s->zone) > strlen(best->zone)))
			best = s;
	}
	return best;
}

static void note_match(const char *value, size_t length, void *arg)
{
	struct pair *p = arg;

	if (strlen(p->text) == length && memcmp(p->text, value, length) == 0)
		p->name = NULL;
}

static bool is_published(const struct pair *v)
{
	struct pair probe = *v;

	answers_each_dns(world.answers, v->name, note_match, &probe);
	return !probe.name || memory_has(NULL, v->name, v->text);
}

static bool any_below(const struct pair *list, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (name_is_below(list[i].name, name))
			return true;
	return false;
}

static bool exists(const char *name, bool lags)
{
	for (size_t i = 0; i < world.value_count && !lags; i++)
		if (name_is_below(world.values[i].name, name) && is_published(&world.values[i]))
			return true;
	return any_below(world.cnames, world.cname_count, name) || any_below(world.hosts, world.host_count, name);
}

/* A wildcard answers for names whose closest encloser is its parent (RFC 4592). */
static bool covers(const char *wildcard, const char *name, bool lags)
{
	if (strncmp(wildcard, "*.", 2) != 0)
		return false;
	for (; name && strcmp(name, wildcard + 2) != 0; name = name_parent(name))
		if (exists(name, lags))
			return false;
	return name != NULL;
}

static const char *cname_of(const char *name, bool lags)
{
	for (size_t i = 0; i < world.cname_count; i++)
		if (strcmp(world.cnames[i].name, name) == 0)
			return world.cnames[i].text;
	for (size_t i = 0; i < world.cname_count; i++)
		if (covers(world.cnames[i].name, name, lags))
			return world.cnames[i].text;
	return NULL;
}

/* Invariant 4: no cache may learn that a challenge name does not exist. */
static void assert_may_be_cached(const char *name)
{
	assert_true(strncmp(name, "_acme-challenge.", 16) != 0);
	for (size_t i = 0; i < world.value_count; i++)
		assert_string_not_equal(name, world.values[i].name);
}

/* ---- messages ---- */

static void push(ldns_pkt *pkt, ldns_pkt_section section, const char *owner, const char *rest)
{
	CLEANUP(mem_freep) char *line = mem_printf("%s. 60 IN %s", owner, rest);
	ldns_rr *rr = NULL;

	assert_int_equal(ldns_rr_new_frm_str(&rr, line, 60, NULL, NULL), LDNS_STATUS_OK);
	ldns_pkt_push_rr(pkt, section, rr);
}

static void push_soa(ldns_pkt *pkt, ldns_pkt_section section, const char *zone)
{
	push(pkt, section, zone, "SOA ns1.invalid. hostmaster.invalid. 1 3600 600 86400 60");
}

static ldns_pkt *answer_to(const char *name, int type)
{
	ldns_pkt *pkt = ldns_pkt_query_new(ldns_dname_new_frm_str(name), (ldns_rr_type)type, LDNS_RR_CLASS_IN, 0);

	ldns_pkt_set_qr(pkt, true);
	return pkt;
}

static void push_txt(ldns_pkt *pkt, const struct server *s, const char *name)
{
	const char *target = cname_of(name, s->fault == FAULT_LAGS);

	if (target) {
		CLEANUP(mem_freep) char *rest = mem_printf("CNAME %s.", target);

		push(pkt, LDNS_SECTION_ANSWER, name, rest);
		return;
	}
	for (size_t i = 0; i < world.value_count; i++) {
		CLEANUP(mem_freep) char *rest = mem_printf("TXT \"%s\"", world.values[i].text);

		if (strcmp(world.values[i].name, name) == 0 && s->fault != FAULT_LAGS && is_published(&world.values[i]))
			push(pkt, LDNS_SECTION_ANSWER, name, rest);
	}
	if (ldns_pkt_ancount(pkt))
		return;
	ldns_pkt_set_rcode(pkt, LDNS_RCODE_NXDOMAIN);
	if (s->fault != FAULT_NO_SOA)
		push_soa(pkt, LDNS_SECTION_AUTHORITY, s->zone);
}

static void push_ns(ldns_pkt *pkt, ldns_pkt_section section, const char *zone)
{
	for (size_t i = 0; i < world.server_count; i++) {
		CLEANUP(mem_freep) char *rest = mem_printf("NS %s.", world.servers[i].name);

		if (strcmp(world.servers[i].zone, zone) == 0)
			push(pkt, section, zone, rest);
	}
}

static bool push_addresses(ldns_pkt *pkt, const char *name, int type)
{
	bool known = false;

	for (size_t i = 0; i < world.host_count; i++) {
		bool six = strchr(world.hosts[i].text, ':') != NULL && strchr(world.hosts[i].text, ':') != strrchr(world.hosts[i].text, ':');
		CLEANUP(mem_freep) char *address = mem_dup_n(world.hosts[i].text, six ? strlen(world.hosts[i].text) : strcspn(world.hosts[i].text, ":"));
		CLEANUP(mem_freep) char *rest = mem_printf("%s %s", six ? "AAAA" : "A", address);

		if (strcmp(world.hosts[i].name, name) != 0)
			continue;
		known = true;
		if (type == (six ? DNS_AAAA : DNS_A))
			push(pkt, LDNS_SECTION_ANSWER, name, rest);
	}
	return known;
}

static void push_caa(ldns_pkt *pkt, const char *name)
{
	CLEANUP(mem_freep) char *rest = mem_printf("CAA %s", world.caa);

	push(pkt, LDNS_SECTION_ANSWER, name, rest);
}

/* What a zone holds besides TXT and CNAME: its apex, and hosts. */
static void push_other(ldns_pkt *pkt, const struct server *s, const char *name, int type)
{
	bool apex = strcmp(s->zone, name) == 0, known = push_addresses(pkt, name, type) || apex;

	if (apex && type == DNS_SOA)
		push_soa(pkt, LDNS_SECTION_ANSWER, s->zone);
	if (apex && type == DNS_NS)
		push_ns(pkt, LDNS_SECTION_ANSWER, s->zone);
	if (type == CAA && world.caa && strcmp(world.caa_name, name) == 0)
		push_caa(pkt, name);
	if (ldns_pkt_ancount(pkt))
		return;
	if (!known)
		ldns_pkt_set_rcode(pkt, LDNS_RCODE_NXDOMAIN);
	push_soa(pkt, LDNS_SECTION_AUTHORITY, s->zone);
}

static const char *delegation_of(const struct server *s, const char *name)
{
	for (size_t i = 0; i < world.delegation_count; i++)
		if (name_is_below(name, world.delegations[i]) && name_is_below(world.delegations[i], s->zone) &&
		    strcmp(world.delegations[i], s->zone) != 0)
			return world.delegations[i];
	return NULL;
}

static ldns_pkt *authoritative(struct server *s, const char *name, int type)
{
	ldns_pkt *pkt = answer_to(name, type);
	const char *cut = delegation_of(s, name);

	ldns_pkt_set_aa(pkt, s->fault != FAULT_LAME && !cut);
	if (s->fault == FAULT_SERVFAIL)
		ldns_pkt_set_rcode(pkt, LDNS_RCODE_SERVFAIL);
	else if (cut)
		push_ns(pkt, LDNS_SECTION_AUTHORITY, cut);
	else if (type == DNS_TXT || cname_of(name, s->fault == FAULT_LAGS))
		push_txt(pkt, s, name);
	else
		push_other(pkt, s, name, type);
	return pkt;
}

static ldns_pkt *recursive(const char *name, int type)
{
	ldns_pkt *pkt = answer_to(name, type);
	struct server *s = server_for(name, NULL);
	bool apex = s && strcmp(s->zone, name) == 0;

	if (!apex)
		ldns_pkt_set_rcode(pkt, LDNS_RCODE_NXDOMAIN);
	if (s && (!apex || type == DNS_SOA))
		push_soa(pkt, apex ? LDNS_SECTION_ANSWER : LDNS_SECTION_AUTHORITY, s->zone);
	if (apex && type == DNS_NS)
		push_ns(pkt, LDNS_SECTION_ANSWER, name);
	return pkt;
}

static void take_wire(struct reply *r, ldns_pkt *pkt)
{
	assert_int_equal(ldns_pkt2wire(&r->wire, pkt, &r->length), LDNS_STATUS_OK);
	ldns_pkt_free(pkt);
}

/* A top-level domain, say. */
static bool is_above_a_zone(const char *name)
{
	for (size_t i = 0; i < world.server_count; i++)
		if (name_is_below(world.servers[i].zone, name))
			return true;
	return false;
}

/* As a resolver that begins at the root: the first server that says something; CNAMEs are followed. */
static ldns_pkt *resolve(const char *name, int type)
{
	struct server *s = server_for(name, NULL);
	const char *target = cname_of(name, s && s->fault == FAULT_LAGS);
	ldns_rr_list *records;
	ldns_pkt *pkt, *rest;

	for (size_t i = 0; s && i < world.server_count && s->fault; i++)
		if (strcmp(world.servers[i].zone, s->zone) == 0)
			s = &world.servers[i];
	if (!s && is_above_a_zone(name))
		return answer_to(name, type);
	if (!s || s->fault == FAULT_SILENT || s->fault == FAULT_GARBAGE || s->fault == FAULT_CUT) {
		pkt = answer_to(name, type);
		ldns_pkt_set_rcode(pkt, s ? LDNS_RCODE_SERVFAIL : strchr(name, '.') ? LDNS_RCODE_NXDOMAIN : LDNS_RCODE_NOERROR);
		return pkt;
	}
	pkt = authoritative(s, name, type);
	if (!target)
		return pkt;
	rest = resolve(target, type);
	records = ldns_rr_list_clone(ldns_pkt_answer(rest));
	ldns_pkt_push_rr_list(pkt, LDNS_SECTION_ANSWER, records);
	ldns_rr_list_free(records);
	ldns_pkt_set_rcode(pkt, ldns_pkt_get_rcode(rest));
	ldns_pkt_free(rest);
	return pkt;
}

int fake_dns_resolve(const char *name, int type, unsigned char **ret_wire, size_t *ret_length)
{
	ldns_pkt *pkt = resolve(name, type);
	int rcode = (int)ldns_pkt_get_rcode(pkt);

	assert_int_equal(ldns_pkt2wire(ret_wire, pkt, ret_length), LDNS_STATUS_OK);
	ldns_pkt_free(pkt);
	return rcode;
}

/* ---- replies on their way ---- */

static void reply_free(struct reply *r)
{
	DL_DELETE(r->resolver->replies, r);
	free(r->wire);
	free(r->host);
	free(r);
}

static void tell_addresses(struct reply *r, const struct err *err)
{
	const char *list[17] = { NULL };
	size_t count = 0;

	for (size_t i = 0; i < world.host_count; i++)
		if (strcmp(world.hosts[i].name, r->host) == 0)
			list[count++] = world.hosts[i].text;
	r->addresses(err->code ? NULL : list, err, r->arg);
}

static void arrived(void *arg)
{
	struct reply *r = arg;
	struct err err = { 0 };

	r->timer = NULL;
	if (r->host) {
		tell_addresses(r, &err);
	} else {
		if (!r->wire)
			err_set(&err, ERR_TIMEOUT, "no answer in %d ms", SILENCE_MS);
		r->done(r->wire, r->length, r->elapsed_ms, &err, r->arg);
	}
	reply_free(r);
}

static struct reply *reply_new(struct resolver *resolver, int64_t after_ms, void *arg)
{
	struct reply *r = mem_new(1, sizeof(*r));

	*r = (struct reply){ .resolver = resolver, .elapsed_ms = after_ms, .arg = arg };
	DL_APPEND(resolver->replies, r);
	r->timer = timer_start(resolver->loop, after_ms, arrived, r);
	return r;
}

struct resolver *fake_resolver_new(struct loop *l)
{
	struct resolver *r = mem_new(1, sizeof(*r));

	r->loop = l;
	return r;
}

void resolver_free(struct resolver *resolver)
{
	struct err err;

	err_set(&err, ERR_CANCELLED, "called off");
	while (resolver->replies) {
		struct reply *r = resolver->replies;

		timer_stop(r->timer);
		if (r->host)
			tell_addresses(r, &err);
		else
			r->done(NULL, 0, 0, &err, r->arg);
		reply_free(r);
	}
	free(resolver);
}

int resolver_query(struct resolver *resolver, const char *name, int type, dns_reply_fn done, void *arg, struct err *err)
{
	struct reply *r = reply_new(resolver, REPLY_MS, arg);

	(void)err;
	assert_true(type == DNS_SOA || type == DNS_NS);
	assert_may_be_cached(name);
	r->done = done;
	take_wire(r, recursive(name, type));
	return 0;
}

int resolver_addresses(struct resolver *resolver, const char *host,
                       void (*done)(const char *const *addresses, const struct err *err, void *arg), void *arg, struct err *err)
{
	struct reply *r = reply_new(resolver, REPLY_MS, arg);

	(void)err;
	assert_may_be_cached(host);
	r->addresses = done;
	r->host = mem_dup(host);
	return 0;
}

/* What the server at this address says; nothing for one that is silent. */
/* The question comes back as it was asked, in its mixture of upper and lower case. */
static void keep_case(ldns_pkt *pkt, const char *asked)
{
	ldns_rr *question = ldns_rr_list_rr(ldns_pkt_question(pkt), 0);

	ldns_rdf_deep_free(ldns_rr_owner(question));
	ldns_rr_set_owner(question, ldns_dname_new_frm_str(asked));
}

static void take_answer(struct reply *r, struct server *s, const char *name, int type, const char *asked)
{
	static const unsigned char garbage[] = "\xff\xc0\x0c\xc0\x0c not a message \x00\xff";
	ldns_pkt *pkt;

	if (s->fault == FAULT_SILENT)
		return;
	pkt = authoritative(s, name, type);
	keep_case(pkt, asked);
	take_wire(r, pkt);
	if (s->fault == FAULT_CUT)
		r->length /= 2;
	if (s->fault != FAULT_GARBAGE)
		return;
	r->length = sizeof(garbage) < r->length ? sizeof(garbage) : r->length;
	memcpy(r->wire, garbage, r->length);
}

int resolver_exchange(struct resolver *resolver, const char *address, const unsigned char *wire, size_t length, bool tcp,
                      dns_reply_fn done, void *arg, struct err *err)
{
	ldns_pkt *query = NULL;
	struct server *s;
	struct reply *r;
	char *name, *asked;
	int type;

	(void)tcp, (void)err;
	assert_int_equal(ldns_wire2pkt(&query, wire, length), LDNS_STATUS_OK);
	assert_false(ldns_pkt_rd(query));
	name = ldns_rdf2str(ldns_rr_owner(ldns_rr_list_rr(ldns_pkt_question(query), 0)));
	name[strlen(name) - 1] = '\0';
	type = (int)ldns_rr_get_type(ldns_rr_list_rr(ldns_pkt_question(query), 0));
	ldns_pkt_free(query);
	asked = mem_dup(name);
	for (char *c = name; *c; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
	s = server_for(name, address);
	assert_non_null(s);
	s->asked++;
	r = reply_new(resolver, s->fault == FAULT_SILENT ? SILENCE_MS : REPLY_MS, arg);
	r->done = done;
	take_answer(r, s, name, type, asked);
	free(asked);
	free(name);
	return 0;
}
