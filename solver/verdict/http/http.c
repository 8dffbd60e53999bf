/* Judges HTTP-01 from all attempts that the authority may make. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/verdict/data/body.h"
#include "solver/verdict/network/address.h"
#include "solver/verdict/network/failure.h"
#include "solver/verdict/network/host.h"
#include "solver/verdict/http/http_explain.h"
#include "solver/verdict/network/http_servers.h"
#include "solver/verdict/http/http_attempt.h"
#include "solver/verdict/network/lookup.h"
#include "solver/verdict/network/views.h"

enum came { PASSED, FAILED, PENDING, UNSEEN };

struct outcome {
	enum came came;
	enum verdict_stage stage;
	enum problem_type problem;
	const char *code;
	char *detail;
	const struct ev_hop *unseen;
	bool blind, slow, dial;
};

struct tally {
	size_t passed, failed, pending, unseen, slow, blind, dials;
	const struct ev_hop *hop; /* the first request that this host could not make */
	struct outcome first_failure, first_pass;
};

/* ---- the last request ---- */

static void fail(struct outcome *o, enum problem_type problem, const char *code, char *detail)
{
	o->came = FAILED;
	o->stage = STAGE_VALIDATION;
	o->problem = problem;
	o->code = code;
	o->detail = detail;
}

static void judge_failure(const struct ev_hop *hop, struct outcome *o)
{
	struct failure_words words;

	failure_describe(hop->failure, hop->why, &words);
	if (words.problem == PROBLEM_MALFORMED) { /* Go's HTTP client hides that plain HTTP came where TLS was due */
		words.problem = PROBLEM_CONNECTION;
		snprintf(words.text, sizeof(words.text), "Error getting validation data");
	}
	if (strcmp(hop->failure, "garbage") == 0 && strncmp(hop->url, "https:", strlen("https:")) == 0)
		words.code = "no-tls";
	fail(o, words.problem, words.code, attempt_sentence(hop, mem_printf("Fetching %s: %s", hop->url, words.text)));
}

static bool status_is_fine(int status, enum status_rule rule)
{
	switch (rule) {
	case STATUS_200:
		return status == 200;
	case STATUS_2XX:
		return status >= 200 && status < 300;
	default:
		return status >= 200 && status < 400;
	}
}

/* Go's words for a body that cannot be read to its end; *ret_code gets the code of the finding. */
static const char *body_trouble(const struct ev_hop *hop, const char **ret_code)
{
	*ret_code = hop->failure;
	if (strcmp(hop->failure, "bad-body") == 0)
		return hop->why ? hop->why : "malformed chunked encoding";
	*ret_code = strcmp(hop->failure, "timeout") == 0 ? "body-endless" : "body-short";
	return strcmp(hop->failure, "timeout") == 0 ? "context deadline exceeded" : "unexpected EOF";
}

static char *quote(const struct evidence *e, const void *bytes, size_t length)
{
	return e->private ? body_digest(bytes, length) : body_quote(bytes, length);
}

static void judge_body(const struct evidence *e, const struct authority *a, const struct ev_hop *hop, struct outcome *o)
{
	struct body b;
	CLEANUP(mem_freep) char *expected = body_quote(e->expected, strlen(e->expected));
	CLEANUP(mem_freep) char *got = NULL;

	body_read(hop, a, &b);
	if (a->body_max > 0 && hop->body_length >= a->body_max) {
		got = quote(e, b.bytes, b.length < (size_t)a->body_max ? b.length : (size_t)a->body_max);
		fail(o, PROBLEM_UNAUTHORIZED, "body-long", attempt_sentence(hop, mem_printf("Invalid response from %s: %s", hop->url, got)));
	} else if (hop->failure) {
		const char *code, *why = body_trouble(hop, &code);

		fail(o, PROBLEM_UNAUTHORIZED, code, attempt_sentence(hop, mem_printf("Error reading HTTP response body: %s", why)));
	} else if (!body_equals(&b, e->expected)) {
		got = quote(e, b.start, b.kept);
		fail(o, PROBLEM_UNAUTHORIZED, "body-differs",
		     mem_printf("The key authorization file from the server did not match this challenge. Expected %s (got %s)", expected, got));
	}
	body_done(&b);
}

