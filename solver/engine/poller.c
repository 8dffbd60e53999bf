#include "solver/engine/poller.h"

#include <stdlib.h>

#include "solver/base/mem.h"
#include "solver/engine/entry.h"
#include "solver/engine/instance.h"
#include "solver/engine/route.h"
#include "solver/engine/waiting.h"

/* Where many names ask the same server, each asks less often: a queue in front of it would delay the check that decides. */
#define CROWD_FACTOR 2

/* One server that is asked. */
struct query {
	struct poller *p;
	size_t server;
	struct location one;   /* this server alone; its text is borrowed from the entry's location */
	struct poll_run *run;
	struct query *prev, *next;
};

static void tick(void *arg);

static int64_t now_ms(const struct poller *p)
{
	return loop_now_ms(p->n->e->parts.loop);
}

static const struct config *config_of(const struct poller *p)
{
	return p->n->e->config;
}

static bool is_http(const struct poller *p)
{
	return p->n->c.type == CHALLENGE_HTTP01;
}

/* ---- what the servers said ---- */

/* What this server said last, or NULL. */
static const struct query_result *result_of(const struct poller *p, size_t server)
{
	return server < p->results.count && p->results.items[server].server ? &p->results.items[server] : NULL;
}

/* The only servers that are left say nothing: the first of them, or -1. */
static int first_unheard(const struct poller *p)
{
	int first = -1;

	for (size_t i = 0; i < p->poll.count; i++) {
		const struct query_result *l = result_of(p, i);

		if (!p->poll.servers[i].shown && l && !query_result_is_silent(l))
			return -1;
		if (!p->poll.servers[i].shown && first < 0)
			first = (int)i;
	}
	return poll_pending(&p->poll) < p->poll.count ? first : -1;
}

/* Gives (free with free), or NULL. */
static char *silence_reason(const struct poller *p)
{
	const struct location *servers = p->n->publication.delivery->location;
	int i = is_http(p) || !servers ? -1 : first_unheard(p);
	const struct query_result *l = i >= 0 ? result_of(p, (size_t)i) : NULL;

	if (i < 0 || (size_t)i >= servers->count)
		return NULL;
	return mem_printf("%s (%s): %s; the others show the value, so this server is waited for %lld seconds at most (check.silent-grace)",
	                  servers->servers[i].name, servers->servers[i].address,
	                  !l ? "no answer yet" : l->detail ? l->detail : l->status ? l->status : "no answer",
	                  (long long)config_of(p)->check.silent_grace_ms / 1000);
}

void poller_report(struct poller *p)
{
	struct entry *n = p->n;
	CLEANUP(mem_freep) char *json = NULL;
	struct verdict *v;

	if (!p->results.count)
		return;
	v = query_results_verdict(&p->results, n);
	json = verdict_json(v);
	mem_replace(&n->c.verdict, json);
	if (v->result != VERDICT_PASS)
		waiting_set(n->e, n, v->detail);
	query_results_verdict_free(v);
}

/* A server that does not show it yet is what waiting is for; one that fails is worth an event. */
static void tell_waiting(struct poller *p)
{
	struct entry *n = p->n;
	const struct query_result *bad = query_results_first_bad(&p->results);
	CLEANUP(mem_freep) char *reason = bad ? query_result_reason(bad) : NULL;
	CLEANUP(mem_freep) char *silence = silence_reason(p);

	if (silence && !bad)
		waiting_set(n->e, n, silence);
	else if (!bad)
		waiting_end(n);
	else if (silence)
		life_wait(n->e, n, "not seen yet", silence);
	else if (is_http(p) || query_result_is_silent(bad))
		life_wait(n->e, n, "not seen yet", reason);
	else
		waiting_set(n->e, n, reason);
}

/* ---- asking ---- */

static void query_free(struct query *q)
{
	DL_DELETE(q->p->queries, q);
	free(q->one.fqdn);
	free(q->one.zone);
	free(q);
}

static void ask_all(struct poller *p);

static void finish(struct poller *p)
{
	poller_rest(p);
	p->shown(p->n);
}

