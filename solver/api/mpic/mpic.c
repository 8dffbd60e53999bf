/* POST /mpic, /dcv, /caa: Open MPIC, for coordinators and for other nodes. The grants of the caller say which names it may have
 * checked, so that no caller can make this node fetch arbitrary URLs. */
#include <stdlib.h>
#include <string.h>

#include "solver/api/audit/audit.h"
#include "solver/api/mpic/mpic.h"
#include "solver/api/caller/caller.h"
#include "solver/api/common/fields.h"
#include "solver/base/mem.h"
#include "solver/mpic/mpic.h"

struct mpic_call {
	struct api *api;
	struct http_exchange *x;
};

static void on_gone(void *arg)
{
	struct mpic_call *c = arg;

	mpic_forget(c->api->parts.mpic, c);
	free(c);
}

static void on_answer(json_t *answer, const struct err *err, void *arg)
{
	struct mpic_call *c = arg;

	if (answer)
		reply_json(c->x, 200, json_incref(answer));
	else
		reply_err(c->api, c->x, err);
}

static int check_grant(const struct caller *caller, const struct mpic_question *q, struct err *err)
{
	int type = q->type ? challenge_type_from_name(q->type) : CHALLENGE_DNS01;

	return grants_allow(caller->grants, (enum challenge_type)type, q->domain, err);
}

static int start(struct api *a, struct http_exchange *x, const struct mpic_question *q, bool coordinator, struct err *err)
{
	struct mpic_call *c = mem_new(1, sizeof(*c));
	int code;

	*c = (struct mpic_call){ a, x };
	code = coordinator ? mpic_coordinate(a->parts.mpic, q, on_answer, c, err) : mpic_check(a->parts.mpic, q, on_answer, c, err);
	if (code == 0)
		http_exchange_on_gone(x, on_gone, c);
	else
		free(c);
	return code;
}

static void serve(struct api *a, struct http_exchange *x, bool coordinator, bool caa)
{
	struct problem problem = { 0 };
	struct caller caller = { 0 };
	struct mpic_question q = { 0 };
	json_t *all = NULL;
	int code;

	if (caller_find(a, x, DOOR_MPIC, &caller, &problem) < 0) {
		reply_problem(a, x, &problem);
		return;
	}
	code = fields_parse(http_exchange_body(x), http_exchange_body_length(x), &all, &problem);
	if (code == 0)
		code = mpic_question_read(all, coordinator, caa, &q, &problem.err);
	if (code == 0)
		code = check_grant(&caller, &q, &problem.err);
	if (code == 0)
		code = a->parts.mpic ? start(a, x, &q, coordinator, &problem.err) :
		                       err_set(&problem.err, ERR_UNSUPPORTED, "this service is no perspective");
	audit_caller(a, &caller, coordinator ? "mpic" : caa ? "caa" : "dcv", q.type, q.domain,
	             code == 0 ? "ok" : code == ERR_DENIED ? "denied" : "failed", code < 0 ? problem.err.text : NULL);
	if (code == ERR_INVALID)
		problem.status = 400; /* as the specification says */
	if (code < 0)
		reply_problem(a, x, &problem);
	json_decref(all);
}

void mpic_post(struct api *a, struct http_exchange *x, const struct caller *nobody, const char *argument)
{
	(void)nobody;
	(void)argument;
	serve(a, x, true, false);
}

void dcv_post(struct api *a, struct http_exchange *x, const struct caller *nobody, const char *argument)
{
	(void)nobody;
	(void)argument;
	serve(a, x, false, false);
}

void caa_post(struct api *a, struct http_exchange *x, const struct caller *nobody, const char *argument)
{
	(void)nobody;
	(void)argument;
	serve(a, x, false, true);
}
