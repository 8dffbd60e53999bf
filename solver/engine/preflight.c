/* What can be known before anything is published: a name that the authority will refuse costs its user an order, so it is refused
 * here, with the authority's reason and at once. The name itself when it is submitted, CAA and the delegation while it is queued.
 */
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/engine/internal.h"
#include "solver/engine/request.h"

#define AGAIN_FIRST_MS INT64_C(1000)
#define WALK_AGAIN_MS 600000
#define WALKED_MAX 10000
#define PREFLIGHT_LIMIT_MS 15000 /* what is not known by then is not waited for */

const struct config_route *route_of(const struct engine *e, const struct challenge *c)
{
	static const struct config_route none = { .type = CHALLENGE_TYPES };
	const struct config_route *route = config_route(e->config, c->type, c->identifier);

	return route ? route : &none;
}

/* Special-use names that this process serves itself: no authority will ever be asked for them, and quick starts need them. */
bool is_own_name(const struct engine *e, const struct challenge *c)
{
	char *const *zones = e->config->dns.zones;

	if (strncmp(challenge_type_name(c->type), "dns-", 4) != 0 && name_is_below(c->identifier, "localhost"))
		return true;
	for (size_t i = 0; zones && zones[i]; i++)
		if (name_is_below(c->identifier, zones[i]) && name_is_below(zones[i], "test"))
			return true;
	return false;
}

int preflight_name(const struct engine *e, const struct challenge *c, struct err *err)
{
	const struct config_route *route = route_of(e, c);
	const struct authority *a = checker_authority(e->checker, route->authority);
	struct authority own;
	struct err why;

	if (route->preflight != PREFLIGHT_REFUSE || !a || !request_identifier_is_known(c))
		return 0;
	if (is_own_name(e, c)) { /* need not be public, but a name all the same */
		own = authority_for_own(a);
		a = &own;
	}
	if (identifier_check(c->identifier, c->wildcard, challenge_type_name(c->type), a, &why) == 0)
		return 0;
	return err_set(err, ERR_INVALID, "%s would refuse it: %.380s", a->title, why.text);
}

/* A domain whose delegation was walked. */
struct walked {
	char *name;
	int64_t at_ms;
	UT_hash_handle hh;
};

static const char *first_mend(const struct verdict *v)
{
	for (size_t i = 0; i < v->finding_count; i++)
		if (v->findings[i].severity == FINDING_ERROR && v->findings[i].mend)
			return v->findings[i].mend;
	return NULL;
}

static void take_verdict(struct engine *e, struct entry *n, const struct verdict *v)
{
	CLEANUP(mem_freep) char *json = verdict_json(v);
	const char *mend = first_mend(v);
	bool refuse = route_of(e, &n->c)->preflight == PREFLIGHT_REFUSE;
	CLEANUP(mem_freep) char *sentence = mem_printf("%s: %s%s%s", refuse ? "nothing was published" : "it goes on in spite of this",
	                                               v->detail, mend ? "; to mend it: " : "", mend ? mend : "");

	mem_replace(&n->c.verdict, json);
	if (refuse) {
		life_fail(e, n, sentence);
		return;
	}
	life_note(e, n, sentence);
	place_go(e, n);
}

static void again(void *arg)
{
	struct entry *n = arg;

	n->preflight_retry = NULL;
	preflight_start(n->e, n);
	place_go(n->e, n);
}

/* Name servers that do not answer now may do so in a minute; nothing is published before they do. */
static void try_later(struct entry *n, const struct verdict *v)
{
	int64_t pause = AGAIN_FIRST_MS << (n->preflights < 5 ? n->preflights : 5);

	n->preflights++;
	if (!n->retry && !n->locate) /* why the place is not found says more */
		waiting_note(n->e, n, "nothing is published yet", v->detail);
	n->preflight_retry = timer_start(n->e->parts.loop, pause, again, n);
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
		CLEANUP(mem_freep) char *sentence = mem_printf("the delegation: %s%s%s", f->text, f->mend ? " To mend it: " : "", f->mend ? f->mend : "");

		life_note(n->e, n, sentence);
		return;
	}
}

static void on_verdict(struct evidence *evidence, struct verdict *v, void *arg)
{
	struct entry *n = arg;
	bool refuse = route_of(n->e, &n->c)->preflight == PREFLIGHT_REFUSE;

	n->preflight = NULL;
	preflight_stop(n); /* makes room for another */
	n->preflight_over = v->result != VERDICT_FAIL || !refuse || !may_pass_later(v);
	if (!n->preflight_over) {
		try_later(n, v);
	} else if (v->result == VERDICT_FAIL) {
		take_verdict(n->e, n, v);
	} else {
		note_delegation(n, v);
		place_go(n->e, n);
	}
	evidence_free(evidence);
	verdict_free(v);
}

/* The names of one domain share their delegation: it is walked for the first of them, and again after a while. */
static bool walks_delegation(struct engine *e, const struct challenge *c)
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
	struct entry *n = arg;
	struct engine *e = n->e;
	CLEANUP(mem_freep) char *domain = mem_printf("%s%s", n->c.wildcard ? "*." : "", n->c.identifier);
	const struct check_want want = {
		.type = challenge_type_name(n->c.type),
		.domain = domain,
		.account_uri = n->c.account_uri,
		.authority = route_of(e, &n->c)->authority,
		.parts = CHECK_IDENTIFIER | CHECK_CAA | (walks_delegation(e, &n->c) ? CHECK_DELEGATION : 0),
		.limit_ms = PREFLIGHT_LIMIT_MS,
	};
	struct err err;

	if (check_start(e->checker, &want, on_verdict, n, &n->preflight, &err) == 0)
		return;
	preflight_stop(n);
	n->preflight_over = true; /* what cannot be asked is not known */
	place_go(e, n);
}

void preflight_start(struct engine *e, struct entry *n)
{
	if (n->preflight_ticket || n->preflight_retry || n->preflight_over)
		return;
	n->preflight_over = route_of(e, &n->c)->preflight == PREFLIGHT_OFF || is_own_name(e, &n->c) || n->c.record_name;
	if (n->preflight_over)
		return;
	n->preflight_ticket = mem_new(1, sizeof(*n->preflight_ticket));
	gate_enter(e, n->preflight_ticket, ask, n);
}

void preflight_stop(struct entry *n)
{
	struct ticket *t = n->preflight_ticket;

	if (n->preflight)
		check_cancel(n->preflight);
	n->preflight = NULL;
	timer_stop(n->preflight_retry);
	n->preflight_retry = NULL;
	n->preflight_ticket = NULL;
	if (t)
		gate_leave(t);
	free(t);
}
