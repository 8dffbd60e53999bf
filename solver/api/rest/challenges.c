/* /v1/challenges; the submit is that of an order of one. */
#include <stdlib.h>
#include <string.h>

#include "solver/api/rest/rest.h"
#include "solver/api/rest/submit.h"

void challenges_post(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument)
{
	(void)argument;
	submit_post(a, x, caller, body_read_challenge);
}

void challenges_get(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id)
{
	const struct challenge *c;
	struct problem problem = { 0 };
	struct call *call;

	if (caller_challenge(a, caller, id, &c, &problem) < 0) {
		reply_problem(a, x, &problem);
		return;
	}
	call = call_new(a, x, caller);
	call->single = true;
	call->status = 200;
	memcpy(call->id, c->id, ID_SIZE);
	if (wait_read(call, &problem) < 0)
		reply_problem(a, x, &problem);
	else
		wait_answer(call);
}

/* ---- list ---- */

struct page {
	struct challenge_filter filter;
	char domain[NAME_SIZE];
	const char *after;
	size_t limit;
};

struct listing {
	struct engine *engine;
	json_t *challenges;
	char last[ID_SIZE];
};

static void list_add(const struct challenge *c, void *arg)
{
	struct listing *l = arg;

	json_array_append_new(l->challenges, challenge_summary_json(l->engine, c, NULL));
	memcpy(l->last, c->id, ID_SIZE);
}

static int read_filter(struct http_exchange *x, struct page *p, struct problem *problem)
{
	const char *state = http_exchange_query(x, "state"), *type = http_exchange_query(x, "type");
	const char *domain = http_exchange_query(x, "domain");
	struct err err;
	bool wildcard;

	if (state && (p->filter.state = challenge_state_from_name(state)) < 0)
		return problem_set(problem, 400, ERR_INVALID, NULL, "state \"%.40s\" is not known; it is queued, publishing, propagating, "
		                   "ready, withdrawing, gone or failed", state);
	if (type && (p->filter.type = challenge_type_from_name(type)) < 0)
		return problem_set(problem, 400, ERR_INVALID, NULL, "type \"%.40s\" is not known; it is http-01, dns-01, dns-account-01, "
		                   "dns-persist-01 or tls-alpn-01", type);
	if (!domain)
		return 0;
	if (name_identifier(domain, p->domain, &wildcard, &err) < 0)
		return problem_set(problem, 400, ERR_INVALID, NULL, "domain: %s", err.text);
	p->filter.domain = p->domain;
	return 0;
}

/* A cursor that is unknown (forgotten meanwhile, or not the caller's) would look like the end of the list. */
static int read_page(struct api *a, struct http_exchange *x, const struct caller *caller, struct page *p, struct problem *problem)
{
	const struct challenge *c;

	*p = (struct page){ .filter = { .state = -1, .type = -1 }, .limit = PAGE_DEFAULT };
	if (!grants_see_all(caller->grants))
		p->filter.client = caller->name;
	p->after = http_exchange_query(x, "after");
	if (limit_read(http_exchange_query(x, "limit"), &p->limit, problem) < 0 || read_filter(x, p, problem) < 0)
		return problem->err.code;
	if (p->after && caller_challenge(a, caller, p->after, &c, problem) < 0)
		return problem_set(problem, 400, ERR_INVALID, NULL, "after=%.40s is no challenge any more; start from the first page", p->after);
	return 0;
}

void challenges_list(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument)
{
	struct listing l = { 0 };
	struct problem problem = { 0 };
	struct page page;
	size_t count;

	(void)argument;
	if (read_page(a, x, caller, &page, &problem) < 0) {
		reply_problem(a, x, &problem);
		return;
	}
	l.engine = a->parts.engine;
	l.challenges = json_array();
	count = engine_list(a->parts.engine, &page.filter, page.after, page.limit, list_add, &l);
	reply_json(x, 200, json_pack("{so so}", "challenges", l.challenges, "next",
	                             count == page.limit ? json_string(l.last) : json_null()));
}

/* ---- withdraw ---- */

/* The audit log says of each challenge what came of it. */
static void note(struct call *c, const char *action, const struct err *err)
{
	const struct challenge *one = c->single ? engine_challenge(c->api->parts.engine, c->id) : NULL;
	const struct challenge **list = NULL;
	size_t count = c->single ? 0 : engine_order_challenges(c->api->parts.engine, c->id, &list);

	if (one)
		call_audit_challenge(c, action, one, err);
	for (size_t i = 0; i < count; i++)
		call_audit_challenge(c, action, list[i], err);
	free(list);
}

static void ended(struct call *c, const char *action, const struct err *err)
{
	if (c->api)
		note(c, action, err);
	if (c->x && err && err->code)
		reply_err(c->api, c->x, err);
	else if (c->x)
		wait_answer(c);
	call_release(c);
}

static void on_released(const struct err *err, void *arg)
{
	ended(arg, "cleanup", err);
}

static void on_forgotten(const struct err *err, void *arg)
{
	ended(arg, "forget", err);
}

static struct call *cleanup_call(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id)
{
	struct call *c = call_new(a, x, caller);

	c->status = 200;
	memcpy(c->id, id, ID_SIZE);
	c->holders++;
	return c;
}

static void refuse_cleanup(struct call *c, const struct problem *problem)
{
	reply_problem(c->api, c->x, problem);
	call_release(c);
}

/* For one challenge that the caller may see; NULL: it has been refused. */
static struct call *single_cleanup(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id)
{
	const struct challenge *found;
	struct problem problem = { 0 };
	struct call *c;

	if (caller_challenge(a, caller, id, &found, &problem) < 0) {
		reply_problem(a, x, &problem);
		return NULL;
	}
	c = cleanup_call(a, x, caller, found->id);
	c->single = true;
	return c;
}

void challenges_delete(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id)
{
	struct call *c = single_cleanup(a, x, caller, id);
	struct problem problem = { 0 };

	if (c && engine_release_challenge(a->parts.engine, id, on_released, c, &problem.err) < 0)
		refuse_cleanup(c, &problem);
}

void challenges_forget(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id)
{
	struct call *c = single_cleanup(a, x, caller, id);
	struct problem problem = { 0 };

	if (c && engine_forget_challenge(a->parts.engine, id, caller->name, on_forgotten, c, &problem.err) < 0)
		refuse_cleanup(c, &problem);
}

void orders_delete(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id)
{
	const struct order *found;
	struct problem problem = { 0 };
	struct call *c;

	if (caller_order(a, caller, id, &found, &problem) < 0) {
		reply_problem(a, x, &problem);
		return;
	}
	c = cleanup_call(a, x, caller, found->id);
	if (engine_release_order(a->parts.engine, id, on_released, c, &problem.err) < 0)
		refuse_cleanup(c, &problem);
}
