/* A check by hand: everything is collected and judged, nothing published. */
#include <stdlib.h>

#include "solver/base/mem.h"
#include "solver/check/check.h"
#include "solver/engine/entry.h"
#include "solver/verdict/data/body.h"

struct check {
	bool evidence, quote;
	void (*done)(const char *verdict_json, const struct err *err, void *arg);
	void *arg;
};

static void on_checked(struct evidence *e, struct verdict *v, void *arg)
{
	struct check *c = arg;
	CLEANUP(mem_freep) char *text = NULL;
	json_t *json = verdict_to_json(v);

	if (!c->quote)
		body_hide_all(e);
	if (c->evidence)
		json_object_set_new(json, "evidence", evidence_to_json(e));
	text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	verdict_free(v);
	evidence_free(e);
	c->done(text, &(struct err){ 0 }, c->arg);
	free(c);
}

/* The configuration names it: for all names, or for those of a route. */
static bool is_configured(const struct config *c, const char *authority)
{
	bool found = strcmp(c->check.authority, authority) == 0;

	for (size_t i = 0; i < c->route_count; i++)
		found = found || (c->routes[i].authority && strcmp(c->routes[i].authority, authority) == 0);
	return found;
}

/* Rules that no public authority has let a check go where only the operator may send it. */
static int check_authority(const struct engine *e, const char *name, struct err *err)
{
	const struct authority *a = name ? checker_authority(e->checker, name) : NULL;

	if (!a || !authority_relaxes(a) || is_configured(e->config, name))
		return 0;
	return err_set(err, ERR_DENIED, "the rules of authority %.64s are looser than those of public authorities; a check may use them only where "
	               "check.authority or the authority of a route names it", name);
}

int engine_check(struct engine *e, const struct check_request *r,
                 void (*done)(const char *verdict_json, const struct err *err, void *arg), void *arg, struct err *err)
{
	const struct check_want want = { .type = challenge_type_name(r->type), .domain = r->domain, .token = r->token,
	                                 .key_authorization = r->key_authorization, .value = r->value, .account_uri = r->account_uri,
	                                 .account_thumbprint = r->account_thumbprint,
	                                 .authority = r->authority, .quote = r->quote, .parts = CHECK_ALL };
	struct check *c;

	if (r->account_uri && account_uri_check(r->type, r->account_uri, err) < 0)
		return err->code;
	if (!r->raw && wanted_check(r->type, r->key_authorization ? r->token : NULL, r->key_authorization, r->value, "key_authorization", err) < 0)
		return err->code;
	if (check_authority(e, r->authority, err) < 0)
		return err->code;
	c = mem_new(1, sizeof(*c));
	*c = (struct check){ r->evidence, r->quote, done, arg };
	if (check_start(e->checker, &want, on_checked, c, NULL, err) == 0)
		return 0;
	free(c);
	return err->code;
}