/* Without a known key authorization any response counts: it shows that the web server can be reached. */
static void judge_last(const struct evidence *e, const struct authority *a, const struct ev_hop *hop, struct outcome *o)
{
	if (hop->failure && !hop->status)
		judge_failure(hop, o);
	else if (!e->expected)
		return;
	else if (!status_is_fine(hop->status, a->status))
		fail(o, PROBLEM_UNAUTHORIZED, "status", attempt_sentence(hop, mem_printf("Invalid response from %s: %d", hop->url, hop->status)));
	else
		judge_body(e, a, hop, o);
}

/* ---- one attempt ---- */

static void take_over(struct outcome *o, const struct attempt *w)
{
	o->came = FAILED;
	o->stage = w->stage;
	o->problem = w->problem;
	o->code = w->code;
	o->detail = mem_dup(w->detail);
}

static char *passed_sentence(const struct evidence *e, const struct attempt *w)
{
	if (!e->expected)
		return mem_printf("%s answers %s with status %d; there was no key authorization to compare with", w->last->address,
		                  w->last->url, w->last->status);
	return mem_printf("%s serves the key authorization at %s", w->last->address, w->last->url);
}

/* What the server sent, for people. */
static char *shown(const struct evidence *e, const struct ev_hop *hop)
{
	return e->private ? body_hop_digest(hop) : mem_dup_n(hop->body, strnlen(hop->body, 200));
}

static void add_result(const struct evidence *e, const struct attempt *w, const struct outcome *o, struct verdict *v)
{
	const struct ev_hop *hop = w->last;
	struct query_result *result = verdict_add_result(v, hop ? hop->host : e->identifier, hop ? hop->address : NULL);

	if (!result)
		return;
	result->ok = o->came == PASSED;
	result->status = !hop ? mem_dup("no address") : hop->status ? mem_printf("%d", hop->status) : mem_dup(hop->failure);
	result->authoritative = true;
	result->elapsed_ms = w->elapsed_ms;
	result->at_ms = hop ? hop->at_ms : e->at_ms;
	result->detail = mem_dup(o->detail);
	if (hop && hop->body && *hop->body)
		result->values[result->value_count++] = shown(e, hop);
}

/* This host could not ask the address, which proves nothing about it. */
static void add_unseen_look(const struct evidence *e, const struct ev_hop *hop, struct verdict *v)
{
	struct query_result *result;

	for (size_t i = 0; i < v->result_count; i++)
		if (v->results[i].address && strcmp(v->results[i].address, hop->address) == 0)
			return;
	result = verdict_add_result(v, e->identifier, hop->address);
	if (!result)
		return;
	result->silent = true;
	result->status = mem_dup(strcmp(hop->failure, "local") == 0 ? hop->failure : QUERY_UNROUTABLE);
	result->detail = mem_dup(hop->why);
	result->at_ms = hop->at_ms;
}

/* The result of this host is kept as a result of one address. Only a perspective elsewhere can tell what the authority sees. */
static void take_unseen(const struct evidence *e, const struct attempt *w, struct outcome *o, struct verdict *v)
{
	bool vouched = host_is_vouched(e, w->unseen->address);

	add_unseen_look(e, w->unseen, v);
	o->unseen = w->unseen;
	o->came = vouched ? PASSED : UNSEEN;
	o->slow = o->dial = false;
	free(o->detail);
	o->detail = vouched ? mem_printf("perspectives elsewhere see the key authorization at the address %s, to which this host has no way",
	                                 w->unseen->address) : NULL;
}

