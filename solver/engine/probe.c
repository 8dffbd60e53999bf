/* Polling: looks again and again until every server shows the answer, or the deadline ends the state.
 *
 * Soon and often at first, then ever more rarely: the pause is an eighth of the time already waited, so a
 * slow provider costs some sixty queries a server in ten minutes and a fast one is noticed at once.
 */
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/engine/internal.h"

struct probe {
	struct engine *e;
	struct entry *n;
	struct look_run *look; /* under way, or NULL */
	struct timer *timer;   /* the pause, or NULL */
	int64_t since_ms;      /* loop clock */
};

static void look_now(struct probe *p);

static void pause_over(void *arg)
{
	struct probe *p = arg;

	p->timer = NULL;
	look_now(p);
}

static void look_later(struct probe *p)
{
	const struct config_check *check = &p->e->config->check;
	int64_t ms = (loop_now_ms(p->e->parts.loop) - p->since_ms) / 8;

	if (ms < check->poll_first_ms)
		ms = check->poll_first_ms;
	if (ms > check->poll_max_ms)
		ms = check->poll_max_ms;
	p->timer = timer_start(p->e->parts.loop, ms, pause_over, p);
}

static void on_look(struct verdict *v, void *arg)
{
	struct probe *p = arg;
	struct entry *n = p->n;
	CLEANUP(mem_freep) char *json = verdict_json(v);
	CLEANUP(mem_freep) char *detail = mem_dup(v->detail);
	bool pass = v->result == VERDICT_PASS;

	p->look = NULL;
	mem_replace(&n->c.verdict, json);
	mem_replace(&n->last_error, pass ? NULL : detail);
	verdict_free(v);
	if (pass)
		life_input(p->e, n, INPUT_SEEN, detail); /* ends this probe */
	else
		look_later(p);
}

static void on_located(struct location *l, const struct err *err, void *arg)
{
	struct entry *n = arg;

	n->locate = NULL;
	if (!l) {
		mem_replace(&n->last_error, err->text);
		look_later(n->probe);
		return;
	}
	n->location = l;
	look_now(n->probe);
}

static void look_now(struct probe *p)
{
	struct entry *n = p->n;
	struct look_request q = { .identifier = n->c.identifier, .token = n->c.token,
	                          .expected = n->c.type == CHALLENGE_HTTP01 ? n->c.key_authorization : n->c.value,
	                          .location = n->location };

	if (n->location || n->c.type == CHALLENGE_HTTP01)
		p->e->numbers.probes++;
	if (n->c.type == CHALLENGE_HTTP01)
		p->look = look_http(p->e->checker, &q, on_look, p);
	else if (n->location)
		p->look = look_dns(p->e->checker, &q, on_look, p);
	else
		n->locate = locate_start(p->e->checker, n->c.fqdn, on_located, n); /* after a restart */
}

void probe_start(struct engine *e, struct entry *n)
{
	probe_stop(n);
	n->probe = mem_new(1, sizeof(*n->probe));
	*n->probe = (struct probe){ .e = e, .n = n, .since_ms = loop_now_ms(e->parts.loop) };
	look_now(n->probe);
}

void probe_stop(struct entry *n)
{
	struct probe *p = n->probe;

	if (!p)
		return;
	n->probe = NULL;
	timer_stop(p->timer);
	if (p->look)
		look_cancel(p->look);
	free(p);
}
