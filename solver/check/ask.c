/* Questions of a check: each asked once, each answer kept as evidence. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/id.h"
#include "solver/base/mem.h"
#include "solver/check/ask.h"
#include "solver/check/pace.h"
#include "solver/check/shared.h"
#include "solver/dns/message.h"
#include "solver/net/exchange.h"

struct ask *ask_new(struct check_run *r, char *key)
{
	struct ask *a;

	HASH_FIND_STR(r->asks, key, a);
	if (a) {
		free(key);
		return NULL;
	}
	a = mem_new(1, sizeof(*a));
	*a = (struct ask){ .run = r, .key = key, .waiting = true, .started_ms = loop_now_ms(r->c->parts.loop) };
	HASH_ADD_KEYPTR(hh, r->asks, a->key, strlen(a->key), a);
	r->pending++;
	return a;
}

static void ask_free(struct ask *a)
{
	free(a->key);
	free(a->name);
	free(a->server);
	free(a->address);
	free(a->zone);
	free(a->url);
	free(a);
}

/* ---- the authority's view ---- */

static struct ev_answer *answer_new(struct ask *a, const char *view)
{
	struct check_run *r = a->run;
	struct ev_answer *answer = evidence_add_answer(r->e);

	if (!answer)
		return NULL;
	answer->view = mem_dup(view);
	answer->name = mem_dup(a->name);
	answer->type = a->type;
	answer->rcode = -1;
	answer->elapsed_ms = loop_now_ms(r->c->parts.loop) - a->started_ms;
	answer->at_ms = loop_wall_ms(r->c->parts.loop);
	if (a->server) {
		answer->server = mem_dup(a->server);
		answer->address = mem_dup(a->address);
		answer->zone = mem_dup(a->zone);
		answer->transport = mem_dup(a->tcp ? "tcp" : "udp");
	}
	return answer;
}

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
	struct ask *a = arg;
	struct check_run *r = a->run;
	struct ev_answer *answer;

	if (err->code == ERR_CANCELLED)
		r->c->closing = true;
	if (a->waiting && !r->over) {
		r->heard_ms = loop_now_ms(r->c->parts.loop);
		answer = answer_new(a, "authority");
		if (answer && reply)
			take_recursive(answer, reply, &r->room);
		else if (answer)
			answer_fail(answer, err);
		if (answer && (answer->failure || answer->rcode == DNS_SERVFAIL || (reply && reply->bogus)))
			host_note_answer(r, answer);
		r->blind = r->blind || err->code == ERR_UNREACHABLE;
	}
	a->waiting = false;
	run_replied(r);
}

const struct ev_answer *run_have(const struct check_run *r, const char *name, int type)
{
	return evidence_authority(r->e, name, type);
}

/* Who serves a zone, and where, is common to all its names; the rest may have changed since the last check. */
static int query(struct check_run *r, const char *name, int type, struct ask *a, struct err *err)
{
	bool common = type == DNS_NS || ((type == DNS_A || type == DNS_AAAA) && r->dns);

	if (common && strcmp(name, r->e->identifier) != 0)
		return shared_query(r->c, name, type, on_recursive, a, err);
	return recursor_query(r->c->parts.recursor, name, type, on_recursive, a, err);
}

/* A question that could not be put: the evidence says that it was this host that failed. */
static void give_in(struct ask *a, const char *view, const struct err *err)
{
	struct ev_answer *answer = a->run->c->closing ? NULL : answer_new(a, view);

	if (answer) {
		answer_fail(answer, err);
		mem_replace(&answer->failure, "local");
		host_note_answer(a->run, answer);
	}
	a->waiting = false;
	a->run->pending--;
}

