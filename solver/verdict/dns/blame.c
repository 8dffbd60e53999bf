/* Finds what is wrong with one name server and what its owner can do. Each sentence rests on an answer of this server. The advice to remove
 * the server from the NS records is given only when it is proven that the server serves nothing of the zone. */
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/verdict/network/host.h"
#include "solver/verdict/dns/lame.h"
#include "solver/verdict/network/lookup.h"
#include "solver/verdict/dns/txt.h"

enum { NOERROR = 0, FORMERR = 1, SERVFAIL = 2, NXDOMAIN = 3, REFUSED = 5, NOTAUTH = 9 };

struct subject {
	const struct txt_case *c;
	const struct servers *all;
	const struct ev_answer *udp, *answer;
	enum server_state state;
	char *who; /* "ns1.example.org (192.0.2.1)" */
	const char *zone, *place;
};

/* Takes `what` and `fix`. */
static void find(const struct subject *s, enum finding_severity severity, const char *code, char *what, char *fix)
{
	verdict_add_finding(s->c->v, severity, STAGE_LOOKUP, code, mem_printf("%s %s", s->who, what), fix);
	free(what);
}

/* A fault is an error when it makes the look-up fail or come late, and a warning when the look-up works. */
static enum finding_severity gravity(const struct subject *s)
{
	return s->all->failing || s->all->slow ? FINDING_ERROR : FINDING_WARNING;
}

static const struct ev_answer *same(const struct subject *s, const char *view, int type, const char *transport)
{
	return servers_same(s->c, s->udp, view, type, transport);
}

static bool answered(const struct ev_answer *a)
{
	return a && !a->failure;
}

/* ---- no answer at all ---- */

static bool is_from(const struct subject *s, const struct ev_answer *a, const char *transport)
{
	return strcmp(a->view, "direct") == 0 && a->address && a->transport && s->udp->address && strcmp(a->address, s->udp->address) == 0 &&
	       (!a->zone || !s->udp->zone || strcmp(a->zone, s->udp->zone) == 0) && strcmp(a->transport, transport) == 0;
}

/* Whether the server answered any question over UDP about its zone; `own`: only answers with authority count. */
static bool answers_others(const struct subject *s, bool own)
{
	for (size_t i = 0; i < s->c->e->answer_count; i++) {
		const struct ev_answer *a = &s->c->e->answers[i];

		if (is_from(s, a, "udp") && answered(a) && (!own || (a->authoritative && (a->rcode == NOERROR || a->rcode == NXDOMAIN))))
			return true;
	}
	return false;
}

static void tell_silent(const struct subject *s)
{
	if (answers_others(s, false))
		find(s, gravity(s), "server-drops-txt", mem_printf("answers other questions, but none for TXT of %s", s->place),
		     mem_printf("Let TXT queries reach %s and its answers leave: find the firewall or filter that drops them, or for answers that are broken",
		                s->who));
	else
		find(s, gravity(s), "server-silent", mem_dup("does not answer"),
		     mem_printf("Make %s answer: check whether it runs, and whether port 53 is open for the whole world", s->who));
}

static void tell_cut(const struct subject *s)
{
	if (!s->answer->failure && s->answer->truncated && answered(same(s, "direct", TYPE_TXT, "tcp")))
		find(s, gravity(s), "answer-too-long", mem_dup("cuts its answer off, over TCP too: it is too long for a message"),
		     mem_printf("Remove TXT records that are not needed any more at %s", s->place));
	else
		find(s, gravity(s), "no-tcp", mem_dup("cuts its answer off over UDP and gives none over TCP"),
		     mem_printf("Make %s answer over TCP, port 53", s->who));
}

static void tell_edns(const struct subject *s, const char *what)
{
	find(s, gravity(s), "server-formerr", mem_dup(what),
	     mem_printf("Make %s understand EDNS (RFC 6891), or let a firewall in front of it pass such queries", s->who));
}

