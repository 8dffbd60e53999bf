/* The delegation from the parent zone to the record: compares what the parent says of the name servers with what they say themselves, and
 * finds who controls the zone of the record. It adds findings only; the authority's own view decides whether the look-up works. */
#include <stdlib.h>
#include <string.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/dns/name.h"
#include "solver/verdict/network/chain.h"
#include "solver/verdict/network/delegated.h"
#include "solver/verdict/network/host.h"
#include "solver/verdict/dns/dns.h"
#include "solver/verdict/dns/lame.h"
#include "solver/verdict/network/lookup.h"

#define NAMES_MAX 32 /* of a set of name servers */
#define SHOWN_MAX 2000

enum { NOERROR = 0, NXDOMAIN = 3 };

struct names {
	const char *names[NAMES_MAX]; /* borrowed */
	size_t count;
};

struct inquiry {
	const struct evidence *e;
	struct verdict *v;
};

/* Once for each text. */
static void find(const struct inquiry *q, enum finding_severity severity, const char *code, char *text, char *fix)
{
	for (size_t i = 0; i < q->v->finding_count; i++) {
		if (strcmp(q->v->findings[i].code, code) == 0 && strcmp(q->v->findings[i].text, text) == 0) {
			free(text);
			free(fix);
			return;
		}
	}
	verdict_add_finding(q->v, severity, STAGE_LOOKUP, code, text, fix);
}

/* ---- sets of name servers ---- */

static bool names_hold(const struct names *set, const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->names[i], name) == 0)
			return true;
	return false;
}

static void names_add(struct names *set, const struct ev_record *records, size_t count, const char *zone)
{
	for (size_t i = 0; i < count && set->count < NAMES_MAX; i++)
		if (records[i].type == TYPE_NS && strcmp(records[i].owner, zone) == 0 && !names_hold(set, records[i].data))
			set->names[set->count++] = records[i].data;
}

static char *names_text(const struct names *set)
{
	struct buf out = BUF_INIT(SHOWN_MAX);

	for (size_t i = 0; i < set->count; i++)
		buf_printf(&out, "%s%s", i ? ", " : "", set->names[i]);
	return out.length ? buf_take(&out) : mem_dup("none");
}

static bool is_direct(const struct ev_answer *a, const char *name, int type)
{
	return strcmp(a->view, "direct") == 0 && a->type == type && strcmp(a->name, name) == 0 && a->zone;
}

/* The NS records that servers of `zone` serve; without them, those of the authority's view. */
static void own_names(const struct evidence *e, const char *zone, struct names *ret)
{
	const struct ev_answer *seen = evidence_authority(e, zone, TYPE_NS);

	*ret = (struct names){ 0 };
	for (size_t i = 0; i < e->answer_count; i++) {
		const struct ev_answer *a = &e->answers[i];

		if (is_direct(a, zone, TYPE_NS) && strcmp(a->zone, zone) == 0 && a->authoritative)
			names_add(ret, a->records, a->record_count, zone);
	}
	if (!ret->count && seen)
		names_add(ret, seen->records, seen->record_count, zone);
}

static void compare(const struct inquiry *q, const struct ev_answer *parent, const struct names *above)
{
	struct names own;
	CLEANUP(mem_freep) char *above_text = names_text(above);
	CLEANUP(mem_freep) char *own_text = NULL;
	size_t same = 0;

	own_names(q->e, parent->name, &own);
	own_text = names_text(&own);
	for (size_t i = 0; i < own.count; i++)
		same += names_hold(above, own.names[i]);
	if (!own.count || (same == own.count && same == above->count))
		return;
	find(q, FINDING_WARNING, "ns-differs",
	     mem_printf("%s has the name servers %s, but its parent %s sends the world to %s", parent->name, own_text, parent->zone, above_text),
	     mem_printf("Make the NS records of %s the same at the parent (the registrar) and in the zone", parent->name));
}

/* ---- glue ---- */

static bool is_address(const struct ev_record *r)
{
	return r->type == TYPE_A || r->type == TYPE_AAAA;
}