const struct ev_answer *run_want(struct check_run *r, const char *name, int type)
{
	const struct ev_answer *have = run_have(r, name, type);
	struct ask *a;
	struct err err;

	if (have || !r->c->parts.recursor)
		return have;
	a = ask_new(r, mem_printf("authority %d %s", type, name));
	if (!a)
		return NULL;
	a->name = mem_dup(name);
	a->type = type;
	if (r->c->closing || query(r, name, type, a, &err) < 0)
		give_in(a, "authority", &err);
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
	struct ask *a = arg;
	struct check_run *r = a->run;
	struct ev_answer *answer;

	if (err->code == ERR_CANCELLED)
		r->c->closing = true;
	if (a->waiting && !r->over && (answer = answer_new(a, a->view)) != NULL) {
		answer->elapsed_ms = elapsed_ms;
		answer->final_name = mem_dup(a->name);
		if (wire)
			hear(r, answer, wire, length, a->asked);
		else
			answer_fail(answer, err);
		if (!wire)
			host_note_answer(r, answer);
		answer->truncated = answer->truncated || (wire == NULL && exchange_was_cut(err));
	}
	a->waiting = false;
	r->abandoned -= a->abandoned;
	run_replied(r);
}

char *direct_key(bool tcp, int type, const char *address, const char *zone, const char *name)
{
	return mem_printf("direct %s %d %s %s %s", tcp ? "tcp" : "udp", type, address, zone, name);
}

/* Takes the key; NULL when it was asked before. */
static struct ask *ask_server(struct check_run *r, const struct run_server *s, const char *name, int type, const char *view, char *key)
{
	struct ask *a = ask_new(r, key);

	if (!a)
		return NULL;
	a->name = mem_dup(name);
	a->type = type;
	a->server = mem_dup(s->name);
	a->address = mem_dup(s->address);
	a->zone = mem_dup(s->zone);
	a->view = view;
	snprintf(a->asked, sizeof(a->asked), "%s", name);
	return a;
}

static void send_query(struct ask *a, bool edns)
{
	struct check_run *r = a->run;
	unsigned char query[DNS_QUERY_MAX];
	struct err err;
	int length = dns_query_build(a->asked, a->type, false, query, sizeof(query), &err);

	if (length > 0 && !edns)
		length = dns_query_without_edns(query, (size_t)length);
	if (length > 0 && !r->c->closing &&
	    pace_exchange(r->c, r->e->identifier, a->address, query, (size_t)length, a->tcp, on_direct, a, &err) == 0)
		return;
	give_in(a, a->view, &err);
}

void run_ask_direct(struct check_run *r, const struct run_server *s, const char *name, int type, bool tcp)
{
	struct ask *a = ask_server(r, s, name, type, "direct", direct_key(tcp, type, s->address, s->zone, name));

	if (!a)
		return;
	a->tcp = tcp;
	mix_case(a->asked);
	send_query(a, true);
}

void run_ask_plainly(struct check_run *r, const struct run_server *s, const char *name, int type, bool edns)
{
	const char *view = edns ? "plain-case" : "no-edns";
	struct ask *a = ask_server(r, s, name, type, view, mem_printf("%s %d %s %s %s", view, type, s->address, s->zone, name));

	if (a)
		send_query(a, edns);
}

/* ---- addresses without an authority's view ---- */

static void add_address(struct ask *a, int type, const char *const *addresses, const struct err *err)
{
	struct ev_answer *answer;
	struct ev_record *record;

	a->type = type;
	answer = answer_new(a, "direct");
	if (!answer)
		return;
	answer->final_name = mem_dup(a->name);
	answer->rcode = 0;
	if (err->code)
		answer_fail(answer, err);
	for (size_t i = 0; addresses && addresses[i]; i++) {
		if ((strchr(addresses[i], ':') != NULL) != (type == DNS_AAAA) || !(record = evidence_add_record(answer)))
			continue;
		*record = (struct ev_record){ mem_dup(a->name), type, 0, mem_dup(addresses[i]), 0 };
	}
}

