#include "solver/engine/preflight.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/base/pause.h"
#include "solver/check/check.h"
#include "solver/engine/entry.h"
#include "solver/engine/route.h"

#define AGAIN_FIRST_MS 1000
#define AGAIN_MAX_MS 32000
#define WALK_AGAIN_MS 600000
#define WALKED_MAX 10000
#define PREFLIGHT_LIMIT_MS 15000 /* what is not known by then is not waited for */

/* A domain whose delegation was walked. */
struct walked {
	char *name;
	int64_t at_ms;
	UT_hash_handle hh;
};

static void begin(struct preflight *p);

static bool refuses(const struct entry *n)
{
	return route_of(n->e, &n->c)->preflight == PREFLIGHT_REFUSE;
}

static void pass(struct preflight *p)
{
	p->state = PREFLIGHT_OVER;
	p->over(p->n);
}

/* ---- the verdict ---- */

static const char *first_fix(const struct verdict *v)
{
	for (size_t i = 0; i < v->finding_count; i++)
		if (v->findings[i].severity == FINDING_ERROR && v->findings[i].fix)
			return v->findings[i].fix;
	return NULL;
}

static void take_failure(struct preflight *p, const struct verdict *v)
{
	struct entry *n = p->n;
	CLEANUP(mem_freep) char *json = verdict_json(v);
	const char *fix = first_fix(v);
	CLEANUP(mem_freep) char *sentence = mem_printf("%s: %s%s%s", refuses(n) ? "nothing was published" : "the authority would refuse it, but the route only warns (preflight: warn)",
	                                               v->detail, fix ? "; to fix it: " : "", fix ? fix : "");

	mem_replace(&n->c.verdict, json);
	if (refuses(n)) {
		life_fail(n->e, n, sentence);
		return;
	}
	life_note(n->e, n, sentence);
	pass(p);
}

static void again(void *arg)
{
	struct preflight *p = arg;

	p->again = NULL;
	begin(p);
}

/* Name servers that do not answer now may do so in a minute; nothing is published before they do. */
static void try_later(struct preflight *p, const struct verdict *v)
{
	struct entry *n = p->n;

	if (!p->quiet)
		life_wait(n->e, n, "nothing is published yet", v->detail);
	p->again = timer_start(n->e->parts.loop, pause_doubled(AGAIN_FIRST_MS, AGAIN_MAX_MS, p->tries++), again, p);
}

static bool may_pass_later(const struct verdict *v)
{
	return v->problem == PROBLEM_DNS || v->problem == PROBLEM_SERVER_INTERNAL;
}

/* A delegation that is broken here and there lets validations fail now and then: nobody is refused for it, but told. */
static void note_delegation(struct entry *n, const struct verdict *v)
{
	for (size_t i = 0; i < v->finding_count; i++) {
		const struct finding *f = &v->findings[i];

		if (f->stage != STAGE_LOOKUP || f->severity == FINDING_NOTE)
			continue;
		CLEANUP(mem_freep) char *sentence = mem_printf("the delegation: %s%s%s", f->text, f->fix ? " To fix it: " : "", f->fix ? f->fix : "");

		life_note(n->e, n, sentence);
		return;
	}
}

static void on_verdict(struct evidence *evidence, struct verdict *v, void *arg)
{
	struct preflight *p = arg;

	p->check = NULL;
	check_slot_leave(&p->slot);
	if (v->result != VERDICT_FAIL) {
		note_delegation(p->n, v);
		pass(p);
	} else if (refuses(p->n) && may_pass_later(v)) {
		try_later(p, v);
	} else {
		take_failure(p, v);
	}
	evidence_free(evidence);
	verdict_free(v);
}

/* ---- the question ---- */

/* The names of one domain share their delegation: it is walked for the first of them, and again after a while. True for the one that
 * walks; it is noted. */
static bool take_walk(struct engine *e, const struct challenge *c)
{
	const char *parent = name_parent(c->identifier);
	int64_t now = loop_now_ms(e->parts.loop);
	struct walked *w;

	if (!parent || !strchr(parent, '.'))
		parent = c->identifier;
	HASH_FIND_STR(e->walked, parent, w);
	if (w && now - w->at_ms < WALK_AGAIN_MS)
		return false;
	if (!w) {
		if (HASH_COUNT(e->walked) >= WALKED_MAX)
			walked_free(e);
		w = mem_new(1, sizeof(*w));
		w->name = mem_dup(parent);
		HASH_ADD_KEYPTR(hh, e->walked, w->name, strlen(w->name), w);
	}
	w->at_ms = now;
	return true;
}

void walked_free(struct engine *e)
{
	struct walked *w, *tmp;

	HASH_ITER(hh, e->walked, w, tmp) {
		HASH_DEL(e->walked, w);
		free(w->name);
		free(w);
	}
}

static void ask(void *arg)
{
	struct preflight *p = arg;
	struct challenge *c = &p->n->c;
	struct engine *e = p->n->e;
	CLEANUP(mem_freep) char *domain = mem_printf("%s%s", c->wildcard ? "*." : "", c->identifier);
	const struct check_want want = {
		.type = challenge_type_name(c->type),
		.domain = domain,
		.account_uri = c->account_uri,
		.authority = route_of(e, c)->authority,
		.parts = CHECK_IDENTIFIER | CHECK_CAA | (take_walk(e, c) ? CHECK_DELEGATION : 0),
		.limit_ms = PREFLIGHT_LIMIT_MS,
	};
	struct err err;

	if (check_start(e->checker, &want, on_verdict, p, &p->check, &err) == 0)
		return;
	check_slot_leave(&p->slot);
	pass(p); /* what cannot be asked is not known */
}

static void begin(struct preflight *p)
{
	struct entry *n = p->n;

	p->state = PREFLIGHT_RUNS;
	if (route_of(n->e, &n->c)->preflight == PREFLIGHT_OFF || route_is_own_name(n->e, &n->c) || n->c.record_name)
		pass(p);
	else
		check_slot_enter(n->e, &p->slot, ask, p);
}

void preflight_start(struct preflight *p, struct entry *n, void (*over)(struct entry *n))
{
	if (p->state != PREFLIGHT_NEW)
		return;
	p->n = n;
	p->over = over;
	begin(p);
}

void preflight_stop(struct preflight *p)
{
	if (p->check)
		check_cancel(p->check);
	p->check = NULL;
	timer_stop(p->again);
	p->again = NULL;
	check_slot_leave(&p->slot);
}
