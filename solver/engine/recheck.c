#include "solver/engine/recheck.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/check/poll.h"
#include "solver/engine/due.h"
#include "solver/engine/entry.h"
#include "solver/engine/route.h"

#define FIRST_MS 60000
#define SURE_MS 5000      /* before the second recheck, when the first finds nothing */
#define TICK_MS 1000
#define STARTS_A_TICK 100
#define AT_ONCE 32
#define SCAN_MAX 5000     /* entries that one tick walks past */

struct recheck_run {
	struct engine *e;
	struct entry *n;
	struct locate *locate;
	struct location *location;
	struct poll_run *result;
};

static void fill(struct engine *e);

static int64_t now_ms(const struct engine *e)
{
	return loop_now_ms(e->parts.loop);
}

static void run_end(struct recheck_run *r, int64_t next_ms)
{
	struct engine *e = r->e;

	r->n->recheck.run = NULL;
	r->n->recheck.next_ms = now_ms(e) + next_ms;
	location_free(r->location);
	free(r);
	e->rechecks.running--;
}

/* A server that says nothing now says nothing about the value. */
static const struct query_result *first_without(const struct verdict *v, bool http)
{
	for (size_t i = 0; i < v->result_count; i++) {
		const struct query_result *l = &v->results[i];
		bool speaks = http ? l->status && isdigit((unsigned char)*l->status) :
		                     l->authoritative && l->status && (strcmp(l->status, "NOERROR") == 0 || strcmp(l->status, "NXDOMAIN") == 0);

		if (!l->ok && speaks)
			return l;
	}
	return NULL;
}

/* It is published again, and has as long as at first to become ready. */
static void lost(struct engine *e, struct entry *n, const struct query_result *l)
{
	CLEANUP(mem_freep) char *sentence = mem_printf("it was ready, and is not there any more: %s (%s): %s", l->server, l->address,
	                                               l->detail ? l->detail : l->status);

	n->c.deadline_ms = loop_wall_ms(e->parts.loop) + n->c.within_ms;
	due_deadline(e, n);
	life_input(e, n, INPUT_LOST, sentence);
}

static void on_look(struct verdict *v, void *arg)
{
	struct recheck_run *r = arg;
	struct engine *e = r->e;
	struct entry *n = r->n;
	const struct query_result *without = first_without(v, n->c.type == CHALLENGE_HTTP01);
	bool sure = without && n->recheck.missed;

	r->result = NULL;
	n->recheck.missed = without != NULL;
	run_end(r, without ? SURE_MS : e->config->check.recheck_ms);
	if (sure)
		lost(e, n, without);
	verdict_free(v);
	fill(e);
}

static void on_located(struct location *l, const struct err *err, void *arg)
{
	struct recheck_run *r = arg;
	const struct challenge *c = &r->n->c;
	struct poll_request q = { .identifier = c->identifier, .expected = c->value, .location = l };

	(void)err;
	r->locate = NULL;
	r->location = l;
	if (l && strcmp(l->fqdn, c->fqdn) == 0)
		r->result = poll_dns(r->e->checker, &q, on_look, r);
	else
		run_end(r, r->e->config->check.recheck_ms); /* nobody answers, or a CNAME stands there now: no word of the value */
}

static void run(struct engine *e, struct entry *n)
{
	struct poll_request q = { .identifier = n->c.identifier, .token = n->c.token, .expected = n->c.key_authorization,
	                          .authority = route_of(e, &n->c)->authority };
	struct recheck_run *r = mem_new(1, sizeof(*r));

	*r = (struct recheck_run){ .e = e, .n = n };
	n->recheck.run = r;
	e->rechecks.running++;
	e->rechecks.started++;
	e->numbers.probes++;
	if (n->c.type == CHALLENGE_HTTP01)
		r->result = poll_http(e->checker, &q, on_look, r);
	else
		r->locate = locate_start(e->checker, n->c.fqdn, false, on_located, r);
}

/* Round and round through the list, from where it stopped. */
static void fill(struct engine *e)
{
	struct rechecks *all = &e->rechecks;

	for (size_t i = 0; i < SCAN_MAX && all->running < AT_ONCE && all->started < STARTS_A_TICK; i++) {
		struct entry *n = all->turn ? all->turn : all->ready;

		if (!n)
			return;
		all->turn = n->recheck.next;
		if (!n->recheck.run && n->recheck.next_ms <= now_ms(e))
			run(e, n);
		if (!all->turn)
			return;
	}
}

static void tick(void *arg)
{
	struct engine *e = arg;

	e->rechecks.timer = NULL;
	e->rechecks.started = 0;
	if (e->config->check.recheck_ms)
		fill(e);
	if (e->rechecks.ready)
		e->rechecks.timer = timer_start(e->parts.loop, TICK_MS, tick, e);
}

void recheck_start(struct engine *e, struct entry *n)
{
	int64_t pause = e->config->check.recheck_ms;

	if (e->closing || n->recheck.prev)
		return;
	n->recheck.next_ms = now_ms(e) + (pause < FIRST_MS ? pause : FIRST_MS);
	DL_APPEND2(e->rechecks.ready, n, recheck.prev, recheck.next);
	if (!e->rechecks.timer)
		e->rechecks.timer = timer_start(e->parts.loop, TICK_MS, tick, e);
}

void rechecks_reconfigure(struct engine *e)
{
	int64_t pause_ms = e->config->check.recheck_ms, latest_ms = now_ms(e) + pause_ms;
	struct entry *n;

	if (!pause_ms)
		return;
	DL_FOREACH2(e->rechecks.ready, n, recheck.next)
		if (n->recheck.next_ms > latest_ms)
			n->recheck.next_ms = latest_ms;
}

void recheck_stop(struct engine *e, struct entry *n)
{
	struct recheck_run *r = n->recheck.run;

	if (r && r->locate)
		locate_cancel(r->locate);
	if (r && r->result)
		poll_cancel(r->result);
	if (r)
		run_end(r, 0);
	if (!n->recheck.prev)
		return;
	if (e->rechecks.turn == n)
		e->rechecks.turn = n->recheck.next;
	DL_DELETE2(e->rechecks.ready, n, recheck.prev, recheck.next);
	n->recheck = (struct recheck){ 0 };
}

void rechecks_end(struct engine *e)
{
	timer_stop(e->rechecks.timer);
	e->rechecks.timer = NULL;
}
