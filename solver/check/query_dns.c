/* Queries of a check to DNS servers: each sent once, each answer kept as evidence. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/id.h"
#include "solver/base/mem.h"
#include "solver/check/pace.h"
#include "solver/check/query.h"
#include "solver/check/resolve.h"
#include "solver/check/shared.h"
#include "solver/dns/message.h"
#include "solver/net/exchange.h"

/* ---- the authority's view ---- */

static void take_recursive(struct ev_answer *answer, const struct recursor_reply *reply, size_t *room)
{
	answer->elapsed_ms = reply->elapsed_ms;
	answer->rcode = reply->rcode;
	answer->final_name = mem_dup(answer->name);
	if (reply->wire)
		answer_read(answer, reply->wire, reply->length, answer->name, room);
	if (!answer->failure)
		answer->rcode = reply->rcode;
	answer->security = mem_dup(reply->secure ? "secure" : reply->bogus ? "bogus" : "insecure");
	if (reply->why)
		mem_replace(&answer->why, reply->why);
}

static void on_recursive(const struct recursor_reply *reply, const struct err *err, void *arg)
{
	struct query *q = arg;
	struct check_run *r = q->run;
	struct ev_answer *answer;

	if (q->waiting && !r->over) {
		r->heard_ms = loop_now_ms(r->c->parts.loop);
		answer = query_answer(q, "authority");
		if (answer && reply)
			take_recursive(answer, reply, &r->room);
		else if (answer)
			answer_fail(answer, err);
		if (answer && (answer->failure || answer->rcode == DNS_SERVFAIL || (reply && reply->bogus)))
			host_note_answer(r, answer);
		r->blind = r->blind || err->code == ERR_UNREACHABLE;
	}
	q->waiting = false;
	run_replied(r);
}

/* Who serves a zone, and where, is common to all its names; the rest may have changed since the last check. */
static int query(struct check_run *r, const char *name, int type, struct query *q, struct err *err)
{
	bool common = type == DNS_NS || ((type == DNS_A || type == DNS_AAAA) && r->dns);

	if (common && strcmp(name, r->e->identifier) != 0)
		return shared_query(r->c, name, type, on_recursive, q, err);
	return resolve_recursively(r->c, name, type, on_recursive, q, err);
}

/* A question that could not be put: the evidence says that it was this host that failed. */
static void give_in(struct query *q, const char *view, const struct err *err)
{
	struct ev_answer *answer = q->run->c->stopped ? NULL : query_answer(q, view);

	if (answer) {
		answer_fail(answer, err);
		mem_replace(&answer->failure, "local");
		host_note_answer(q->run, answer);
	}
	query_over(q);
}

const struct ev_answer *run_want(struct check_run *r, const char *name, int type)
{
	const struct ev_answer *have = run_have(r, name, type);
	struct query *q;
	struct err err;

	if (have || !r->view)
		return have;
	q = query_new(r, mem_printf("authority %d %s", type, name));
	if (!q)
		return NULL;
	q->name = mem_dup(name);
	q->type = type;
	if (query(r, name, type, q, &err) < 0)
		give_in(q, "authority", &err);
	return NULL;
}

/* ---- one server ---- */

/* Random case, as an authority's resolver asks: a server that does not keep it is noticed. */
static void mix_case(char *name)
{
	unsigned char coin[NAME_SIZE];

	id_random(coin, sizeof(coin));
	for (size_t i = 0; name[i] && i < sizeof(coin); i++)
		if (coin[i] & 1)
			name[i] = (char)toupper((unsigned char)name[i]);
}

static void hear(struct check_run *r, struct ev_answer *answer, const unsigned char *wire, size_t length, const char *asked)
{
	r->heard_ms = loop_now_ms(r->c->parts.loop);
	answer_read(answer, wire, length, asked, &r->room);
}

static void on_direct(const unsigned char *wire, size_t length, int64_t elapsed_ms, const struct err *err, void *arg)
{
	struct query *q = arg;
	struct check_run *r = q->run;
	struct ev_answer *answer;

	if (q->waiting && !r->over && (answer = query_answer(q, q->view)) != NULL) {
		answer->elapsed_ms = elapsed_ms;
		answer->final_name = mem_dup(q->name);
		if (wire)
			hear(r, answer, wire, length, q->asked);
		else
			answer_fail(answer, err);
		if (!wire)
			host_note_answer(r, answer);
		answer->truncated = answer->truncated || (wire == NULL && exchange_was_cut(err));
	}
	q->waiting = false;
	r->abandoned -= q->abandoned;
	run_replied(r);
}

char *query_key(bool tcp, int type, const char *address, const char *zone, const char *name)
{
	return mem_printf("direct %s %d %s %s %s", tcp ? "tcp" : "udp", type, address, zone, name);
}

