#include "solver/verdict/http/http_attempt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/verdict/network/address.h"
#include "solver/verdict/network/addresses.h"
#include "solver/verdict/network/host.h"
#include "solver/verdict/network/lookup.h"
#include "solver/verdict/http/redirect.h"
#include "solver/verdict/network/views.h"

/* The addresses of a host in this attempt. */
struct target {
	const char *v6, *v4; /* borrowed from the evidence */
};

struct state {
	const struct evidence *e;
	const struct authority *a;
	size_t number;          /* of the attempt */
	size_t scanned;         /* hops of the evidence that were looked at */
	struct redirect_history history;
	char *first_url;        /* the initial one; history.urls ends with the current one */
	struct target first, now;
	bool first_spent;       /* the IPv4 address of the first host was used, or never a reserve */
	const char *address;
	char literal[64];       /* the current host is this address */
	struct attempt *out;
};

bool hop_dial_failed(const struct ev_hop *hop)
{
	return hop->failure && strncmp(hop->failure, "connect-", strlen("connect-")) == 0;
}

char *attempt_sentence(const struct ev_hop *hop, char *sentence)
{
	char *all = mem_printf("%s: %s", hop->address, sentence);

	free(sentence);
	return all;
}

/* Ends the attempt without a final response; takes `detail`. */
static void end(struct state *s, enum verdict_stage stage, enum problem_type problem, const char *code, char *detail)
{
	s->out->next.want = HTTP_OVER;
	s->out->stage = stage;
	s->out->problem = problem;
	s->out->code = code;
	s->out->detail = detail;
}

/* ---- addresses ---- */

/* dcvd does not connect to this address, so the authority's result is unknown. */
static void withheld(struct state *s, const char *host)
{
	s->out->blind = true;
	end(s, STAGE_LOOKUP, PROBLEM_NONE, "address-withheld", addresses_withheld_sentence(host));
}

static void unresolved(struct state *s, const struct ev_answer *v4, const struct ev_answer *v6, const char *location)
{
	CLEANUP(mem_freep) char *problem = addresses_problem(s->a, v4, v6);
	bool reserved = lookup_worked(v4, s->a->dnssec) && lookup_worked(v6, s->a->dnssec) && v4->record_count + v6->record_count;

	s->out->blind = lookup_blind(v4) && lookup_blind(v6);
	if (location)
		end(s, STAGE_VALIDATION, PROBLEM_DNS, "redirect-unresolved",
		    attempt_sentence(s->out->last, mem_printf("Fetching %s: %s", location, problem)));
	else
		end(s, STAGE_LOOKUP, PROBLEM_DNS, reserved ? "address-reserved" : "address-missing", mem_dup(problem));
}

/* The authority's resolver caches a host for the time of one attempt. */
static bool resolved_before(const struct state *s, const char *host)
{
	for (size_t i = 0; i < s->scanned; i++) {
		const struct ev_hop *hop = &s->e->hops[i];

		if (hop->attempt >= 0 && (size_t)hop->attempt == s->number && strcmp(hop->host, host) == 0)
			return true;
	}
	return false;
}

static void ask_resolve(struct state *s, const char *host)
{
	s->out->next.want = HTTP_RESOLVE;
	snprintf(s->out->next.host, sizeof(s->out->next.host), "%s", host);
}

/* The addresses of the identifier in this attempt's view; NULL: a look-up must come first, and the attempt asks for it. */
static const struct ev_answer *view_of(struct state *s, int type)
{
	size_t pair = s->number / HTTP_DRAWS_MAX, i = type == TYPE_A ? pair / VIEWS_MAX : pair % VIEWS_MAX;
	const struct ev_answer *answer;
	struct address_views views;

	views_read(s->e, s->a, type, &views, &s->out->blind);
	if (i >= views.count) {
		ask_resolve(s, s->e->identifier);
		return NULL;
	}
	answer = view_answer(s->e, &views.list[i], type, &s->out->blind);
	if (!answer)
		ask_resolve(s, views.list[i].host);
	return answer;
}

static const struct ev_answer *answer_for(struct state *s, const char *host, int type)
{
	const struct ev_answer *answer;

	if (s->number >= HTTP_DRAWS_MAX && strcmp(host, s->e->identifier) == 0)
		return view_of(s, type);
	answer = addresses_answer(s->e, host, type, &s->out->blind);
	if (!answer)
		ask_resolve(s, host);
	return answer;
}

