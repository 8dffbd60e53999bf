/* What was ready is looked at again now and then: a zone that is replaced, a second client that overwrites the record or a server
 * that moves take a value away while the authority has yet to come. Seldom, few at a time, and twice before it counts as lost.
 */
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/check/look.h"
#include "solver/engine/internal.h"

#define FIRST_MS 60000
#define SURE_MS 5000      /* before the second look, when the first finds nothing */
#define TICK_MS 1000
#define STARTS_A_TICK 100
#define AT_ONCE 32
#define SCAN_MAX 5000     /* entries that one tick walks past */

struct relook {
	struct engine *e;
	struct entry *n;
	struct locate *locate;
	struct location *location;
	struct look_run *look;
};

static void fill(struct engine *e);

static int64_t now_ms(const struct engine *e)
{
	return loop_now_ms(e->parts.loop);
}

static void relook_end(struct relook *r, int64_t next_ms)
{
	struct engine *e = r->e;

	r->n->relook = NULL;
	r->n->relook_ms = now_ms(e) + next_ms;
	location_free(r->location);
	free(r);
	e->relooks--;
}

/* A server that says nothing now says nothing about the value. */
static const struct look *first_without(const struct verdict *v, bool http)
{
	for (size_t i = 0; i < v->look_count; i++) {
		const struct look *l = &v->looks[i];
		bool speaks = http ? l->value_count > 0 :
		                     l->authoritative && l->status && (strcmp(l->status, "NOERROR") == 0 || strcmp(l->status, "NXDOMAIN") == 0);

		if (!l->ok && speaks)
			return l;
	}
	return NULL;
}

static void lost(struct engine *e, struct entry *n, const struct look *l)
{
	CLEANUP(mem_freep) char *sentence = mem_printf("it was ready, and is not there any more: %s (%s): %s", l->server, l->address,
	                                               l->detail ? l->detail : l->status);

	n->c.deadline_ms = loop_wall_ms(e->parts.loop) + n->c.within_ms;
	life_deadline(e, n);
	n->missed = false;
	n->published_ms = 0;
	life_input(e, n, INPUT_LOST, sentence);
}

static void on_look(struct verdict *v, void *arg)
{
	struct relook *r = arg;
	struct engine *e = r->e;
	struct entry *n = r->n;
	const struct look *without = first_without(v, n->c.type == CHALLENGE_HTTP01);
	bool sure = without && n->missed;

	r->look = NULL;
	n->missed = without != NULL;
	relook_end(r, without ? SURE_MS : e->config->check.recheck_ms);
	if (sure)
		lost(e, n, without);
	verdict_free(v);
	fill(e);
}

static void on_located(struct location *l, const struct err *err, void *arg)
{
	struct relook *r = arg;
	const struct challenge *c = &r->n->c;
	struct look_request q = { .identifier = c->identifier, .expected = c->value, .location = l };

	(void)err;
	r->locate = NULL;
	r->location = l;
	if (l && strcmp(l->fqdn, c->fqdn) == 0)
		r->look = look_dns(r->e->checker, &q, on_look, r);
	else
		relook_end(r, r->e->config->check.recheck_ms); /* nobody answers, or a CNAME stands there now: no word of the value */
}

static void start(struct engine *e, struct entry *n)
{
	struct look_request q = { .identifier = n->c.identifier, .token = n->c.token, .expected = n->c.key_authorization };
	struct relook *r = mem_new(1, sizeof(*r));

	*r = (struct relook){ .e = e, .n = n };
	n->relook = r;
	e->relooks++;
	e->relook_starts++;
	e->numbers.probes++;
	if (n->c.type == CHALLENGE_HTTP01)
		r->look = look_http(e->checker, &q, on_look, r);
	else
		r->locate = locate_start(e->checker, n->c.fqdn, false, on_located, r);
}

static bool is_due(const struct engine *e, const struct entry *n)
{
	return e->config->check.recheck_ms && n->c.state == CHALLENGE_READY && !n->relook && n->relook_ms && n->relook_ms <= now_ms(e);
}

/* Round and round through the list, from where it stopped. */
static void fill(struct engine *e)
{
	for (size_t i = 0; i < SCAN_MAX && e->relooks < AT_ONCE && e->relook_starts < STARTS_A_TICK; i++) {
		struct entry *n = e->relook_next ? e->relook_next : e->entries;

		if (!n)
			return;
		e->relook_next = n->next;
		if (is_due(e, n))
			start(e, n);
		if (!n->next)
			return;
	}
}

static bool anything_ready(const struct engine *e)
{
	for (int type = 0; type < CHALLENGE_TYPES; type++)
		if (e->numbers.live[type][CHALLENGE_READY])
			return true;
	return false;
}

static void tick(void *arg)
{
	struct engine *e = arg;

	e->relook_timer = NULL;
	e->relook_starts = 0;
	if (!anything_ready(e))
		return;
	fill(e);
	e->relook_timer = timer_start(e->parts.loop, TICK_MS, tick, e);
}

void relook_schedule(struct engine *e, struct entry *n)
{
	int64_t pause = e->config->check.recheck_ms;

	if (!pause || e->closing)
		return;
	n->relook_ms = now_ms(e) + (pause < FIRST_MS ? pause : FIRST_MS);
	if (!e->relook_timer)
		e->relook_timer = timer_start(e->parts.loop, TICK_MS, tick, e);
}

void relook_stop(struct entry *n)
{
	struct relook *r = n->relook;

	if (!r)
		return;
	if (r->locate)
		locate_cancel(r->locate);
	if (r->look)
		look_cancel(r->look);
	relook_end(r, 0);
	n->relook_ms = 0;
}

void relook_forget(struct entry *n)
{
	relook_stop(n);
	if (n->e->relook_next == n)
		n->e->relook_next = n->next;
}

void relooks_end(struct engine *e)
{
	timer_stop(e->relook_timer);
	e->relook_timer = NULL;
}