/* Takes the key; NULL when it was asked before. */
static struct query *server_query(struct check_run *r, const struct run_server *s, const char *name, int type, const char *view, char *key)
{
	struct query *q = query_new(r, key);

	if (!q)
		return NULL;
	q->name = mem_dup(name);
	q->type = type;
	q->server = mem_dup(s->name);
	q->address = mem_dup(s->address);
	q->zone = mem_dup(s->zone);
	q->view = view;
	snprintf(q->asked, sizeof(q->asked), "%s", name);
	return q;
}

static void send_query(struct query *q, bool edns)
{
	struct check_run *r = q->run;
	unsigned char query[DNS_QUERY_MAX];
	struct err err;
	int length = dns_query_build(q->asked, q->type, false, query, sizeof(query), &err);

	if (length > 0 && !edns)
		length = dns_query_without_edns(query, (size_t)length);
	if (length > 0 &&
	    pace_exchange(r->c, r->e->identifier, q->address, query, (size_t)length, q->tcp, on_direct, q, &err) == 0)
		return;
	give_in(q, q->view, &err);
}

void run_query_server(struct check_run *r, const struct run_server *s, const char *name, int type, bool tcp)
{
	struct query *q = server_query(r, s, name, type, "direct", query_key(tcp, type, s->address, s->zone, name));

	if (!q)
		return;
	q->tcp = tcp;
	mix_case(q->asked);
	send_query(q, true);
}

void run_query_plainly(struct check_run *r, const struct run_server *s, const char *name, int type, bool edns)
{
	const char *view = edns ? "plain-case" : "no-edns";
	struct query *q = server_query(r, s, name, type, view, mem_printf("%s %d %s %s %s", view, type, s->address, s->zone, name));

	if (q)
		send_query(q, edns);
}

/* ---- addresses without an authority's view ---- */

static struct ev_answer *add_address(struct query *q, int type, const char *view, const char *const *addresses, const struct err *err)
{
	struct ev_answer *answer;
	struct ev_record *record;

	q->type = type;
	answer = query_answer(q, view);
	if (!answer)
		return NULL;
	answer->final_name = mem_dup(q->name);
	answer->rcode = 0;
	if (err->code)
		answer_fail(answer, err);
	for (size_t i = 0; addresses && addresses[i]; i++) {
		if ((strchr(addresses[i], ':') != NULL) != (type == DNS_AAAA) || !(record = evidence_add_record(answer)))
			continue;
		*record = (struct ev_record){ mem_dup(q->name), type, 0, mem_dup(addresses[i]), 0 };
	}
	return answer;
}

/* The authority's own view of it is missing, and the evidence says why. */
static void add_blind(struct query *q, int type)
{
	struct ev_answer *answer;
	struct err err;

	if (run_have(q->run, q->name, type))
		return;
	q->type = type;
	answer = query_answer(q, "authority");
	if (!answer)
		return;
	mem_replace(&answer->server, NULL);
	mem_replace(&answer->address, NULL);
	mem_replace(&answer->zone, NULL);
	mem_replace(&answer->transport, NULL);
	err_set(&err, ERR_UNREACHABLE, "no root name server can be asked from here");
	answer_fail(answer, &err);
}

/* The word of a resolver that fails says nothing of the name. */
static void add_polled(struct query *q, int type, const char *const *addresses, const struct err *err)
{
	struct ev_answer *answer = add_address(q, type, "authority", addresses, err);

	if (answer && err->code == ERR_UNREACHABLE)
		mem_replace(&answer->failure, "refused");
}

static void take_addresses(struct query *q, const char *const *addresses, const struct err *err)
{
	static const int types[] = { DNS_A, DNS_AAAA };

	if (!q->waiting || q->run->over)
		return;
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (q->run->poll) {
			add_polled(q, types[i], addresses, err);
			continue;
		}
		add_address(q, types[i], "direct", addresses, err);
		add_blind(q, types[i]);
	}
}

static void on_addresses(const char *const *addresses, const struct err *err, void *arg)
{
	struct query *q = arg;
	struct check_run *r = q->run;

	take_addresses(q, addresses, err);
	q->waiting = false;
	run_replied(r);
}

void run_query_addresses(struct check_run *r, const char *host)
{
	struct query *q = query_new(r, mem_printf("addresses %s", host));
	struct err err;

	if (!q)
		return;
	q->name = mem_dup(host);
	if (!r->poll) {
		q->server = mem_dup("recursive resolver");
		q->address = mem_dup("");
		q->zone = mem_dup("");
	}
	if (resolve_addresses(r->c, host, on_addresses, q, &err) == 0)
		return;
	take_addresses(q, NULL, &err);
	query_over(q);
}
