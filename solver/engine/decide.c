/* The check that decides: every server that is looked at shows the value, so the authority's view and all servers are asked once
 * more and judged as the authority would. Ready is the verdict PASS; what is not is held back and checked again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/engine/probe.h"
#include "solver/engine/request.h"

#define AGAIN_FIRST_MS 500
#define AGAIN_MAX_MS 60000

/* How long this provider takes, for the next time. */
static void learn(struct probe *p)
{
	struct entry *n = p->n;
	struct instance *i = n->c.provider ? instance_find(p->e, n->c.provider) : NULL;

	if (!i || n->c.type == CHALLENGE_HTTP01 || !n->published_ms)
		return;
	delays_add(&i->delays, loop_now_ms(p->e->parts.loop) - n->published_ms);
	delays_keep(p->e, i);
	n->published_ms = 0; /* once */
}

static void again(void *arg)
{
	struct probe *p = arg;

	p->timer = NULL;
	probe_decide(p);
}

/* The event says so when the reason is another than the last time. */
static void hold(struct probe *p, const char *reason, int64_t least_ms)
{
	struct entry *n = p->n;
	int64_t pause = AGAIN_FIRST_MS;

	for (unsigned i = p->checks++; i > 0 && pause < AGAIN_MAX_MS; i--)
		pause *= 2;
	if (pause > AGAIN_MAX_MS)
		pause = AGAIN_MAX_MS;
	if (pause < least_ms)
		pause = least_ms;
	p->timer = timer_start(p->e->parts.loop, pause, again, p);
	waiting_note(p->e, n, "not ready yet", reason);
}

/* CAA names one account of the authority, and the caller did not say which is its own: it wrote that record for its own, most likely.
 * CPS asks with Akamai's account, which nobody's record names by accident. */
static bool only_the_account_is_unknown(const struct probe *p, const struct verdict *v)
{
	for (size_t i = 0; i < v->finding_count; i++)
		if (v->stage == STAGE_CAA && strcmp(v->findings[i].code, "caa-account-unknown") == 0)
			return !p->n->c.client || strcmp(p->n->c.client, "cps") != 0;
	return false;
}

/* Accepting what nobody can know is one thing, a wrong answer or a network that is down another. */
static bool sees_nothing_wrong(const struct evidence *evidence, const struct verdict *v)
{
	const struct ev_host *h = &evidence->host;

	for (size_t i = 0; i < v->look_count; i++)
		if (!v->looks[i].ok && !v->looks[i].silent)
			return false;
	return !h->known || ((h->ipv4 || h->ipv6) && h->descriptors);
}

/* Every server shows it, or nothing would be decided; who switched the authority's view off wants to know no more. */
static bool accepts_unknown(const struct probe *p, const struct verdict *v)
{
	return !p->e->config->check.authority_view || route_of(p->e, &p->n->c)->unknown == UNKNOWN_ACCEPT || only_the_account_is_unknown(p, v);
}

/* What can be done about it, beside waiting. */
static char *unknown_sentence(const struct verdict *v)
{
	const char *way = "if that is how it should be, ";

	if (v->doubted)
		way = "let a perspective that can see it look too (perspectives.peers), or ";
	else if (v->stage == STAGE_LOOKUP)
		way = "let this host ask name servers in the world (port 53), or ";
	return mem_printf("%s; %ssay \"unknown: accept\" in its route", v->detail, way);
}

static void take_verdict(struct probe *p, const struct evidence *evidence, const struct verdict *v, int64_t wait_ms)
{
	struct entry *n = p->n;
	bool accept = v->result == VERDICT_UNKNOWN && accepts_unknown(p, v) && sees_nothing_wrong(evidence, v);
	CLEANUP(mem_freep) char *text = NULL;

	if (wait_ms > 0) {
		text = mem_printf("an earlier attempt failed; the next one waits %lld s, until caches have forgotten it and another failure is "
		                  "affordable", (long long)(wait_ms + 999) / 1000);
		hold(p, text, wait_ms);
	} else if (v->result == VERDICT_PASS) {
		life_input(p->e, n, INPUT_SEEN, v->detail);
	} else if (accept) {
		text = mem_printf("accepted, although not all of it can be known from here: %s", v->detail);
		life_input(p->e, n, INPUT_SEEN, text);
	} else if (v->result == VERDICT_UNKNOWN) {
		text = unknown_sentence(v);
		hold(p, text, 0);
	} else {
		hold(p, v->detail ? v->detail : "the check gave no reason", 0);
	}
}

static void on_verdict(struct evidence *evidence, struct verdict *v, void *arg)
{
	struct probe *p = arg;
	struct entry *n = p->n;
	CLEANUP(mem_freep) char *json = NULL;
	int64_t wait_ms;

	p->check = NULL;
	gate_leave(&p->ticket);
	wait_ms = outcome_budget(p->e, &n->c, &evidence->budget);
	if (evidence->budget.failures) {
		verdict_free(v);
		v = judge(evidence, checker_authority(p->e->checker, evidence->authority));
	}
	json = verdict_json(v);
	mem_replace(&n->c.verdict, json);
	probe_clear_looks(p); /* the verdict says more */
	take_verdict(p, evidence, v, wait_ms);
	verdict_free(v);
	evidence_free(evidence);
}

static void start_check(void *arg)
{
	struct probe *p = arg;
	struct entry *n = p->n;
	const struct config_route *route = route_of(p->e, &n->c);
	CLEANUP(mem_freep) char *domain = mem_printf("%s%s", n->c.wildcard ? "*." : "", n->c.identifier);
	bool http = n->c.type == CHALLENGE_HTTP01;
	const struct check_want want = {
		.type = challenge_type_name(n->c.type),
		.domain = domain,
		.token = http ? n->c.token : NULL,
		.key_authorization = http ? n->c.key_authorization : NULL,
		.value = http ? NULL : n->c.value,
		.account_uri = n->c.account_uri,
		.authority = route->authority,
		.parts = CHECK_VALIDATION | CHECK_SERVERS | CHECK_PERSPECTIVES | (route->preflight == PREFLIGHT_REFUSE ? CHECK_CAA : 0),
		.location = http ? NULL : n->location,
		.looks = p->looks,
		.look_count = p->look_count,
	};
	struct err err;

	poll_count_check(&p->poll);
	p->e->numbers.probes++;
	if (check_start(p->e->checker, &want, on_verdict, p, &p->check, &err) == 0)
		return;
	gate_leave(&p->ticket);
	hold(p, err.text, 0);
}

void probe_decide(struct probe *p)
{
	CLEANUP(mem_freep) char *detail = NULL;

	probe_rest(p);
	learn(p);
	if (request_identifier_is_known(&p->n->c)) {
		gate_enter(p->e, &p->ticket, start_check, p);
		return;
	}
	detail = probe_summary(p);
	life_input(p->e, p->n, INPUT_SEEN, detail);
}
