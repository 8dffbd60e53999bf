/* Polls a TXT record: one query to every address of every name server of its zone that has not shown the value yet. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/dns/message.h"
#include "solver/check/internal.h"
#include "solver/check/poll_run.h"
#include "solver/check/pace.h"
#include "solver/net/interface.h"

struct poll_query {
	struct poll_run *run;
	struct query_result *result;
	size_t server; /* of the location */
};

struct poll_run *poll_new(struct checker *c, const struct poll_request *request, poll_fn done, void *arg)
{
	struct poll_run *r = mem_new(1, sizeof(*r));

	*r = (struct poll_run){ .c = c, .done = done, .arg = arg, .verdict = verdict_new() };
	r->identifier = mem_dup(request->identifier);
	r->token = mem_dup(request->token);
	r->expected = mem_dup(request->expected);
	return r;
}

static void poll_free(struct poll_run *r)
{
	verdict_free(r->verdict);
	free(r->identifier);
	free(r->token);
	free(r->expected);
	free(r);
}

void poll_replied(struct poll_run *r)
{
	if (--r->pending)
		return;
	if (!r->cancelled) {
		r->conclude(r);
		r->done(r->verdict, r->arg);
		r->verdict = NULL;
	}
	poll_free(r);
}

void poll_cancel(struct poll_run *r)
{
	r->cancelled = true;
	if (!r->check)
		return; /* the last reply frees */
	check_cancel(r->check);
	poll_free(r);
}

struct query_result *poll_first_bad(struct verdict *v)
{
	for (size_t i = 0; i < v->result_count; i++)
		if (!v->results[i].ok && !query_result_is_unroutable(&v->results[i]))
			return &v->results[i];
	return NULL;
}

void poll_count(struct verdict *v)
{
	size_t ok = 0, unroutable = 0;

	for (size_t i = 0; i < v->result_count; i++) {
		ok += v->results[i].ok;
		unroutable += query_result_is_unroutable(&v->results[i]);
	}
	v->stage = STAGE_VALIDATION;
	if (v->result_count && unroutable == v->result_count)
		v->result = VERDICT_UNKNOWN;
	else if (!ok)
		v->result = VERDICT_FAIL;
	else
		v->result = ok + unroutable == v->result_count ? VERDICT_PASS : VERDICT_FLAKY;
}

void poll_fail(struct query_result *l, const struct err *err)
{
	int number = l->address ? interface_obstacle(l->address) : 0;

	if (number && !interface_is_short(number)) {
		l->silent = true;
		l->status = mem_dup(QUERY_UNROUTABLE);
		l->detail = mem_printf("this host has no way to %s: %s", l->address, strerror(number));
		return;
	}
	l->status = mem_dup(err_name(err->code));
	l->detail = mem_dup(err->text);
}

/* ---- judging ---- */

static void conclude_dns(struct poll_run *r)
{
	struct verdict *v = r->verdict;
	struct query_result *bad;

	poll_count(v);
	bad = poll_first_bad(v);
	if (!bad) {
		v->detail = mem_printf(r->expected ? "all %zu name server addresses of %s show the value" :
		                                     "all %zu name server addresses of %s answer; no value was given to compare",
		                       v->result_count, v->zone);
		return;
	}
	v->problem = bad->value_count ? PROBLEM_UNAUTHORIZED : PROBLEM_DNS;
	v->detail = mem_printf("%s (%s): %s", bad->server, bad->address, bad->detail ? bad->detail : bad->status);
	verdict_add_finding(v, FINDING_ERROR, STAGE_VALIDATION, "server-differs", mem_dup(v->detail),
	                    mem_printf("make %s show a TXT record %s with the expected value; if the others have it, check its zone transfer",
	                               bad->server, v->fqdn));
}

static void take_values(struct query_result *l, const struct dns_reply *reply, const char *fqdn, const char *expected)
{
	for (size_t i = 0; i < reply->answer_count; i++) {
		const struct dns_record *record = &reply->answers[i];

		if (record->type != DNS_TXT || strcmp(record->owner, fqdn) != 0)
			continue;
		if (expected && strcmp(record->text, expected) == 0)
			l->ok = true;
		if (l->value_count < QUERY_VALUES_MAX)
			l->values[l->value_count++] = mem_dup(record->text);
	}
}

/* A zone cut that this server sees and others do not, or the other way round. */
static char *other_zone(const struct dns_reply *reply, const char *fqdn, const char *zone)
{
	const char *cut = dns_reply_referral(reply, zone), *holder = dns_reply_holder(reply, fqdn);

	if (cut)
		return mem_printf("refers to the servers of the zone %s, but the record stands in the zone %s: its servers do not agree where %s is", cut,
		                  zone, fqdn);
	if (holder && strcmp(holder, zone) != 0)
		return mem_printf("answers from the zone %s, but the record stands in the zone %s: the name servers do not agree where %s is", holder,
		                  zone, fqdn);
	return NULL;
}

