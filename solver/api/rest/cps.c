/* /v1/cps: validations of Akamai CPS enrollments; operators only. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/api/audit/audit.h"
#include "solver/api/common/fields.h"
#include "solver/api/rest/rest.h"
#include "solver/base/clock.h"
#include "solver/base/mem.h"

static bool has_cps(struct api *a, struct http_exchange *x)
{
	if (!a->parts.cps)
		reply_err(a, x, &(struct err){ ERR_UNSUPPORTED, "this service runs without CPS" });
	return a->parts.cps != NULL;
}

static bool read_number(struct api *a, struct http_exchange *x, const char *text, int64_t *ret)
{
	size_t digits = strspn(text, "0123456789");
	struct problem problem = { 0 };

	if (digits < 1 || digits > 15 || text[digits]) {
		problem_set(&problem, 400, ERR_INVALID, NULL, "\"%.40s\" is not an enrollment; it is a number as \"dcvd cps list\" shows", text);
		reply_problem(a, x, &problem);
		return false;
	}
	*ret = strtoll(text, NULL, 10);
	return true;
}

void cps_validation_get(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id)
{
	struct err err;
	json_t *all;

	(void)caller;
	if (!has_cps(a, x))
		return;
	all = cps_validation_json(a->parts.cps, id);
	if (all) {
		reply_json(x, 200, all);
		return;
	}
	err_set(&err, ERR_NOT_FOUND, "there is no validation %.40s", id);
	reply_err(a, x, &err);
}

static bool is_of(const json_t *validation, const char *enrollment, const char *account)
{
	const char *own = json_string_value(json_object_get(validation, "account"));

	return json_integer_value(json_object_get(validation, "enrollment")) == strtoll(enrollment, NULL, 10) &&
	       (!account || strcmp(account, own ? own : "") == 0);
}

void cps_validations_list(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument)
{
	const char *enrollment = http_exchange_query(x, "enrollment"), *account = http_exchange_query(x, "account");
	json_t *all;
	int64_t number;

	(void)caller;
	(void)argument;
	if (!has_cps(a, x) || (enrollment && !read_number(a, x, enrollment, &number)))
		return;
	all = cps_validations_json(a->parts.cps);
	for (size_t i = json_array_size(all); enrollment && i > 0; i--)
		if (!is_of(json_array_get(all, i - 1), enrollment, account))
			json_array_remove(all, i - 1);
	reply_json(x, 200, json_pack("{so}", "validations", all));
}

/* The service acknowledges by itself once a validation that a caller started succeeds. */
void cps_note_acknowledged(int64_t enrollment, int64_t change, const char *what, void *arg)
{
	CLEANUP(mem_freep) char *name = mem_printf("%" PRId64 "/changes/%" PRId64, enrollment, change);

	audit_note(arg, &(struct audit_event){ .door = "cps", .client = "cps", .action = "cps.acknowledge", .name = name, .result = "ok", .detail = what });
}

/* ---- what CPS itself says ---- */

static void on_cps_answer(json_t *result, const struct err *err, void *arg)
{
	struct call *c = arg;

	if (c->x && result)
		reply_json(c->x, json_object_get(result, "refused") ? 422 : 200, json_incref(result));
	else if (c->x)
		reply_err(c->api, c->x, err);
	call_release(c);
}

static void refuse_call(struct call *c, const struct err *err)
{
	reply_err(c->api, c->x, err);
	call_release(c);
}

static void ask_cps(struct api *a, struct http_exchange *x, const struct caller *caller, const char *what, json_t *input)
{
	const char *account = http_exchange_query(x, "account");
	struct call *c = call_new(a, x, caller);
	struct err err;

	if (account)
		json_object_set_new(input, "account", json_string(account));
	c->holders++;
	if (cps_ask(a->parts.cps, what, input, on_cps_answer, c, &err) < 0)
		refuse_call(c, &err);
	json_decref(input);
}

void cps_enrollments_list(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument)
{
	const char *after = http_exchange_query(x, "after");
	struct problem problem = { 0 };
	size_t limit = 0;
	int64_t last = 0;

	(void)argument;
	if (!has_cps(a, x) || (after && !read_number(a, x, after, &last)))
		return;
	if (limit_read(http_exchange_query(x, "limit"), &limit, &problem) < 0)
		reply_problem(a, x, &problem);
	else
		ask_cps(a, x, caller, "list", json_pack("{s:I, s:I}", "limit", (json_int_t)(after && !limit ? PAGE_DEFAULT : limit), "after", (json_int_t)last));
}