static void tell_failure(const struct subject *s)
{
	const struct ev_answer *a = s->answer, *older = same(s, "no-edns", TYPE_TXT, "udp");

	if (host_failed(a->failure) && host_heard_server(s->c->e, a))
		return; /* one of its addresses answered, which is enough */
	if (host_failed(a->failure))
		find(s, FINDING_NOTE, "server-unroutable", mem_printf("cannot be asked from this host%s%s", a->why ? ": " : "", a->why ? a->why : ""), NULL);
	else if (older && older->truncated)
		tell_cut(s);
	else if (answered(older))
		tell_edns(s, "answers only queries without EDNS, which every authority's resolver uses");
	else if (strcmp(a->failure, "timeout") == 0)
		tell_silent(s);
	else if (strcmp(a->failure, "refused") == 0)
		find(s, gravity(s), "server-broken", mem_printf("takes no queries: %s", a->why ? a->why : "connection refused"),
		     mem_printf("Make a name server listen on %s, port 53, UDP and TCP", s->who));
	else
		find(s, gravity(s), "server-broken", mem_printf("gives a broken answer: %s", a->why ? a->why : "it cannot be read"),
		     mem_printf("Mend or replace the software of %s: its answers are broken", s->who));
}

/* ---- an answer that is none ---- */

static const char *refusal(const struct subject *s)
{
	return servers_lame(s->answer) ? "a referral" : lookup_rcode_name(s->answer->rcode);
}

static void tell_refusal(const struct subject *s)
{
	const char *code = servers_lame(s->answer) ? "server-lame" : "server-refuses";
	enum finding_severity severity = s->all->has && servers_misleads(s->answer) ? FINDING_ERROR : gravity(s);

	if (lame_is_proven(s->c->e, s->udp->address, s->udp->zone))
		find(s, severity, code, mem_printf("does not serve %s: it answers %s to everything", s->zone, refusal(s)),
		     mem_printf("Make %s serve %s, or take it out of the NS records of %s", s->who, s->zone, s->zone));
	else if (answers_others(s, true))
		find(s, severity, code, mem_printf("serves %s, but answers %s for TXT of %s", s->zone, refusal(s), s->place),
		     mem_printf("Make %s answer TXT queries for %s: it answers %s", s->who, s->place, refusal(s)));
	else
		find(s, severity, code, mem_printf("answers %s for %s (lame delegation?)", refusal(s), s->place),
		     mem_printf("Make %s serve %s: it answers %s for TXT of %s", s->who, s->zone, refusal(s), s->place));
}

static void tell_unusable(const struct subject *s)
{
	const struct ev_answer *a = s->answer;

	if (a->failure)
		tell_failure(s);
	else if (a->truncated)
		tell_cut(s);
	else if (a->rcode == FORMERR)
		tell_edns(s, "answers FORMERR: it may not understand EDNS");
	else if (a->rcode == SERVFAIL && s->all->chained)
		return; /* the server followed the CNAMEs, and those are the fault */
	else if (a->rcode == SERVFAIL)
		find(s, gravity(s), "server-refuses", mem_printf("answers SERVFAIL for %s", s->place),
		     mem_printf("Look into the log of %s: it answers SERVFAIL for TXT of %s; it may not have loaded its copy of %s, or that has expired",
		                s->who, s->place, s->zone));
	else
		tell_refusal(s);
}

/* ---- another answer than the other servers ---- */

/* The serial of some other server of the zone that shows the record; gives, or NULL. */
static char *serial_of_others(const struct subject *s)
{
	const struct evidence *e = s->c->e;

	for (size_t i = 0; i < e->answer_count; i++) {
		const struct ev_answer *a = &e->answers[i];

		if (a->type == TYPE_TXT && strcmp(a->view, "direct") == 0 && strcmp(a->name, s->place) == 0 && a->rcode == NOERROR && s->c->fits(s->c, a))
			return lookup_server_serial(e, a->zone, a->address);
	}
	return NULL;
}

