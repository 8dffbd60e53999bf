/* Looking for the value: cheap looks at single servers, at the times that poll.c says, until all show it; then the check that
 * decides (decide.c). Ends with the state.
 */
#include "solver/engine/probe.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"

/* Where many names ask the same server, each asks less often: a queue in front of it would delay the check that decides. */
#define CROWD_FACTOR 2

/* One server that is asked. */
struct ask {
	struct probe *p;
	size_t server;
	struct location one;   /* this server alone; its text is borrowed from the entry's location */
	struct look_run *look;
	struct ask *prev, *next;
};

static void tick(void *arg);

static int64_t now_ms(const struct probe *p)
{
	return loop_now_ms(p->e->parts.loop);
}

static bool is_http(const struct entry *n)
{
	return n->c.type == CHALLENGE_HTTP01;
}

/* ---- what the servers said ---- */

void probe_clear_looks(struct probe *p)
{
	for (size_t i = 0; i < p->look_count; i++)
		look_done(&p->looks[i]);
	free(p->looks);
	p->looks = NULL;
	p->look_count = 0;
}

/* An authority that meets such a server asks the next one: nothing it could be misled by. */
static bool is_silent(const struct look *l)
{
	if (l->silent)
		return true;
	return !l->value_count && (!l->status || (strcmp(l->status, "NOERROR") != 0 && strcmp(l->status, "NXDOMAIN") != 0));
}

static void keep_looks(struct probe *p, size_t first, struct verdict *v)
{
	size_t needed = first + v->look_count;

	if (needed > p->look_count) {
		p->looks = mem_resize(p->looks, needed, sizeof(*p->looks));
		memset(p->looks + p->look_count, 0, (needed - p->look_count) * sizeof(*p->looks));
		p->look_count = needed;
	}
	for (size_t i = 0; i < v->look_count; i++) {
		look_done(&p->looks[first + i]);
		p->looks[first + i] = v->looks[i];
	}
	v->look_count = 0; /* they are ours now */
}

static const struct look *first_bad(const struct probe *p)
{
	for (size_t i = 0; i < p->look_count; i++)
		if (p->looks[i].server && !p->looks[i].ok && !look_is_unroutable(&p->looks[i]))
			return &p->looks[i];
	return NULL;
}

/* Gives (free with free). */
static char *look_reason(const struct look *l)
{
	return mem_printf("%s (%s): %s", l->server, l->address, l->detail ? l->detail : l->status ? l->status : "no answer");
}

/* The only servers that are left say nothing: the first of them, or -1. */
static int first_unheard(const struct probe *p)
{
	int first = -1;

	for (size_t i = 0; i < p->poll.count; i++) {
		const struct poll_server *s = &p->poll.servers[i];
		bool heard = i < p->look_count && p->looks[i].server && !is_silent(&p->looks[i]);

		if (!s->shown && heard)
			return -1;
		if (!s->shown && first < 0)
			first = (int)i;
	}
	return poll_pending(&p->poll) < p->poll.count ? first : -1;
}

/* Gives (free with free), or NULL. */
static char *silence_reason(const struct probe *p)
{
	int i = is_http(p->n) || !p->n->location ? -1 : first_unheard(p);
	const struct look *l = i >= 0 && (size_t)i < p->look_count && p->looks[i].server ? &p->looks[i] : NULL;

	if (i < 0 || (size_t)i >= p->n->location->count)
		return NULL;
	return mem_printf("%s (%s): %s; the others show the value, so this server is waited for %lld seconds at most (check.silent-grace)",
	                  p->n->location->servers[i].name, p->n->location->servers[i].address,
	                  !l ? "no answer yet" : l->detail ? l->detail : l->status ? l->status : "no answer",
	                  (long long)p->e->config->check.silent_grace_ms / 1000);
}

