/* POST /v1/challenges/{id}/outcome: what the authority said, so that the next attempt waits as long as it must. */
#include "solver/api/audit.h"
#include "solver/api/internal.h"

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

void challenges_outcome(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id)
{
	struct outcome_body body = { 0 };
	struct problem problem = { 0 };
	const struct challenge *c;
	json_t *document = NULL;

	if (caller_challenge(a, caller, id, &c, &problem) < 0 || read_body(x, &document, &body, &problem) < 0 ||
	    engine_outcome(a->parts.engine, id, body.valid, body.problem, &problem.err) < 0) {
		reply_problem(a, x, &problem);
	} else {
		audit_challenge(a, caller, "outcome", c, body.valid ? "ok" : "failed", NULL);
		reply_json(x, 200, challenge_json(a->parts.engine, c));
	}
	json_decref(document);
}