static void explain(struct query_result *l, const struct dns_reply *reply, const char *fqdn, const char *zone)
{
	l->detail = other_zone(reply, fqdn, zone);
	if (l->detail)
		return;
	if (strcmp(reply->final_name, fqdn) != 0)
		l->detail = mem_printf("%s is a CNAME to %s now", fqdn, reply->final_name);
	else if (!reply->authoritative)
		l->detail = mem_printf("answers %s for %s without authority (lame delegation)", l->status, fqdn);
	else if (reply->rcode == DNS_NXDOMAIN)
		l->detail = mem_printf("NXDOMAIN looking up TXT for %s", fqdn);
	else if (reply->rcode != DNS_NOERROR)
		l->detail = mem_printf("%s looking up TXT for %s", l->status, fqdn);
	else if (!l->value_count)
		l->detail = mem_printf("no TXT record found at %s", fqdn);
	else
		l->detail = mem_printf("incorrect TXT record \"%.80s\"%s found at %s", l->values[0],
		                       l->value_count > 1 ? " (and others)" : "", fqdn);
}

static void take_reply(struct poll_run *r, struct query_result *l, const struct dns_reply *reply)
{
	const char *fqdn = r->verdict->fqdn;

	l->status = mem_dup(dns_rcode_name(reply->rcode));
	l->authoritative = reply->authoritative;
	take_values(l, reply, fqdn, r->expected);
	if (!r->expected)
		l->ok = reply->rcode == DNS_NOERROR || reply->rcode == DNS_NXDOMAIN;
	l->ok = l->ok && reply->authoritative && strcmp(reply->final_name, fqdn) == 0;
	if (!l->ok)
		explain(l, reply, fqdn, r->verdict->zone);
}

static void on_reply(const unsigned char *wire, size_t length, int64_t elapsed_ms, const struct err *err, void *arg)
{
	struct poll_query *q = arg;
	struct poll_run *r = q->run;
	struct query_result *l = q->result;
	size_t server = q->server;
	struct dns_reply reply;
	struct err bad = *err;

	free(q);
	if (!r->cancelled) {
		l->elapsed_ms = elapsed_ms;
		l->at_ms = loop_wall_ms(r->c->parts.loop);
		if (wire && dns_reply_parse(wire, length, r->verdict->fqdn, DNS_TXT, &reply, &bad) == 0) {
			take_reply(r, l, &reply);
			r->location->seen[server] = l->ok && r->expected;
			dns_reply_done(&reply);
		} else {
			poll_fail(l, &bad);
		}
	}
	poll_replied(r);
}

static void send_query(struct poll_run *r, size_t server)
{
	const struct server *s = &r->location->servers[server];
	unsigned char query[DNS_QUERY_MAX];
	struct poll_query *q = mem_new(1, sizeof(*q));
	struct err err = { 0 };
	int length = dns_query_build(r->verdict->fqdn, DNS_TXT, false, query, sizeof(query), &err);

	*q = (struct poll_query){ r, verdict_add_result(r->verdict, s->name, s->address), server };
	if (q->result && length > 0 &&
	    pace_exchange(r->c, r->verdict->fqdn, s->address, query, (size_t)length, false, on_reply, q, &err) == 0) {
		r->pending++;
		return;
	}
	if (q->result) {
		poll_fail(q->result, &err);
	}
	free(q);
}

/* What it showed once it will show again until the value is withdrawn; a check asks it anew before "ready". */
static void note_seen(struct poll_run *r, size_t server)
{
	const struct server *s = &r->location->servers[server];
	struct query_result *l = verdict_add_result(r->verdict, s->name, s->address);

	if (!l)
		return;
	l->ok = l->authoritative = true;
	l->status = mem_dup(dns_rcode_name(DNS_NOERROR));
	l->values[l->value_count++] = mem_dup(r->expected);
	l->at_ms = loop_wall_ms(r->c->parts.loop);
	l->detail = mem_dup("seen at an earlier query");
}

static void begun(void *arg)
{
	poll_replied(arg);
}

struct poll_run *poll_dns(struct checker *c, const struct poll_request *request, poll_fn done, void *arg)
{
	struct poll_run *r = poll_new(c, request, done, arg);

	r->conclude = conclude_dns;
	r->verdict->fqdn = mem_dup(request->location->fqdn);
	r->verdict->zone = mem_dup(request->location->zone);
	r->pending = 1; /* the end comes later, never from here */
	r->location = request->location;
	for (size_t i = 0; i < r->location->count; i++) {
		if (r->location->seen[i] && r->expected)
			note_seen(r, i);
		else
			send_query(r, i);
	}
	later(&c->laters, 0, begun, r);
	return r;
}