static bool address_is_known(const struct evidence *e, const struct ev_record *glue, bool *ret_asked)
{
	const struct ev_answer *seen = evidence_authority(e, glue->owner, glue->type);

	*ret_asked = seen && !seen->failure && seen->rcode == NOERROR;
	for (size_t i = 0; *ret_asked && i < seen->record_count; i++)
		if (seen->records[i].type == glue->type && strcmp(seen->records[i].data, glue->data) == 0)
			return true;
	return false;
}

static void check_glue(const struct inquiry *q, const struct ev_answer *parent, const char *host)
{
	bool found = false, asked;

	for (size_t i = 0; i < parent->authority_count; i++) {
		const struct ev_record *r = &parent->authority[i];

		if (!is_address(r) || strcmp(r->owner, host) != 0)
			continue;
		found = true;
		if (!address_is_known(q->e, r, &asked) && asked)
			find(q, FINDING_WARNING, "glue-wrong",
			     mem_printf("the parent %s gives %s the address %s, which the zone itself does not", parent->zone, host, r->data),
			     mem_printf("Correct the host record (glue) of %s at the registrar", host));
	}
	if (!found && name_is_below(host, parent->name))
		find(q, FINDING_WARNING, "glue-missing", mem_printf("the parent %s names %s without its address, which lies in %s itself", parent->zone, host, parent->name),
		     mem_printf("Add a host record (glue) for %s at the registrar", host));
}

/* ---- the parent ---- */

static void read_parent(const struct inquiry *q, const struct ev_answer *parent)
{
	struct names above = { 0 };

	names_add(&above, parent->authority, parent->authority_count, parent->name);
	names_add(&above, parent->records, parent->record_count, parent->name);
	if (host_failed(parent->failure))
		return; /* this host could not ask it, which proves nothing about the server */
	if (parent->failure || (parent->rcode != NOERROR && parent->rcode != NXDOMAIN))
		find(q, FINDING_NOTE, "parent-silent", mem_printf("%s (%s), a server of %s, gives no answer about %s", parent->server ? parent->server : "-",
		     parent->address ? parent->address : "-", parent->zone, parent->name), NULL);
	else if (!above.count && parent->authoritative)
		find(q, FINDING_WARNING, "not-delegated", mem_printf("the parent %s knows no name servers of %s", parent->zone, parent->name),
		     mem_printf("Delegate %s: enter its name servers at the registrar or in %s", parent->name, parent->zone));
	else if (above.count)
		compare(q, parent, &above);
	/* A server that holds both zones answers from the child and sends no glue. */
	for (size_t i = 0; i < above.count && !parent->record_count; i++)
		check_glue(q, parent, above.names[i]);
}

/* ---- the zone's own servers ---- */

static bool told_already(const struct inquiry *q, const struct ev_answer *a)
{
	CLEANUP(mem_freep) char *who = mem_printf("%s (%s) ", a->server ? a->server : "-", a->address ? a->address : "-");

	for (size_t i = 0; i < q->v->finding_count; i++)
		if (strncmp(q->v->findings[i].code, "server-", strlen("server-")) == 0 && strncmp(q->v->findings[i].text, who, strlen(who)) == 0)
			return true;
	return false;
}

/* A fault of the servers of the record's own zone is the reason of a failed look-up. */
static enum finding_severity gravity(const struct inquiry *q, const char *zone)
{
	bool decides = q->v->result == VERDICT_FAIL && q->v->stage == STAGE_LOOKUP && q->e->written_zone && strcmp(zone, q->e->written_zone) == 0;

	return decides ? FINDING_ERROR : FINDING_WARNING;
}

/* A server that no NS record of the zone names need not answer for it. */
static void check_lame(const struct inquiry *q, const struct ev_answer *a)
{
	const char *server = a->server ? a->server : "-", *address = a->address ? a->address : "-";

	if (a->failure || !lame_is_proven(q->e, address, a->zone) || !lame_is_delegated(q->e, server, a->zone) || told_already(q, a))
		return;
	find(q, gravity(q, a->zone), "server-lame", mem_printf("%s (%s) is a name server of %s, but does not serve it", server, address, a->zone),
	     mem_printf("Make %s (%s) serve %s, or take it out of the NS records of %s", server, address, a->zone, a->zone));
}

