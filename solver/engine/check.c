/* A check by hand: everything is collected and judged, nothing published. */
#include <stdlib.h>

#include "solver/base/mem.h"
#include "solver/engine/internal.h"

struct check {
	bool evidence;
	void (*done)(const char *verdict_json, const struct err *err, void *arg);
	void *arg;
};

static void on_checked(struct evidence *e, struct verdict *v, void *arg)
{
	struct check *c = arg;
	CLEANUP(mem_freep) char *text = NULL;
	json_t *json = verdict_to_json(v);

	if (c->evidence)
		json_object_set_new(json, "evidence", evidence_to_json(e));
	text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	verdict_free(v);
	evidence_free(e);
	c->done(text, &(struct err){ 0 }, c->arg);
	free(c);
}

int engine_check(struct engine *e, const struct check_request *r,
                 void (*done)(const char *verdict_json, const struct err *err, void *arg), void *arg, struct err *err)
{
	const struct check_want want = { .type = challenge_type_name(r->type), .domain = r->domain, .token = r->token,
	                                 .key_authorization = r->key_authorization, .value = r->value, .account_uri = r->account_uri,
	                                 .account_thumbprint = r->account_thumbprint,
	                                 .authority = r->authority, .parts = CHECK_ALL };
	struct check *c;

	if (r->account_uri && account_uri_check(r->type, r->account_uri, err) < 0)
		return err->code;
	if (!r->raw && wanted_check(r->type, r->key_authorization ? r->token : NULL, r->key_authorization, r->value, err) < 0)
		return err->code;
	c = mem_new(1, sizeof(*c));
	*c = (struct check){ r->evidence, done, arg };
	if (check_start(e->checker, &want, on_checked, c, NULL, err) == 0)
		return 0;
	free(c);
	return err->code;
}