/* "read production" is cps_ask("read") with "what": "production". */
static json_t *input_of(const char *what, int64_t enrollment, const char *contract)
{
	json_t *input = enrollment ? json_pack("{s:I}", "enrollment", (json_int_t)enrollment) : json_object();

	if (strncmp(what, "read ", 5) == 0)
		json_object_set_new(input, "what", json_string(what + 5));
	if (strcmp(what, "schedule") == 0)
		json_object_set_new(input, "look", json_true());
	if (contract)
		json_object_set_new(input, "contract", json_string(contract));
	return input;
}

void cps_ask_read(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id)
{
	bool history = strncmp(caller->what, "read ", 5) == 0;
	int64_t enrollment = 0;

	if (has_cps(a, x) && (!*id || read_number(a, x, id, &enrollment)))
		ask_cps(a, x, caller, history ? "read" : caller->what, input_of(caller->what, enrollment, http_exchange_query(x, "contract")));
}

/* ---- what changes enrollments: the body is the input of cps_ask() ---- */

static json_t *read_input(struct api *a, struct http_exchange *x, const char *argument)
{
	struct problem problem = { 0 };
	json_t *input = NULL;
	int64_t enrollment = 0;

	if (!has_cps(a, x) || (*argument && !read_number(a, x, argument, &enrollment)))
		return NULL;
	if (!http_exchange_body_length(x))
		input = json_object();
	else if (fields_parse(http_exchange_body(x), http_exchange_body_length(x), &input, &problem) < 0) {
		reply_problem(a, x, &problem);
		return NULL;
	}
	if (enrollment)
		json_object_set_new(input, "enrollment", json_integer((json_int_t)enrollment));
	return input;
}

/* What is done although the enrollment is only monitored, or late, stands in the log as such. */
void cps_ask_write(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id)
{
	json_t *input = read_input(a, x, id);
	CLEANUP(mem_freep) char *action = mem_printf("cps.%s", caller->what);

	if (!input)
		return;
	if (!json_is_true(json_object_get(input, "dry_run")))
		audit_caller(a, caller, action, NULL, id, "ok", json_is_true(json_object_get(input, "force")) ? "forced" : NULL);
	ask_cps(a, x, caller, caller->what, input);
}

void cps_validate_post(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument)
{
	json_t *input = read_input(a, x, argument), *all;
	const struct cps_validation_wish wish = {
		.account = http_exchange_query(x, "account"), .enrollment = json_integer_value(json_object_get(input, "enrollment")),
		.follow = json_string_value(json_object_get(input, "follow")), .force = json_is_true(json_object_get(input, "force")),
	};
	char id[ID_SIZE], location[80];
	struct err err;
	int code = input ? cps_validation_start(a->parts.cps, &wish, id, &err) : 0;
	bool forced = wish.force;

	json_decref(input);
	if (!input)
		return;
	audit_caller(a, caller, "cps.validate", NULL, argument, code < 0 ? "failed" : "ok", code < 0 ? err.text : forced ? "forced" : NULL);
	if (code < 0) {
		reply_err(a, x, &err);
		return;
	}
	snprintf(location, sizeof(location), "/v1/cps/validations/%s", id);
	http_exchange_header(x, "Location", location);
	all = cps_validation_json(a->parts.cps, id);
	reply_json(x, 202, all ? all : json_pack("{ss}", "id", id));
}

/* ---- the inventory, and approvals ---- */

static int read_days(const char *name, const char *text, int64_t *ret, struct problem *problem)
{
	size_t digits = text ? strspn(text, "0123456789") : 0;

	if (text && (!digits || digits > 6 || text[digits]))
		return problem_set(problem, 400, ERR_INVALID, NULL, "%s is a number of days", name);
	*ret = text ? strtoll(text, NULL, 10) : 0;
	return 0;
}