static void judge_walk(const struct evidence *e, const struct authority *a, size_t number, struct outcome *o, struct verdict *v)
{
	struct attempt w;

	memset(o, 0, sizeof(*o));
	attempt_replay(e, a, number, &w);
	if (w.next.want != HTTP_OVER)
		o->came = PENDING;
	else if (w.detail)
		take_over(o, &w);
	else
		judge_last(e, a, w.last, o);
	o->blind = w.blind;
	o->slow = o->came == PASSED && a->flaky_ms > 0 && w.elapsed_ms > a->flaky_ms;
	o->dial = o->came == FAILED && w.last && hop_dial_failed(w.last);
	if (o->came == FAILED && !w.unseen)
		http_explain(e, a, &w, o->code, v);
	if (o->came == PASSED) {
		o->detail = passed_sentence(e, &w);
		http_warn(e, a, &w, v);
	}
	if (o->came != PENDING && !(w.unseen && w.last == w.unseen))
		add_result(e, &w, o, v);
	if (o->came != PENDING && w.unseen)
		take_unseen(e, &w, o, v);
	attempt_done(&w);
}

/* ---- all of them ---- */

static void count(struct tally *t, struct outcome *o)
{
	struct outcome *slot = o->came == FAILED ? &t->first_failure : &t->first_pass;

	t->passed += o->came == PASSED;
	t->failed += o->came == FAILED;
	t->pending += o->came == PENDING;
	t->unseen += o->came == UNSEEN;
	if (o->came == UNSEEN && !t->hop)
		t->hop = o->unseen;
	t->slow += o->slow;
	t->blind += o->blind;
	t->dials += o->dial;
	if (o->detail && !slot->detail)
		*slot = *o;
	else
		free(o->detail);
}

/* A router without hairpin NAT refuses connections from its own network only. */
static bool hairpin(const struct evidence *e, const struct tally *t)
{
	return e->inside && t->failed && t->dials == t->failed && !t->passed;
}

static void decide_hairpin(const struct evidence *e, struct tally *t, struct verdict *v)
{
	verdict_add_finding(v, FINDING_WARNING, STAGE_VALIDATION, "hairpin",
	                    mem_printf("%s leads to this network's own address, and connections to it from inside fail; from outside they may well work",
	                               e->identifier),
	                    mem_printf("Check %s from another network, or let a perspective elsewhere do so", e->identifier));
	verdict_decide(v, VERDICT_UNKNOWN, STAGE_VALIDATION, PROBLEM_NONE,
	               mem_printf("Not visible from here: %s is an address of this network (%s)", e->identifier, t->first_failure.detail));
}

static char *mixed(const struct tally *t)
{
	if (t->failed && t->passed)
		return mem_printf("%zu of %zu addresses fail: %s", t->failed, t->passed + t->failed, t->first_failure.detail);
	return mem_printf("%s, but so slowly that the time of the authority may run out", t->first_pass.detail);
}

/* The authority may get other addresses than this host did, except in a zone that only this process serves. */
static void decide_blind(const struct evidence *e, const struct tally *t, struct verdict *v)
{
	const struct outcome *bad = &t->first_failure;
	const char *seen = t->failed ? bad->detail : t->passed ? t->first_pass.detail : "nor is the way to it";

	if (e->own_zone && t->failed && !t->passed && bad->problem != PROBLEM_DNS && bad->problem != PROBLEM_NONE)
		verdict_decide(v, VERDICT_FAIL, bad->stage, bad->problem, mem_dup(bad->detail));
	else
		verdict_decide(v, VERDICT_UNKNOWN, STAGE_LOOKUP, PROBLEM_NONE,
		               mem_printf("The authority's view is not visible from here (%s)", seen));
}

/* When some request works, or only a look-up failed, another name server may give other addresses. */
static const struct ev_answer *other_server(const struct evidence *e, const struct tally *t)
{
	bool open = t->passed || (t->failed && t->first_failure.stage == STAGE_LOOKUP);

	return open ? http_servers_dissenter(e) : NULL;
}

static void decide_servers(const struct evidence *e, const struct ev_answer *d, struct verdict *v)
{
	const char *server = d->server ? d->server : "a name server", *address = d->address ? d->address : "?";
	const char *what = d->record_count ? "other addresses and another serial number" : "no such address";

	verdict_add_finding(v, FINDING_ERROR, STAGE_LOOKUP, "addresses-differ",
	                    mem_printf("The name servers disagree on %s of %s: %s (%s) has %s", lookup_type_name(d->type), e->identifier, server, address, what),
	                    mem_printf("Make all name servers of %s serve the same zone", d->zone ? d->zone : e->identifier));
	verdict_decide(v, VERDICT_FLAKY, STAGE_LOOKUP, PROBLEM_DNS,
	               mem_printf("%s (%s) has %s of type %s for %s; which server is asked decides", server, address, what,
	                          lookup_type_name(d->type), e->identifier));
}