/* A resolver skips a server without an address; the look-up fails only when no other server is left. */
static void check_addresses(const struct inquiry *q)
{
	const char *zone = q->e->written_zone, *names[DELEGATED_MAX];
	size_t count = zone && !q->e->own_zone ? delegated_names(q->e, zone, names) : 0;

	for (size_t i = 0; i < count; i++)
		if (delegated_lacks_address(q->e, zone, names[i]))
			find(q, gravity(q, zone), "ns-without-address",
			     mem_printf("%s is delegated to the name server %s, which has no address", zone, names[i]),
			     mem_printf("Give %s an address record (A or AAAA), or name a server that has one in the NS records of %s", names[i], zone));
}

static void check_serials(const struct inquiry *q)
{
	CLEANUP(mem_freep) char *first = NULL;
	const struct ev_answer *of = NULL;

	for (size_t i = 0; i < q->e->answer_count; i++) {
		const struct ev_answer *a = &q->e->answers[i];
		CLEANUP(mem_freep) char *serial = NULL;

		if (!a->zone || strcmp(a->view, "direct") != 0 || (of && strcmp(of->zone, a->zone) != 0))
			continue;
		serial = lookup_serial(a);
		if (serial && first && strcmp(serial, first) != 0)
			find(q, FINDING_WARNING, "serial-differs",
			     mem_printf("%s (%s) has the serial %s of %s, %s (%s) has %s", a->server, a->address, serial, a->zone, of->server, of->address, first),
			     mem_printf("Wait for the zone transfer of %s, or find out why it does not come", a->zone));
		if (serial && !first) {
			first = serial;
			serial = NULL;
			of = a;
		}
	}
}

/* ---- where the record must stand ---- */

static void tell_chain(const struct inquiry *q)
{
	const struct evidence *e = q->e;
	struct chain c;
	CLEANUP(mem_freep) char *chain = NULL;

	chain_read(e, &c);
	chain = chain_text(&c);
	if (strcmp(e->fqdn, e->written_fqdn) != 0)
		find(q, FINDING_NOTE, "chain", mem_printf("%s: the record must stand at %s in the zone %s", *chain ? chain : "the name is an alias", e->written_fqdn,
		     e->written_zone), NULL);
}

static void tell_provider(const struct inquiry *q)
{
	const struct evidence *e = q->e;

	if (e->provider)
		find(q, FINDING_NOTE, "provider", mem_printf("the provider \"%s\" controls %s", e->provider, e->written_zone), NULL);
	else if (strcmp(e->fqdn, e->written_fqdn) != 0)
		find(q, FINDING_WARNING, "no-provider", mem_printf("%s leads to the zone %s, which no configured provider controls", e->fqdn, e->written_zone),
		     mem_printf("Add a route and a provider for %s, or remove the CNAME at %s, so that the record can stand there", e->written_zone, e->fqdn));
	else
		find(q, FINDING_WARNING, "no-provider", mem_printf("no configured provider controls the zone %s", e->written_zone),
		     mem_printf("Add a route for %s to the provider that controls it", e->written_zone));
}

void judge_delegation(const struct evidence *e, const struct authority *a, struct verdict *v)
{
	struct inquiry q = { e, v };

	(void)a;
	for (size_t i = 0; i < e->answer_count; i++) {
		const struct ev_answer *answer = &e->answers[i];

		if (strcmp(answer->view, "direct") != 0 || !answer->zone || (answer->type != TYPE_NS && answer->type != TYPE_SOA))
			continue;
		if (strcmp(answer->zone, answer->name) == 0)
			check_lame(&q, answer);
		else if (answer->type == TYPE_NS)
			read_parent(&q, answer);
	}
	check_addresses(&q);
	check_serials(&q);
	if (!e->fqdn || !e->written_fqdn || !e->written_zone)
		return;
	tell_chain(&q);
	if (e->provider_known)
		tell_provider(&q);
}