/* The last server may have shown it, or all but those that say nothing. False when the poller is over. */
static bool consider(struct poller *p)
{
	if (!poll_pending(&p->poll)) {
		finish(p);
		return false;
	}
	if (!poll_only_silent(&p->poll)) {
		p->silent_since_ms = 0;
		return true;
	}
	if (!p->silent_since_ms)
		p->silent_since_ms = now_ms(p);
	if (now_ms(p) - p->silent_since_ms < config_of(p)->check.silent_grace_ms)
		return true;
	if (!p->silence_noted)
		life_note(p->n->e, p->n, "some name servers say nothing; they are waited for no longer, all others show the value");
	p->silence_noted = true;
	finish(p);
	return false;
}

static void on_result(struct verdict *v, void *arg)
{
	struct query *q = arg;
	struct poller *p = q->p;
	size_t server = q->server;
	bool shown = v->result == VERDICT_PASS || v->result == VERDICT_UNKNOWN; /* a query cannot tell: the check will */
	bool silent = !is_http(p) && v->result_count && query_result_is_silent(&v->results[0]);

	if (!is_http(p) && v->result_count)
		p->queued_ms = now_ms(p) - p->poll.servers[server].asked_ms - v->results[0].elapsed_ms;
	query_free(q);
	poll_answer(&p->poll, server, shown, silent);
	if (is_http(p))
		query_results_clear(&p->results);
	if (v->result_count) {
		query_results_keep(&p->results, server, v);
		tell_waiting(p);
	} else {
		life_wait(p->n->e, p->n, "not seen yet", v->detail ? v->detail : "nothing could be asked");
	}
	verdict_free(v);
	if (shown)
		ask_all(p);
	consider(p);
}

static void ask(struct poller *p, size_t server)
{
	struct entry *n = p->n;
	const struct location *servers = n->publication.delivery->location;
	struct query *q = mem_new(1, sizeof(*q));
	struct poll_request r = { .identifier = n->c.identifier, .token = n->c.token, .expected = is_http(p) ? n->c.key_authorization : n->c.value,
	                          .authority = route_of(n->e, &n->c)->authority };

	q->p = p;
	q->server = server;
	DL_APPEND(p->queries, q);
	n->e->numbers.probes++;
	if (is_http(p)) {
		q->run = poll_http(n->e->checker, &r, on_result, q);
		return;
	}
	q->one.fqdn = mem_dup(servers->fqdn);
	q->one.zone = mem_dup(servers->zone);
	q->one.servers[0] = servers->servers[server];
	q->one.count = 1;
	r.location = &q->one;
	q->run = poll_dns(n->e->checker, &r, on_result, q);
}

static void ask_all(struct poller *p)
{
	int i;

	while ((i = poll_ask_rest(&p->poll, now_ms(p))) >= 0)
		ask(p, (size_t)i);
}

/* ---- the times ---- */

static void tick_later(struct poller *p)
{
	int64_t ms = poll_pause(&p->poll, now_ms(p)) + CROWD_FACTOR * p->queued_ms;
	int64_t grace = config_of(p)->check.silent_grace_ms;

	if (p->silent_since_ms && p->silent_since_ms + grace - now_ms(p) < ms)
		ms = p->silent_since_ms + grace - now_ms(p);
	timer_stop(p->timer);
	p->timer = timer_start(p->n->e->parts.loop, ms > 1 ? ms : 1, tick, p);
}

static void tick(void *arg)
{
	struct poller *p = arg;
	int i;

	p->timer = NULL;
	i = poll_ask(&p->poll, now_ms(p));
	if (i >= 0)
		ask(p, (size_t)i);
	if (!p->silent_since_ms || consider(p))
		tick_later(p);
}

void poller_start(struct poller *p, struct entry *n, void (*shown)(struct entry *n))
{
	const struct instance *i = n->c.provider ? instance_find(n->e, n->c.provider) : NULL;
	unsigned char phase;

	p->n = n;
	p->shown = shown;
	id_random(&phase, 1);
	poll_begin(&p->poll, n->publication.delivery->location ? n->publication.delivery->location->count : 1, now_ms(p), phase, i ? &i->delays : NULL);
	p->poll.min_ms = config_of(p)->check.poll_first_ms;
	p->poll.max_ms = config_of(p)->check.poll_max_ms;
	ask_all(p);
	tick_later(p);
}

void poller_rest(struct poller *p)
{
	timer_stop(p->timer);
	p->timer = NULL;
	while (p->queries) {
		poll_cancel(p->queries->run);
		query_free(p->queries);
	}
}

void poller_stop(struct poller *p)
{
	poller_rest(p);
	query_results_clear(&p->results);
}
