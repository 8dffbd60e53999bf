/* The direct view: each authoritative server by itself. */
#include <string.h>

#include "solver/base/mem.h"
#include "solver/verdict/lookup.h"
#include "solver/verdict/txt.h"

#define SLOW_MS 1000

enum { NOERROR = 0, FORMERR = 1, SERVFAIL = 2, NXDOMAIN = 3 };

static bool is_direct(const struct txt_case *c, const struct ev_answer *answer, const char *transport)
{
	const char *place = txt_place(c->e);

	return strcmp(answer->view, "direct") == 0 && answer->type == TYPE_TXT && strcmp(answer->name, place) == 0 &&
	       strcmp(answer->transport ? answer->transport : "udp", transport) == 0;
}

static bool same_server(const struct ev_answer *a, const struct ev_answer *b)
{
	return a->address && b->address && strcmp(a->address, b->address) == 0;
}

static const struct ev_answer *over_tcp(const struct txt_case *c, const struct ev_answer *udp)
{
	for (size_t i = 0; i < c->e->answer_count; i++)
		if (is_direct(c, &c->e->answers[i], "tcp") && same_server(&c->e->answers[i], udp))
			return &c->e->answers[i];
	return NULL;
}

/* What a resolver has in the end: the answer over TCP when that over UDP is cut. */
static const struct ev_answer *final_answer(const struct txt_case *c, const struct ev_answer *udp)
{
	const struct ev_answer *tcp = udp->truncated ? over_tcp(c, udp) : NULL;

	return tcp && !tcp->failure ? tcp : udp;
}

static bool is_lame(const struct ev_answer *answer)
{
	if (answer->authoritative || answer->record_count || answer->rcode != NOERROR || answer->soa)
		return false;
	for (size_t i = 0; i < answer->authority_count; i++)
		if (answer->authority[i].type == TYPE_NS)
			return true;
	return false;
}

static enum server_state state_of(const struct txt_case *c, const struct ev_answer *answer)
{
	if (answer->failure || answer->truncated || is_lame(answer) || (answer->rcode != NOERROR && answer->rcode != NXDOMAIN))
		return SERVER_UNUSABLE;
	if (c->anything)
		return SERVER_HAS;
	return answer->rcode == NOERROR && c->fits(c, answer) ? SERVER_HAS : SERVER_LACKS;
}

/* Of all that the servers were asked: one slow answer may have been our own fault. */
static int64_t fastest(const struct txt_case *c)
{
	int64_t best = -1;

	for (size_t i = 0; i < c->e->answer_count; i++) {
		const struct ev_answer *a = &c->e->answers[i];

		if (strcmp(a->view, "direct") != 0 || a->failure || !a->zone || (best >= 0 && a->elapsed_ms >= best))
			continue;
		if (!c->e->written_zone || strcmp(a->zone, c->e->written_zone) == 0)
			best = a->elapsed_ms;
	}
	return best < 0 ? 0 : best;
}

void servers_read(const struct txt_case *c, struct servers *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->fastest_ms = fastest(c);
	for (size_t i = 0; i < c->e->answer_count; i++) {
		const struct ev_answer *answer = &c->e->answers[i];
		enum server_state state;

		if (!is_direct(c, answer, "udp"))
			continue;
		answer = final_answer(c, answer);
		state = state_of(c, answer);
		ret->has += state == SERVER_HAS;
		ret->lacks += state == SERVER_LACKS;
		ret->unusable += state == SERVER_UNUSABLE;
		if (state == SERVER_LACKS && !ret->first_lack)
			ret->first_lack = answer;
		if (state == SERVER_UNUSABLE && !ret->first_unusable)
			ret->first_unusable = answer;
	}
}

/* ---- what is told of each ---- */

struct subject {
	const struct txt_case *c;
	const struct ev_answer *udp, *answer;
	enum server_state state;
	const char *server, *address;
};

static void find(const struct subject *s, enum finding_severity severity, const char *code, const char *what, char *mend)
{
	verdict_find(s->c->v, severity, STAGE_LOOKUP, code, mem_printf("%s (%s) %s", s->server, s->address, what), mend);
}

static char *mend_of(const struct subject *s, const char *what)
{
	return mem_printf("Make %s (%s) %s, or take it out of the NS records of %s", s->server, s->address, what,
	                  s->udp->zone ? s->udp->zone : "the zone");
}

