#include "solver/engine/propagation.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/base/pause.h"
#include "solver/check/check.h"
#include "solver/engine/entry.h"
#include "solver/engine/instance.h"
#include "solver/engine/learn.h"
#include "solver/engine/outcome.h"
#include "solver/engine/poller.h"
#include "solver/engine/record.h"
#include "solver/engine/route.h"

#define LOCATE_AGAIN_MS 1000
#define AGAIN_FIRST_MS 500
#define AGAIN_MAX_MS 60000

struct propagation {
	struct engine *e;
	struct entry *n;
	struct locate *locate;   /* of its name servers: after a restart, or when a record that was ready is lost */
	struct poller poller;
	struct check_slot slot;
	struct check_run *check; /* the one that decides, or NULL */
	struct timer *timer;     /* the next try to locate, or the next check */
	unsigned checks;         /* that did not pass */
};

/* ---- the check that decides ---- */

static void decide(struct propagation *p);

static void again(void *arg)
{
	struct propagation *p = arg;

	p->timer = NULL;
	decide(p);
}

static void hold(struct propagation *p, const char *reason, int64_t least_ms)
{
	int64_t pause = pause_doubled(AGAIN_FIRST_MS, AGAIN_MAX_MS, p->checks++);

	p->timer = timer_start(p->e->parts.loop, pause > least_ms ? pause : least_ms, again, p);
	life_wait(p->e, p->n, "not ready yet", reason);
}

/* CAA names one account of the authority, and the caller did not say which is its own: it wrote that record for its own, most likely.
 * CPS asks with Akamai's account, which nobody's record names by accident. */
static bool only_the_account_is_unknown(const struct entry *n, const struct verdict *v)
{
	for (size_t i = 0; i < v->finding_count; i++)
		if (v->stage == STAGE_CAA && strcmp(v->findings[i].code, "caa-account-unknown") == 0)
			return !n->c.client || strcmp(n->c.client, "cps") != 0;
	return false;
}

/* Accepting what nobody can know is one thing, a wrong answer or a network that is down another. */
static bool sees_nothing_wrong(const struct evidence *evidence, const struct verdict *v)
{
	const struct ev_host *h = &evidence->host;

	for (size_t i = 0; i < v->result_count; i++)
		if (!v->results[i].ok && !v->results[i].silent)
			return false;
	return !h->known || ((h->ipv4 || h->ipv6) && h->descriptors);
}

/* Every server shows it, or nothing would be decided; who switched the authority's view off wants to know no more. */
static bool accepts_unknown(const struct entry *n, const struct verdict *v)
{
	return !n->e->config->check.authority_view || route_of(n->e, &n->c)->unknown == UNKNOWN_ACCEPT || only_the_account_is_unknown(n, v);
}

/* What can be done about it, beside waiting. */
static char *unknown_sentence(const struct verdict *v)
{
	const char *way = "if that is how it should be, ";

	if (v->doubted)
		way = "let a perspective that can see it check too (perspectives.peers), or ";
	else if (v->stage == STAGE_LOOKUP)
		way = "let this host ask name servers in the world (port 53), or ";
	return mem_printf("%s; %ssay \"unknown: accept\" in its route", v->detail, way);
}