/* The authority's own view of it is missing, and the evidence says why. */
static void add_blind(struct ask *a, int type)
{
	struct ev_answer *answer;
	struct err err;

	if (run_have(a->run, a->name, type))
		return;
	a->type = type;
	answer = answer_new(a, "authority");
	if (!answer)
		return;
	mem_replace(&answer->server, NULL);
	mem_replace(&answer->address, NULL);
	mem_replace(&answer->zone, NULL);
	mem_replace(&answer->transport, NULL);
	err_set(&err, ERR_UNREACHABLE, "no root name server can be asked from here");
	answer_fail(answer, &err);
}

static void take_addresses(struct ask *a, const char *const *addresses, const struct err *err)
{
	if (!a->waiting || a->run->over)
		return;
	add_address(a, DNS_A, addresses, err);
	add_address(a, DNS_AAAA, addresses, err);
	add_blind(a, DNS_A);
	add_blind(a, DNS_AAAA);
}

static void on_addresses(const char *const *addresses, const struct err *err, void *arg)
{
	struct ask *a = arg;
	struct check_run *r = a->run;

	if (err->code == ERR_CANCELLED)
		r->c->closing = true;
	take_addresses(a, addresses, err);
	a->waiting = false;
	run_replied(r);
}

void run_ask_addresses(struct check_run *r, const char *host)
{
	struct ask *a = ask_new(r, mem_printf("addresses %s", host));
	struct err err = { .code = ERR_CANCELLED, .text = "dcvd is stopping" };

	if (!a)
		return;
	a->name = mem_dup(host);
	a->server = mem_dup("recursive resolver");
	a->address = mem_dup("");
	a->zone = mem_dup("");
	if (!r->c->closing && resolver_addresses(r->c->parts.resolver, host, on_addresses, a, &err) == 0)
		return;
	take_addresses(a, NULL, &err);
	a->waiting = false;
	r->pending--;
}

/* ---- the end ---- */

void run_give_up(struct check_run *r)
{
	struct ev_answer *answer;
	struct ask *a, *tmp;
	struct err err;

	err_set(&err, ERR_TIMEOUT, "no answer within the time limit of the check");
	HASH_ITER(hh, r->asks, a, tmp) {
		if (!a->waiting)
			continue;
		a->waiting = false;
		if (a->url || a->certificate)
			ask_give_up_web(a);
		else if ((answer = answer_new(a, a->view ? a->view : a->server ? "direct" : "authority")) != NULL) {
			answer_fail(answer, &err);
			host_note_answer(r, answer);
		}
	}
}

/* The same question got an answer from somebody else, or over UDP instead of TCP. */
static bool is_answered_elsewhere(const struct ask *a)
{
	for (size_t i = 0; i < a->run->e->answer_count; i++) {
		const struct ev_answer *other = &a->run->e->answers[i];

		if (other->type == a->type && !other->failure && strcmp(other->name, a->name) == 0)
			return true;
	}
	return false;
}

bool run_waits_for_silent(const struct check_run *r)
{
	bool some = false;

	for (const struct ask *a = r->asks; a; a = a->hh.next) {
		if (!a->waiting)
			continue;
		if (!a->server || a->url || a->certificate || !is_answered_elsewhere(a))
			return false;
		some = true;
	}
	return some;
}

void run_abandon(struct check_run *r)
{
	struct ev_answer *answer;
	struct err err;

	err_set(&err, ERR_TIMEOUT, "no answer, while the same question was answered elsewhere");
	for (struct ask *a = r->asks; a; a = a->hh.next) {
		if (!a->waiting)
			continue;
		a->waiting = false;
		a->abandoned = true;
		r->abandoned++;
		if ((answer = answer_new(a, a->view ? a->view : "direct")) != NULL)
			answer_fail(answer, &err);
	}
}

void run_asks_close(struct check_run *r)
{
	for (struct ask *a = r->asks; a; a = a->hh.next)
		ask_cancel_web(a);
}

void run_asks_free(struct check_run *r)
{
	struct ask *a, *tmp;

	HASH_ITER(hh, r->asks, a, tmp) {
		HASH_DEL(r->asks, a);
		ask_free(a);
	}
}