static void tell_unusable(const struct subject *s)
{
	const struct ev_answer *a = s->answer;
	CLEANUP(mem_freep) char *rcode = NULL;

	if (a->truncated)
		find(s, FINDING_WARNING, "no-tcp", "cuts its answer off over UDP and gives none over TCP", mend_of(s, "answer over TCP, port 53"));
	else if (a->failure && strcmp(a->failure, "unroutable") == 0)
		find(s, FINDING_NOTE, "server-unroutable", "cannot be reached from this host", NULL);
	else if (a->failure && strcmp(a->failure, "timeout") == 0)
		find(s, FINDING_WARNING, "server-silent", "does not answer", mend_of(s, "answer"));
	else if (a->failure)
		find(s, FINDING_WARNING, "server-broken", a->why ? a->why : "gives no usable answer", mend_of(s, "answer"));
	else if (is_lame(a))
		find(s, FINDING_WARNING, "server-lame", "does not serve the zone (lame delegation)", mend_of(s, "serve the zone"));
	else if (a->rcode == FORMERR)
		find(s, FINDING_WARNING, "server-formerr", "answers FORMERR: it may not understand EDNS", mend_of(s, "understand EDNS (RFC 6891)"));
	else {
		rcode = mem_printf("answers %s", lookup_rcode_name(a->rcode));
		find(s, FINDING_WARNING, "server-refuses", rcode, mend_of(s, "serve the zone"));
	}
}

static void tell_lacking(const struct subject *s, const struct servers *all)
{
	CLEANUP(mem_freep) char *what = NULL;

	if (!all->has) /* the authority's own sentence says it */
		return;
	what = mem_printf("does not show the record that other servers of the zone show (%s)",
	                  s->answer->rcode == NXDOMAIN ? "NXDOMAIN" : txt_count(s->answer) ? "another value" : "no TXT record");
	find(s, FINDING_ERROR, "server-lacks", what,
	     mem_printf("Wait until %s (%s) has the change, or look at its zone transfer", s->server, s->address));
}

/* What an authority's resolver forgives, and others may not. */
static void tell_manners(const struct subject *s)
{
	const struct ev_answer *a = s->answer;

	if (!a->authoritative && !is_lame(a))
		find(s, FINDING_WARNING, "not-authoritative", "answers without authority (no AA flag)", mend_of(s, "serve the zone itself"));
	if (!a->case_kept)
		find(s, FINDING_WARNING, "case-not-kept", "does not keep the case of the question, which slows every look-up of an authority",
		     mend_of(s, "repeat the question as it was asked"));
	if (a->rcode == NOERROR && a->record_count == 0 && !a->soa)
		find(s, FINDING_WARNING, "nodata-without-soa", "denies a record without a SOA, which some resolvers take for an error",
		     mend_of(s, "send a SOA with empty answers (RFC 2308)"));
	if (a->elapsed_ms > SLOW_MS)
		find(s, FINDING_WARNING, "server-slow", "takes more than a second", mend_of(s, "answer faster"));
}

/* Whatever was asked over TCP: one question tries the way. */
static const struct ev_answer *any_over_tcp(const struct subject *s)
{
	for (size_t i = 0; i < s->c->e->answer_count; i++) {
		const struct ev_answer *a = &s->c->e->answers[i];

		if (a->transport && strcmp(a->transport, "tcp") == 0 && same_server(a, s->udp))
			return a;
	}
	return NULL;
}

static void tell_tcp(const struct subject *s)
{
	const struct ev_answer *tcp = any_over_tcp(s);

	if (tcp && tcp->failure && !s->answer->truncated && s->state != SERVER_UNUSABLE)
		find(s, FINDING_WARNING, "no-tcp", "does not answer over TCP; longer answers will be lost", mend_of(s, "answer over TCP, port 53"));
}

static void add_look(const struct subject *s)
{
	const struct ev_answer *a = s->answer;
	struct look *look = verdict_look(s->c->v, s->server, s->address);

	if (!look)
		return;
	look->ok = s->state == SERVER_HAS;
	look->silent = s->state == SERVER_UNUSABLE;
	look->status = mem_dup(a->failure ? a->failure : lookup_rcode_name(a->rcode));
	look->authoritative = a->authoritative;
	look->elapsed_ms = a->elapsed_ms;
	look->at_ms = a->at_ms;
	look->detail = mem_dup(a->why);
	for (size_t i = 0; look->value_count < LOOK_VALUES_MAX && txt_at(a, i); i++)
		look->values[look->value_count++] = mem_dup_n(txt_at(a, i)->data, strnlen(txt_at(a, i)->data, 400));
}

void servers_report(const struct txt_case *c, const struct servers *all)
{
	for (size_t i = 0; i < c->e->answer_count; i++) {
		const struct ev_answer *udp = &c->e->answers[i];
		struct subject s = { c, udp, udp, SERVER_UNUSABLE, udp->server ? udp->server : "-", udp->address ? udp->address : "-" };

		if (!is_direct(c, udp, "udp"))
			continue;
		s.answer = final_answer(c, udp);
		s.state = state_of(c, s.answer);
		add_look(&s);
		if (s.state == SERVER_UNUSABLE)
			tell_unusable(&s);
		else
			tell_manners(&s);
		if (s.state == SERVER_LACKS)
			tell_lacking(&s, all);
		tell_tcp(&s);
	}
}