static char *fix_lacking(const struct subject *s)
{
	CLEANUP(mem_freep) char *own = lookup_server_serial(s->c->e, s->udp->zone, s->udp->address);
	CLEANUP(mem_freep) char *others = serial_of_others(s);

	if (own && others && strcmp(own, others) == 0)
		return mem_printf("Make %s serve what the other servers serve: it has their serial number %s, but not the record; wait if it copies a database, "
		                  "else raise the serial number, so that it transfers the zone again", s->who, own);
	if (own && others)
		return mem_printf("Wait until %s has the change (it has the serial number %s, others have %s), or check its zone transfer", s->who, own,
		                  others);
	return mem_printf("Wait until %s has the change, or check its zone transfer", s->who);
}

static bool shows(const struct subject *s, const struct ev_answer *a)
{
	return answered(a) && a->rcode == NOERROR && s->c->fits(s->c, a);
}

static void tell_lacking(const struct subject *s)
{
	if (shows(s, same(s, "plain-case", TYPE_TXT, "udp")))
		find(s, FINDING_ERROR, "server-case", mem_printf("shows the record only when %s is asked for in lower case; authorities mix the case", s->place),
		     mem_printf("Make %s answer names in mixed case as it answers them in lower case", s->who));
	else if (shows(s, same(s, "direct", TYPE_TXT, "tcp")))
		find(s, FINDING_ERROR, "server-transports-differ", mem_dup("shows the record over TCP, but not over UDP"),
		     mem_printf("Make %s answer over UDP as it does over TCP", s->who));
	else if (s->all->has) /* else the authority's own sentence says it */
		find(s, FINDING_ERROR, "server-lacks",
		     mem_printf("does not show the record that other servers of the zone show (%s)",
		                s->answer->rcode == NXDOMAIN ? "NXDOMAIN" : txt_count(s->answer) ? "another value" : "no TXT record"),
		     fix_lacking(s));
}

/* ---- what an authority's resolver forgives, and others may not ---- */

static void tell_manners(const struct subject *s)
{
	const struct ev_answer *a = s->answer;

	if (!a->authoritative && !servers_lame(a))
		find(s, gravity(s), "not-authoritative", mem_dup("answers without authority (no AA flag)"),
		     mem_printf("Make %s answer with authority: it must serve %s itself, not ask others for it", s->who, s->zone));
	if (!a->case_kept)
		find(s, gravity(s), "case-not-kept", mem_dup("does not keep the case of the question, which slows every look-up of an authority"),
		     mem_printf("Make %s keep the case of the name it was asked for in its answer", s->who));
	if (a->rcode == NOERROR && a->record_count == 0 && !a->soa)
		find(s, FINDING_WARNING, "nodata-without-soa", mem_dup("denies a record without a SOA, which some resolvers take for an error"),
		     mem_printf("Make %s send a SOA with empty answers (RFC 2308)", s->who));
	if (a->elapsed_ms > SERVER_SLOW_MS)
		find(s, gravity(s), "server-slow", mem_dup("takes more than a second"),
		     mem_printf("Make %s answer faster: within half a second", s->who));
}

/* Any question over TCP counts: one is enough to test the path. */
static bool fails_over_tcp(const struct subject *s)
{
	for (size_t i = 0; i < s->c->e->answer_count; i++)
		if (is_from(s, &s->c->e->answers[i], "tcp") && s->c->e->answers[i].failure)
			return true;
	return false;
}

static void tell_tcp(const struct subject *s)
{
	if (fails_over_tcp(s) && !s->answer->truncated && s->state != SERVER_UNUSABLE)
		find(s, FINDING_WARNING, "no-tcp", mem_dup("does not answer over TCP; longer answers will be lost"),
		     mem_printf("Make %s answer over TCP, port 53", s->who));
}

void blame_server(const struct txt_case *c, const struct servers *all, const struct ev_answer *udp, const struct ev_answer *answer,
                  enum server_state state)
{
	CLEANUP(mem_freep) char *who = mem_printf("%s (%s)", udp->server ? udp->server : "-", udp->address ? udp->address : "-");
	const struct subject s = { c, all, udp, answer, state, who, udp->zone ? udp->zone : "the zone", txt_place(c->e) };

	if (state == SERVER_UNUSABLE)
		tell_unusable(&s);
	else
		tell_manners(&s);
	if (state == SERVER_LACKS)
		tell_lacking(&s);
	tell_tcp(&s);
}
