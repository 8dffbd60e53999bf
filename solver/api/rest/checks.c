/* POST /v1/checks: a check without a challenge; nothing is published. */
#include <stdlib.h>

#include "solver/api/rest/rest.h"

static void on_verdict(const char *verdict_json, const struct err *err, void *arg)
{
	struct call *c = arg;
	json_t *verdict = verdict_json ? json_loads(verdict_json, 0, NULL) : NULL;

	if (c->x && verdict)
		reply_json(c->x, 200, json_incref(verdict));
	else if (c->x && err && err->code)
		reply_err(c->api, c->x, err);
	else if (c->x)
		reply_err(c->api, c->x, &(struct err){ ERR_IO, "the check gave no verdict" });
	json_decref(verdict);
	call_release(c);
}

void checks_post(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument)
{
	struct problem problem = { 0 };
	struct check_body body;
	struct call *c;

	(void)argument;
	if (body_read_check(http_exchange_body(x), http_exchange_body_length(x), &body, &problem) < 0) {
		reply_problem(a, x, &problem);
		return;
	}
	body.request.quote = grants_operator(caller->grants);
	c = call_new(a, x, caller);
	c->holders++;
	/* A check makes this host send requests: only to names the caller was granted. */
	if (caller_may_raw(caller, body.request.raw, &problem.err) < 0 ||
	    grants_allow(caller->grants, body.request.type, body.request.domain, &problem.err) < 0 ||
	    engine_check(a->parts.engine, &body.request, on_verdict, c, &problem.err) < 0) {
		reply_problem(a, x, &problem);
		call_release(c);
	}
	json_decref(body.document);
}
