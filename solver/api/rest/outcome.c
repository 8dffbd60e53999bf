/* POST /v1/challenges/{id}/outcome: reports the result of the authority, so that the next attempt waits long enough after a failure. */
#include <string.h>

#include "solver/api/rest/rest.h"

struct outcome_body { bool valid; const char *problem; };

static const struct field outcome_table[] = {
	{ "valid", FIELD_BOOL, offsetof(struct outcome_body, valid), .required = true },
	{ "problem", FIELD_TEXT, offsetof(struct outcome_body, problem) },
	{ NULL },
};

static int read_body(struct http_exchange *x, json_t **ret_document, struct outcome_body *ret, struct problem *problem)
{
	if (fields_parse(http_exchange_body(x), http_exchange_body_length(x), ret_document, problem) < 0)
		return problem->err.code;
	return fields_read(*ret_document, outcome_table, ret, problem);
}

static void on_counted(const struct err *err, void *arg)
{
	struct call *c = arg;
	const struct challenge *one = c->api ? engine_challenge(c->api->parts.engine, c->id) : NULL;

	if (one)
		call_audit_challenge(c, "outcome", one, err);
	if (c->x && err->code)
		reply_err(c->api, c->x, err);
	else if (c->x)
		wait_answer(c);
	call_release(c);
}

void challenges_outcome(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id)
{
	struct outcome_body body = { 0 };
	struct problem problem = { 0 };
	const struct challenge *found;
	json_t *document = NULL;
	struct call *c;

	if (caller_challenge(a, caller, id, &found, &problem) < 0 || read_body(x, &document, &body, &problem) < 0) {
		reply_problem(a, x, &problem);
		json_decref(document);
		return;
	}
	c = call_new(a, x, caller);
	c->single = true;
	c->status = 200;
	memcpy(c->id, found->id, ID_SIZE);
	c->holders++;
	if (engine_outcome(a->parts.engine, id, body.valid, body.problem, on_counted, c, &problem.err) < 0) {
		reply_problem(a, x, &problem);
		call_release(c);
	}
	json_decref(document);
}
