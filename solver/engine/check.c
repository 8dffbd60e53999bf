/* A check by hand: the same looks as the engine's, with nothing published. */
#include <stdlib.h>

#include "solver/base/mem.h"
#include "solver/engine/internal.h"
#include "solver/engine/request.h"

struct check {
	struct engine *e;
	char identifier[NAME_SIZE];
	char *token, *expected;
	struct location *location;
	void (*done)(const char *verdict_json, const struct err *err, void *arg);
	void *arg;
};

static void check_free(struct check *c)
{
	location_free(c->location);
	free(c->token);
	free(c->expected);
	free(c);
}

static void on_look(struct verdict *v, void *arg)
{
	struct check *c = arg;
	CLEANUP(mem_freep) char *json = verdict_json(v);

	verdict_free(v);
	c->done(json, &(struct err){ 0 }, c->arg);
	check_free(c);
}

/* That the place cannot be found is a verdict too. */
static void not_found(struct check *c, const struct err *err)
{
	struct verdict *v = verdict_new();

	v->result = VERDICT_FAIL;
	v->problem = PROBLEM_DNS;
	v->detail = mem_dup(err->text);
	verdict_find(v, FINDING_ERROR, STAGE_LOOKUP, "no-zone", mem_dup(err->text),
	             mem_dup("see that the domain is registered and delegated to name servers that answer"));
	on_look(v, c);
}

static void on_located(struct location *l, const struct err *err, void *arg)
{
	struct check *c = arg;
	struct look_request q = { .identifier = c->identifier, .expected = c->expected, .location = l };

	c->location = l;
	if (l)
		look_dns(c->e->checker, &q, on_look, c);
	else
		not_found(c, err);
}

static int read_names(struct check *c, const struct check_request *r, char fqdn[NAME_SIZE], struct err *err)
{
	bool wildcard;

	if (name_identifier(r->domain, c->identifier, &wildcard, err) < 0)
		return err->code;
	if (wildcard && r->type == CHALLENGE_HTTP01)
		return err_set(err, ERR_INVALID, "a wildcard can only be validated with dns-01");
	if (r->token && token_check(r->token, err) < 0)
		return err->code;
	return r->type == CHALLENGE_DNS01 ? name_challenge(c->identifier, fqdn, err) : 0;
}

int engine_check(struct engine *e, const struct check_request *r,
                 void (*done)(const char *verdict_json, const struct err *err, void *arg), void *arg, struct err *err)
{
	struct check *c = mem_new(1, sizeof(*c));
	struct look_request q = { .identifier = c->identifier };
	char fqdn[NAME_SIZE];

	*c = (struct check){ .e = e, .done = done, .arg = arg };
	if (read_names(c, r, fqdn, err) < 0) {
		check_free(c);
		return err->code;
	}
	c->token = mem_dup(r->token ? r->token : "dcvd-check");
	c->expected = check_expected(r);
	q.token = c->token;
	q.expected = c->expected;
	if (r->type == CHALLENGE_HTTP01)
		look_http(e->checker, &q, on_look, c);
	else
		locate_start(e->checker, fqdn, on_located, c);
	return 0;
}