static void summarize(const struct probe *p, struct verdict *v)
{
	const struct look *bad = first_bad(p);

	for (size_t i = 0; i < p->look_count && v->look_count < LOOKS_MAX; i++)
		if (p->looks[i].server)
			v->looks[v->look_count++] = p->looks[i]; /* borrowed */
	v->stage = STAGE_VALIDATION;
	v->result = bad ? VERDICT_FAIL : VERDICT_PASS;
	for (size_t i = 0; bad && i < v->look_count; i++)
		if (v->looks[i].ok)
			v->result = VERDICT_FLAKY;
	if (bad) {
		v->problem = bad->value_count ? PROBLEM_UNAUTHORIZED : is_http(p->n) ? PROBLEM_CONNECTION : PROBLEM_DNS;
		v->detail = look_reason(bad);
	} else {
		v->detail = mem_printf("all %zu %s of %s show%s the %s", v->look_count,
		                       is_http(p->n) ? "addresses" : "name server addresses", is_http(p->n) ? p->n->c.identifier : p->n->c.zone,
		                       v->look_count == 1 ? "s" : "", is_http(p->n) ? "key authorization" : "value");
	}
}

void probe_report(struct entry *n)
{
	struct probe *p = n->probe;
	struct verdict *v;
	CLEANUP(mem_freep) char *json = NULL;

	if (!p || !p->look_count)
		return;
	v = verdict_new();
	v->identifier = mem_dup(n->c.identifier);
	v->type = mem_dup(challenge_type_name(n->c.type));
	v->wildcard = n->c.wildcard;
	v->zone = mem_dup(n->c.zone);
	v->fqdn = mem_dup(n->c.fqdn);
	v->at_ms = loop_wall_ms(p->e->parts.loop);
	summarize(p, v);
	json = verdict_json(v);
	mem_replace(&n->c.verdict, json);
	if (v->result != VERDICT_PASS)
		waiting_set(p->e, n, v->detail);
	v->look_count = 0;
	verdict_free(v);
}

/* A server that does not show it yet is what waiting is for; one that fails is worth an event. */
static void tell_waiting(struct probe *p)
{
	const struct look *bad = first_bad(p);
	CLEANUP(mem_freep) char *reason = bad ? look_reason(bad) : NULL;
	CLEANUP(mem_freep) char *silence = silence_reason(p);

	if (silence && !bad)
		waiting_set(p->e, p->n, silence);
	else if (!bad)
		waiting_end(p->n);
	else if (silence)
		waiting_note(p->e, p->n, "not seen yet", silence);
	else if (is_http(p->n) || is_silent(bad))
		waiting_note(p->e, p->n, "not seen yet", reason);
	else
		waiting_set(p->e, p->n, reason);
}

/* ---- asking ---- */

static void ask_free(struct ask *a)
{
	DL_DELETE(a->p->asks, a);
	free(a->one.fqdn);
	free(a->one.zone);
	free(a);
}

static void asks_cancel(struct probe *p)
{
	while (p->asks) {
		look_cancel(p->asks->look);
		ask_free(p->asks);
	}
}

static void ask_all(struct probe *p);

/* The last server may have shown it, or all but those that say nothing. */
static void consider(struct probe *p)
{
	int64_t grace = p->e->config->check.silent_grace_ms;

	if (!poll_pending(&p->poll)) {
		probe_decide(p);
		return;
	}
	if (!poll_only_silent(&p->poll)) {
		p->silent_since_ms = 0;
		return;
	}
	if (!p->silent_since_ms)
		p->silent_since_ms = now_ms(p);
	if (now_ms(p) - p->silent_since_ms < grace)
		return;
	if (!p->silence_noted)
		life_note(p->e, p->n, "some name servers say nothing; they are waited for no longer, all others show the value");
	p->silence_noted = true;
	probe_decide(p);
}

static void on_look(struct verdict *v, void *arg)
{
	struct ask *a = arg;
	struct probe *p = a->p;
	size_t server = a->server;
	bool shown = v->result == VERDICT_PASS || v->result == VERDICT_UNKNOWN; /* a look cannot tell: the check will */
	bool silent = !is_http(p->n) && v->look_count && is_silent(&v->looks[0]);

	if (!is_http(p->n) && v->look_count)
		p->queued_ms = now_ms(p) - p->poll.servers[server].asked_ms - v->looks[0].elapsed_ms;
	ask_free(a);
	poll_answer(&p->poll, server, shown, silent);
	if (is_http(p->n))
		probe_clear_looks(p);
	if (v->look_count) {
		keep_looks(p, server, v);
		tell_waiting(p);
	} else {
		waiting_note(p->e, p->n, "not seen yet", v->detail ? v->detail : "nothing could be asked");
	}
	verdict_free(v);
	if (shown)
		ask_all(p);
	consider(p);
}