static int read_inventory_query(struct api *a, struct http_exchange *x, struct cps_inventory_query *q, struct problem *problem)
{
	size_t limit = 0;

	*q = (struct cps_inventory_query){
		.after = http_exchange_query(x, "after"), .kind = http_exchange_query(x, "class"), .account = http_exchange_query(x, "account"),
		.contract = http_exchange_query(x, "contract"), .phase = http_exchange_query(x, "phase"), .need = http_exchange_query(x, "need"), .search = http_exchange_query(x, "search"), .sort = http_exchange_query(x, "sort"),
	};
	if (read_days("expiring-days", http_exchange_query(x, "expiring-days"), &q->expiring_days, problem) < 0 ||
	    read_days("expiring-after-days", http_exchange_query(x, "expiring-after-days"), &q->expiring_after_days, problem) < 0 ||
	    limit_read(http_exchange_query(x, "limit"), &limit, problem) < 0)
		return problem->err.code;
	q->limit = (int64_t)limit;
	if (q->sort && !cps_inventory_can_sort(q->sort))
		return problem_set(problem, 400, ERR_INVALID, NULL, "sort=%.40s is not known; it is key, need, expiry, name, renewal or step", q->sort);
	if (q->need && !cps_inventory_can_choose(q->need))
		return problem_set(problem, 400, ERR_INVALID, NULL, "need=%.40s is not known; it is somebody, held, failing, alarm, working, pending or nothing",
		                   q->need);
	if (q->after && q->sort && strcmp(q->sort, "key") != 0 && !cps_inventory_knows(a->parts.cps, q->after))
		return problem_set(problem, 400, ERR_INVALID, NULL, "after=%.40s is not in the inventory any more; start from the first page", q->after);
	return 0;
}

/* Who may approve: what POST …/approve asks for. */
static bool may_approve(const struct caller *caller)
{
	return grants_operator(caller->grants) && !caller->loopback;
}

void cps_inventory_get(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument)
{
	struct cps_inventory_query q;
	struct problem problem = { 0 };
	json_t *all;

	(void)argument;
	if (!has_cps(a, x))
		return;
	if (read_inventory_query(a, x, &q, &problem) < 0) {
		reply_problem(a, x, &problem);
		return;
	}
	all = cps_inventory_json(a->parts.cps, &q);
	json_object_set_new(all, "may_approve", json_boolean(may_approve(caller)));
	reply_json_tagged(x, all);
}

/* {"change","hash","at":time,"deny":bool} */
static int read_approval(struct api *a, struct http_exchange *x, const struct caller *caller, const json_t *input, struct cps_approval_wish *ret,
                         struct problem *problem)
{
	const char *hash = json_string_value(json_object_get(input, "hash")), *at = json_string_value(json_object_get(input, "at"));

	(void)a;
	*ret = (struct cps_approval_wish){
		.account = http_exchange_query(x, "account"), .hash = hash, .who = caller->name ? caller->name : "loopback",
		.enrollment = json_integer_value(json_object_get(input, "enrollment")), .change = json_integer_value(json_object_get(input, "change")),
		.deny = json_is_true(json_object_get(input, "deny")),
	};
	if (!hash || ret->change <= 0)
		return problem_set(problem, 400, ERR_INVALID, NULL, "the change and the hash of its result are wanted, as they were shown");
	if (at && clock_parse(at, &ret->not_before_ms) < 0)
		return problem_set(problem, 400, ERR_INVALID, NULL, "at is \"%.60s\"; a time such as 2027-01-31T12:00:00Z is wanted", at);
	return 0;
}

void cps_approve_post(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id)
{
	json_t *input = read_input(a, x, id);
	struct problem problem = { 0 };
	struct cps_approval_wish wish;
	size_t missing = 0;
	struct err err = { 0 };
	int code;

	if (!input)
		return;
	if (read_approval(a, x, caller, input, &wish, &problem) < 0) {
		reply_problem(a, x, &problem);
		json_decref(input);
		return;
	}
	CLEANUP(mem_freep) char *what = mem_printf("change %" PRId64 ", hash %.64s%s%s", wish.change, wish.hash, wish.not_before_ms ? ", at " : "",
	                                           wish.not_before_ms ? json_string_value(json_object_get(input, "at")) : "");
	code = cps_approve(a->parts.cps, &wish, &missing, &err);
	audit_caller(a, caller, wish.deny ? "cps.deny" : "cps.approve", NULL, id, code < 0 ? "failed" : "ok", code < 0 ? err.text : what);
	if (code < 0)
		reply_err(a, x, &err);
	else
		reply_json(x, 200, json_pack("{s:I, s:b, s:b, s:I}", "change", (json_int_t)wish.change, "approved", !wish.deny && missing == 0, "denied", wish.deny,
		                             "missing", (json_int_t)missing));
	json_decref(input);
}