/* Whether the attempt can continue; if not, it has ended or asks for evidence. */
static bool resolve(struct state *s, const char *host, const char *location)
{
	const struct ev_answer *v4, *v6;

	s->now = (struct target){ 0 };
	if (address_canonical(host, s->literal)) {
		if (address_is_reserved(s->literal)) {
			withheld(s, s->literal);
			return false;
		}
		*(address_is_v6(host) ? &s->now.v6 : &s->now.v4) = s->literal;
		return true;
	}
	v4 = answer_for(s, host, TYPE_A);
	v6 = v4 ? answer_for(s, host, TYPE_AAAA) : NULL;
	if (!v4 || !v6)
		return false;
	if (!resolved_before(s, host))
		s->out->elapsed_ms += v4->elapsed_ms > v6->elapsed_ms ? v4->elapsed_ms : v6->elapsed_ms;
	s->now.v4 = addresses_at(s->a, v4, s->number % HTTP_DRAWS_MAX);
	s->now.v6 = addresses_at(s->a, v6, s->number % HTTP_DRAWS_MAX);
	s->out->blind = s->out->blind || addresses_withheld(s->a, v4) || addresses_withheld(s->a, v6);
	if (!s->now.v4 && !s->now.v6 && (addresses_withheld(s->a, v4) || addresses_withheld(s->a, v6)))
		withheld(s, host);
	else if (!s->now.v4 && !s->now.v6)
		unresolved(s, v4, v6, location);
	return s->now.v4 || s->now.v6;
}

/* ---- steps ---- */

static bool begin(struct state *s)
{
	bool v6 = s->e->ip && address_is_v6(s->e->identifier);
	const char *token = s->e->token ? s->e->token : "";

	snprintf(s->history.host, sizeof(s->history.host), "%s", s->e->identifier);
	s->first_url = mem_printf("http://%s%s%s/.well-known/acme-challenge/%s", v6 ? "[" : "", s->e->identifier, v6 ? "]" : "", token);
	if (!resolve(s, s->e->identifier, NULL))
		return false;
	s->first = s->now;
	s->first_spent = !s->now.v6 || !s->now.v4;
	s->address = s->now.v6 ? s->now.v6 : s->now.v4;
	redirect_visit(&s->history, s->first_url);
	return true;
}

static const struct ev_hop *take_hop(struct state *s)
{
	while (s->scanned < s->e->hop_count) {
		const struct ev_hop *hop = &s->e->hops[s->scanned++];

		if (hop->attempt >= 0 && (size_t)hop->attempt == s->number)
			return hop;
	}
	return NULL;
}

static void ask_fetch(struct state *s)
{
	struct http_next *next = &s->out->next;
	const char *url = redirect_current(&s->history);

	next->want = HTTP_FETCH;
	snprintf(next->host, sizeof(next->host), "%s", s->history.host);
	snprintf(next->url, sizeof(next->url), "%.*s", (int)strcspn(url, "#"), url);
	snprintf(next->address, sizeof(next->address), "%s", s->address);
	next->left_ms = s->a->attempt_ms > s->out->elapsed_ms ? s->a->attempt_ms - s->out->elapsed_ms : 1;
}

static bool recorded_as_asked(struct state *s, const struct ev_hop *hop)
{
	const char *url = redirect_current(&s->history);
	size_t length = strcspn(url, "#");

	return strncmp(hop->url, url, length) == 0 && hop->url[length] == '\0' && strcmp(hop->address, s->address) == 0;
}

/* Starts again at the first URL over IPv4, even when a later URL could not be dialled. That was measured, and so was
 * "Redirect loop detected" when the first URL redirects to the same URL again. */
static bool fall_back(struct state *s, const struct ev_hop *hop)
{
	if (s->a->fallback == FALLBACK_FIRST_DIAL && !s->first_spent) {
		s->first_spent = true;
		s->now = s->first;
		redirect_visit(&s->history, s->first_url);
		snprintf(s->history.host, sizeof(s->history.host), "%s", s->e->identifier);
	} else if (s->a->fallback != FALLBACK_ANY || !address_is_v6(hop->address) || !s->now.v4) {
		return false;
	}
	s->address = s->now.v4;
	s->out->next.fallback = true;
	return true;
}

static void follow(struct state *s, const struct ev_hop *hop)
{
	struct redirect_refusal refusal = { 0 };

	if (redirect_follow(&s->history, hop, s->a, &refusal) < 0) {
		s->out->target = refusal.target;
		end(s, STAGE_VALIDATION, PROBLEM_CONNECTION, refusal.code,
		    attempt_sentence(hop, mem_printf("Fetching %s: %s", refusal.target ? refusal.target : hop->url, refusal.sentence)));
		free(refusal.sentence);
		return;
	}
	s->out->redirects = s->history.redirects;
	s->out->next.fallback = false;
	if (!resolve(s, s->history.host, hop->location))
		return;
	s->address = s->now.v6 ? s->now.v6 : s->now.v4;
}

/* The final response began in time, so the authority judges its status, or that its body does not end. */
static bool body_stalled(const struct ev_hop *hop)
{
	return hop->status && hop->failure && strcmp(hop->failure, "timeout") == 0 && !redirect_is(hop);
}

/* An authority may reach an address that this host cannot: from here on the attempt is unknown. It still continues with the other address
 * family, whose response a user may accept as enough. */
static bool pass_over(struct state *s, const struct ev_hop *hop)
{
	if (!s->out->unseen)
		s->out->unseen = hop;
	if (!s->out->redirects && fall_back(s, hop))
		return true;
	s->out->next.want = HTTP_OVER;
	return false;
}