static void ask(struct probe *p, size_t server)
{
	struct entry *n = p->n;
	struct ask *a = mem_new(1, sizeof(*a));
	struct look_request q = { .identifier = n->c.identifier, .token = n->c.token,
	                          .expected = is_http(n) ? n->c.key_authorization : n->c.value };

	a->p = p;
	a->server = server;
	DL_APPEND(p->asks, a);
	p->e->numbers.probes++;
	if (is_http(n)) {
		a->look = look_http(p->e->checker, &q, on_look, a);
		return;
	}
	a->one.fqdn = mem_dup(n->location->fqdn);
	a->one.zone = mem_dup(n->location->zone);
	a->one.servers[0] = n->location->servers[server];
	a->one.count = 1;
	q.location = &a->one;
	a->look = look_dns(p->e->checker, &q, on_look, a);
}

static void ask_all(struct probe *p)
{
	int i;

	while ((i = poll_ask_rest(&p->poll, now_ms(p))) >= 0)
		ask(p, (size_t)i);
}

/* ---- the times ---- */

static void tick_later(struct probe *p)
{
	int64_t ms = poll_pause(&p->poll, now_ms(p)) + CROWD_FACTOR * p->queued_ms;
	int64_t grace = p->e->config->check.silent_grace_ms;

	if (p->silent_since_ms && p->silent_since_ms + grace - now_ms(p) < ms)
		ms = p->silent_since_ms + grace - now_ms(p);
	timer_stop(p->timer);
	p->timer = timer_start(p->e->parts.loop, ms > 1 ? ms : 1, tick, p);
}

static void tick(void *arg)
{
	struct probe *p = arg;
	struct entry *n = p->n;
	int i;

	p->timer = NULL;
	i = poll_ask(&p->poll, now_ms(p));
	if (i >= 0)
		ask(p, (size_t)i);
	if (p->silent_since_ms)
		consider(p);
	if (n->probe == p && !p->check && !p->timer)
		tick_later(p);
}

static void begin(struct probe *p)
{
	const struct instance *i = p->n->c.provider ? instance_find(p->e, p->n->c.provider) : NULL;
	unsigned char phase;

	id_random(&phase, 1);
	poll_begin(&p->poll, p->n->location ? p->n->location->count : 1, now_ms(p), phase, i ? &i->delays : NULL);
	p->poll.min_ms = p->e->config->check.poll_first_ms;
	p->poll.max_ms = p->e->config->check.poll_max_ms;
	ask_all(p);
	tick_later(p);
}

static void locate(struct probe *p);

static void locate_again(void *arg)
{
	struct probe *p = arg;

	p->timer = NULL;
	locate(p);
}

static void on_located(struct location *l, const struct err *err, void *arg)
{
	struct entry *n = arg;

	n->locate = NULL;
	if (!l) {
		waiting_note(n->e, n, "not seen yet", err->text);
		n->probe->timer = timer_start(n->e->parts.loop, LOCATE_AGAIN_MS, locate_again, n->probe);
		return;
	}
	n->location = l;
	begin(n->probe);
}

/* After a restart, or when a record that was ready is lost. */
static void locate(struct probe *p)
{
	p->n->locate = locate_start(p->e->checker, p->n->c.fqdn, false, on_located, p->n);
}

void probe_start(struct engine *e, struct entry *n)
{
	struct probe *p = mem_new(1, sizeof(*p));

	probe_stop(n);
	p->e = e;
	p->n = n;
	n->probe = p;
	if (n->location || is_http(n))
		begin(p);
	else
		locate(p);
}

void probe_rest(struct probe *p)
{
	timer_stop(p->timer);
	p->timer = NULL;
	asks_cancel(p);
}

void probe_stop(struct entry *n)
{
	struct probe *p = n->probe;

	if (!p)
		return;
	probe_report(n);
	n->probe = NULL;
	probe_rest(p);
	if (p->check)
		check_cancel(p->check);
	gate_leave(&p->ticket);
	probe_clear_looks(p);
	free(p);
}

char *probe_summary(const struct probe *p)
{
	struct verdict *v = verdict_new();
	char *detail;

	summarize(p, v);
	detail = mem_dup(v->detail);
	v->look_count = 0;
	verdict_free(v);
	return detail;
}