static void take_verdict(struct propagation *p, const struct evidence *evidence, const struct verdict *v, int64_t wait_ms)
{
	struct entry *n = p->n;
	CLEANUP(mem_freep) char *text = NULL;

	if (wait_ms > 0) {
		text = mem_printf("an earlier attempt failed; the next one waits %lld s, until caches have forgotten it and another failure is "
		                  "affordable", (long long)(wait_ms + 999) / 1000);
		hold(p, text, wait_ms);
	} else if (v->result == VERDICT_PASS) {
		life_input(p->e, n, INPUT_SEEN, v->detail);
	} else if (v->result == VERDICT_UNKNOWN && accepts_unknown(n, v) && sees_nothing_wrong(evidence, v)) {
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
	struct propagation *p = arg;
	struct entry *n = p->n;
	CLEANUP(mem_freep) char *json = NULL;
	int64_t wait_ms;

	p->check = NULL;
	check_slot_leave(&p->slot);
	wait_ms = outcome_budget(p->e, &n->c, &evidence->budget);
	if (evidence->budget.failures) {
		verdict_free(v);
		v = judge(evidence, checker_authority_of(p->e->checker, evidence));
	}
	json = verdict_json(v);
	mem_replace(&n->c.verdict, json);
	query_results_clear(&p->poller.results); /* the verdict says more */
	take_verdict(p, evidence, v, wait_ms);
	verdict_free(v);
	evidence_free(evidence);
}

static void start_check(void *arg)
{
	struct propagation *p = arg;
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
		.location = http ? NULL : n->publication.delivery->location,
		.results = p->poller.results.items,
		.result_count = p->poller.results.count,
	};
	struct err err;

	p->e->numbers.probes++;
	if (check_start(p->e->checker, &want, on_verdict, p, &p->check, &err) == 0)
		return;
	check_slot_leave(&p->slot);
	hold(p, err.text, 0);
}

static void decide(struct propagation *p)
{
	struct verdict *v;

	if (record_is_usual(&p->n->c)) {
		check_slot_enter(p->e, &p->slot, start_check, p);
		return;
	}
	v = query_results_verdict(&p->poller.results, p->n);
	life_input(p->e, p->n, INPUT_SEEN, v->detail);
	query_results_verdict_free(v);
}

/* ---- the polls ---- */

/* How long this provider takes, for the next time. */
static void learn(struct engine *e, struct entry *n)
{
	struct instance *i = n->c.provider ? instance_find(e, n->c.provider) : NULL;

	if (!i || n->c.type == CHALLENGE_HTTP01 || !n->publication.delivery->taken_ms)
		return;
	delays_add(&i->delays, loop_now_ms(e->parts.loop) - n->publication.delivery->taken_ms);
	delays_keep(e, i);
	n->publication.delivery->taken_ms = 0; /* once */
}

static void on_shown(struct entry *n)
{
	learn(n->e, n);
	decide(n->propagation);
}

static void find_servers(struct propagation *p);

static void find_again(void *arg)
{
	struct propagation *p = arg;

	p->timer = NULL;
	find_servers(p);
}

static void on_located(struct location *l, const struct err *err, void *arg)
{
	struct propagation *p = arg;

	p->locate = NULL;
	if (!l) {
		life_wait(p->e, p->n, "not seen yet", err->text);
		p->timer = timer_start(p->e->parts.loop, LOCATE_AGAIN_MS, find_again, p);
		return;
	}
	p->n->publication.delivery->location = l;
	poller_start(&p->poller, p->n, on_shown);
}

static void find_servers(struct propagation *p)
{
	p->locate = locate_start(p->e->checker, p->n->c.fqdn, false, on_located, p);
}

/* ---- the activity ---- */

void propagation_start(struct engine *e, struct entry *n)
{
	struct propagation *p = mem_new(1, sizeof(*p));

	p->e = e;
	p->n = n;
	n->propagation = p;
	if (n->publication.delivery->location || n->c.type == CHALLENGE_HTTP01)
		poller_start(&p->poller, n, on_shown);
	else
		find_servers(p);
}

void propagation_report(struct engine *e, struct entry *n)
{
	(void)e;
	if (n->propagation && n->propagation->poller.n)
		poller_report(&n->propagation->poller);
}

void propagation_stop(struct engine *e, struct entry *n)
{
	struct propagation *p = n->propagation;

	propagation_report(e, n);
	location_free(n->publication.delivery->location); /* it takes a kilobyte */
	n->publication.delivery->location = NULL;
	if (!p)
		return;
	n->propagation = NULL;
	if (p->locate)
		locate_cancel(p->locate);
	if (p->check)
		check_cancel(p->check);
	check_slot_leave(&p->slot);
	timer_stop(p->timer);
	poller_stop(&p->poller);
	free(p);
}