static void out_of_time(struct state *s, const struct ev_hop *hop)
{
	const char *text = hop_dial_failed(hop) ? "Timeout during connect (likely firewall problem)"
	                                         : "Timeout after connect (your server may be slow or overloaded)";

	end(s, STAGE_VALIDATION, PROBLEM_CONNECTION, hop_dial_failed(hop) ? "connect-timeout" : "attempt-too-slow",
	    attempt_sentence(hop, mem_printf("Fetching %s: %s", hop->url, text)));
}

/* Whether there is a further step. */
static bool step(struct state *s)
{
	const struct ev_hop *hop = take_hop(s);

	if (!hop) {
		ask_fetch(s);
		return false;
	}
	s->out->last = hop;
	s->out->elapsed_ms += hop->elapsed_ms;
	if (!recorded_as_asked(s, hop)) {
		s->out->blind = true;
		end(s, STAGE_VALIDATION, PROBLEM_NONE, "record-mismatch", mem_printf("the record holds a request to %s at %s where %s at %s was due",
		    hop->url, hop->address, redirect_current(&s->history), s->address));
		return false;
	}
	if (host_failed(hop->failure))
		return pass_over(s, hop);
	if (s->a->attempt_ms > 0 && s->out->elapsed_ms > s->a->attempt_ms && !body_stalled(hop))
		out_of_time(s, hop);
	else if (hop_dial_failed(hop) && fall_back(s, hop))
		return true;
	else if (!hop_dial_failed(hop) && redirect_is(hop))
		follow(s, hop);
	else
		s->out->next.want = HTTP_OVER;
	return s->out->next.want == HTTP_FETCH;
}

void attempt_replay(const struct evidence *e, const struct authority *a, size_t number, struct attempt *ret)
{
	struct state s = { .e = e, .a = a, .number = number, .out = ret };

	memset(ret, 0, sizeof(*ret));
	ret->next.want = HTTP_FETCH;
	if (begin(&s))
		while (step(&s))
			;
	redirect_history_done(&s.history);
	free(s.first_url);
}

void attempt_done(struct attempt *w)
{
	free(w->detail);
	free(w->target);
}

void http_attempt_next(const struct evidence *e, const struct authority *a, size_t attempt, struct http_next *ret)
{
	struct attempt w;

	attempt_replay(e, a, attempt, &w);
	*ret = w.next;
	attempt_done(&w);
}

/* ---- how many ---- */

static size_t addresses_of(const struct evidence *e, const struct authority *a, const char *host)
{
	size_t most = 0;

	for (int i = 0; i < 2; i++) {
		const struct ev_answer *answer = evidence_authority(e, host, i ? TYPE_AAAA : TYPE_A);
		size_t n = answer ? addresses_count(a, answer) : 0;

		most = n > most ? n : most;
	}
	return most;
}

size_t http_attempts(const struct evidence *e, const struct authority *a)
{
	size_t most = 1;

	if (!e->ip && (!evidence_authority(e, e->identifier, TYPE_A) || !evidence_authority(e, e->identifier, TYPE_AAAA)))
		return 0;
	if (!e->ip)
		most = addresses_of(e, a, e->identifier);
	for (size_t i = 0; i < e->hop_count; i++) {
		size_t n = addresses_of(e, a, e->hops[i].host);

		most = n > most ? n : most;
	}
	return most > HTTP_DRAWS_MAX ? HTTP_DRAWS_MAX : most ? most : 1;
}

static size_t draws_of(const struct evidence *e, const struct authority *a, const struct address_view *v4, const struct address_view *v6)
{
	bool blind;
	const struct ev_answer *a4 = view_answer(e, v4, TYPE_A, &blind), *a6 = view_answer(e, v6, TYPE_AAAA, &blind);
	size_t n4 = a4 ? addresses_count(a, a4) : 0, n6 = a6 ? addresses_count(a, a6) : 0, most = n4 > n6 ? n4 : n6;

	return most > HTTP_DRAWS_MAX ? HTTP_DRAWS_MAX : most ? most : 1;
}

size_t http_attempt_numbers(const struct evidence *e, const struct authority *a, size_t ret[HTTP_ATTEMPTS_MAX])
{
	size_t count = 0, usual = http_attempts(e, a);
	struct address_views v4, v6;
	bool blind;

	for (; count < usual; count++)
		ret[count] = count;
	if (!usual || e->ip)
		return count;
	views_read(e, a, TYPE_A, &v4, &blind);
	views_read(e, a, TYPE_AAAA, &v6, &blind);
	for (size_t pair = 1; pair < VIEWS_MAX * VIEWS_MAX; pair++) {
		size_t i = pair / VIEWS_MAX, k = pair % VIEWS_MAX;
		size_t draws = i < v4.count && k < v6.count ? draws_of(e, a, &v4.list[i], &v6.list[k]) : 0;

		for (size_t n = 0; n < draws && count < HTTP_ATTEMPTS_MAX; n++)
			ret[count++] = pair * HTTP_DRAWS_MAX + n;
	}
	return count;
}
