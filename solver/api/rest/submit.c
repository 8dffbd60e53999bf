#include "solver/api/rest/submit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/api/audit/audit.h"
#include "solver/api/notify/callbacks.h"
#include "solver/base/mem.h"

/* A caller who sent one challenge knows it by its own id. */
static void use_challenge_id(struct call *c)
{
	const struct challenge **list;

	memcpy(c->order_id, c->id, ID_SIZE);
	if (c->single && engine_order_challenges(c->api->parts.engine, c->id, &list) > 0)
		memcpy(c->id, list[0]->id, ID_SIZE);
	if (c->single)
		free(list);
}

static void note_all(struct call *c, const char *order_id)
{
	const struct challenge **list = NULL;
	size_t count = engine_order_challenges(c->api->parts.engine, order_id, &list);

	for (size_t i = 0; i < count; i++)
		call_audit_challenge(c, "present", list[i], NULL);
	free(list);
}

static void on_submitted(const char *order_id, bool existed, const struct err *err, void *arg)
{
	struct call *c = arg;
	char location[64];

	if (err->code)
		call_audit(c, "present", NULL, NULL, err);
	else if (c->api)
		note_all(c, order_id);
	if (!c->x) {
		call_release(c);
		return;
	}
	if (err->code) {
		reply_err(c->api, c->x, err);
		call_release(c);
		return;
	}
	memcpy(c->id, order_id, ID_SIZE);
	use_challenge_id(c);
	c->status = existed ? 200 : 201;
	snprintf(location, sizeof(location), "/v1/%s/%s", c->single ? "challenges" : "orders", c->id);
	http_exchange_header(c->x, "Location", location);
	wait_answer(c);
	call_release(c);
}

/* The JSON is well-formed, but the request cannot be fulfilled: 422, also when no route is configured. */
static void refuse(struct api *a, struct http_exchange *x, struct problem *problem)
{
	int code = problem->err.code;

	if (code == ERR_DENIED || code == ERR_NOT_FOUND || code == ERR_UNSUPPORTED)
		problem->status = 422;
	reply_problem(a, x, problem);
}

/* Every name of the order is granted. */
static int may_submit(struct api *a, const struct caller *caller, const struct order_body *body, struct problem *problem)
{
	char pointer[POINTER_MAX];
	struct err err;

	for (size_t i = 0; i < body->request.count; i++) {
		const struct challenge_request *c = &body->challenges[i];
		bool may_raw = caller_may_raw(caller, c->raw, &err) == 0;
		const char *member = may_raw ? "domain" : "raw";

		if (may_raw && caller_may_write(a, caller, c, &err) == 0)
			continue;
		if (err.code == ERR_DENIED)
			audit_caller(a, caller, "present", challenge_type_name(c->type), c->domain, "denied", err.text);
		snprintf(pointer, sizeof(pointer), "/%s", member);
		if (body->single)
			return problem_set(problem, 0, err.code, pointer, "%s", err.text);
		snprintf(pointer, sizeof(pointer), "/challenges/%zu/%s", i, member);
		return problem_set(problem, 0, err.code, pointer, "challenge %zu: %s", i + 1, err.text);
	}
	return 0;
}

/* Whether it was taken. */
static bool submit(struct api *a, struct http_exchange *x, const struct caller *caller, struct order_body *body)
{
	struct problem problem = { 0 };
	struct call *c;

	if (may_submit(a, caller, body, &problem) < 0 || callback_check(a, caller, &body->request, &problem) < 0) {
		reply_problem(a, x, &problem);
		return false;
	}
	c = call_new(a, x, caller);
	c->single = body->single;
	if (wait_read(c, &problem) < 0) {
		reply_problem(a, x, &problem);
		return false;
	}
	body->request.client = caller->name;
	c->holders++;
	if (engine_submit(a->parts.engine, &body->request, on_submitted, c, &problem.err) == 0)
		return true;
	audit_caller(a, caller, "present", NULL, body->request.count ? body->challenges[0].domain : NULL, "failed", problem.err.text);
	refuse(a, x, &problem);
	call_release(c);
	return false;
}

void submit_post(struct api *a, struct http_exchange *x, const struct caller *caller,
                 int (*read)(const char *bytes, size_t length, struct order_body *ret, struct problem *problem))
{
	struct problem problem = { 0 }, too_many = { 0 };
	struct order_body body;
	int code = read(http_exchange_body(x), http_exchange_body_length(x), &body, &problem);

	if (caller_take_rate(a, caller, code < 0 ? 1 : body.request.count, &too_many) < 0) {
		audit_caller(a, caller, "present", NULL, NULL, "denied", too_many.err.text);
		reply_problem(a, x, &too_many);
	} else if (code < 0) {
		reply_problem(a, x, &problem);
	} else if (!submit(a, x, caller, &body)) {
		caller_give_rate(a, caller, body.request.count - 1);
	}
	if (code == 0)
		order_body_done(&body);
}