/* The outcome depends on the address or the name server that the authority picks. */
static void decide_mixed(const struct evidence *e, const struct authority *a, const struct tally *t, struct verdict *v)
{
	if (t->passed)
		views_tell(e, a, v);
	verdict_decide(v, VERDICT_FLAKY, t->first_failure.stage, t->first_failure.problem, mixed(t));
}

static void decide(const struct evidence *e, const struct authority *a, struct tally *t, struct verdict *v)
{
	const struct outcome *bad = &t->first_failure;
	const struct ev_answer *differs = other_server(e, t);

	if (hairpin(e, t))
		decide_hairpin(e, t, v);
	else if (t->blind && (t->failed || !e->own_zone))
		decide_blind(e, t, v);
	else if (t->unseen && !(t->passed && (t->failed || t->slow || differs)))
		host_doubt(e, t->hop->address, t->hop->failure, t->hop->why, v);
	else if (differs && !(t->failed && t->passed))
		decide_servers(e, differs, v);
	else if (t->failed && !t->passed && !t->pending)
		verdict_decide(v, VERDICT_FAIL, bad->stage, bad->problem, mem_dup(bad->detail));
	else if (t->failed)
		decide_mixed(e, a, t, v);
	else if (t->slow)
		verdict_decide(v, VERDICT_FLAKY, STAGE_VALIDATION, PROBLEM_CONNECTION, mixed(t));
	else if (t->pending)
		verdict_decide(v, VERDICT_UNKNOWN, STAGE_VALIDATION, PROBLEM_NONE, mem_dup("Not every address was looked at"));
	else
		verdict_decide(v, VERDICT_PASS, STAGE_VALIDATION, PROBLEM_NONE, mem_dup(t->first_pass.detail));
}

static void note_reserved(const struct evidence *e, const struct authority *a, struct verdict *v)
{
	for (size_t i = 0; a->reserved_refused && i < e->answer_count; i++) {
		const struct ev_answer *answer = &e->answers[i];

		if (strcmp(answer->view, "authority") != 0 || strcmp(answer->name, e->identifier) != 0)
			continue;
		for (size_t r = 0; r < answer->record_count; r++) {
			const struct ev_record *record = &answer->records[r];

			if ((record->type == TYPE_A || record->type == TYPE_AAAA) && address_is_reserved(record->data))
				verdict_add_finding(v, FINDING_WARNING, STAGE_LOOKUP, "address-reserved",
				                    mem_printf("%s has the address %s, which is not public: an authority leaves it out", e->identifier,
				                               record->data),
				                    mem_printf("Remove the record of %s with the address %s from the public DNS", e->identifier, record->data));
		}
	}
}

void judge_http(const struct evidence *e, const struct authority *a, struct verdict *v)
{
	size_t numbers[HTTP_ATTEMPTS_MAX], attempts = http_attempt_numbers(e, a, numbers);
	struct tally t = { 0 };
	size_t attempts_unknown = 0;

	note_reserved(e, a, v);
	for (size_t i = 0; i < attempts; i++) {
		struct outcome o;

		judge_walk(e, a, numbers[i], &o, v);
		if (o.came == PENDING && numbers[i] >= HTTP_DRAWS_MAX && !e->host.known)
			attempts_unknown++; /* recorded before dcvd made attempts for other views */
		else
			count(&t, &o);
	}
	if (t.pending + attempts_unknown < attempts)
		decide(e, a, &t, v);
	else
		verdict_add_finding(v, FINDING_NOTE, STAGE_VALIDATION, "not-collected",
		                    mem_printf("No address of %s was asked over HTTP, so nothing is said about it", e->identifier), NULL);
	free(t.first_failure.detail);
	free(t.first_pass.detail);
}
