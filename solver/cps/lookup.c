/* list, show, certificate and ack: a few requests in a row, one answer. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/cps/internal.h"
#include "solver/cps/json.h"
#include "solver/cps/change.h"
#include "solver/cps/domains.h"

#define PATH_SIZE 1024

struct lookup {
	struct cps *cps;
	struct lookup *next, *prev;
	struct cps_call *call;
	int64_t enrollment, change;
	size_t contract;          /* list: the next one to ask for */
	bool acknowledge;
	json_t *result;
	char *acknowledge_path;
	cps_answer_fn done;
	void *arg;
};

static void lookup_free(struct lookup *l)
{
	DL_DELETE(l->cps->lookups, l);
	cps_call_cancel(l->call);
	json_decref(l->result);
	free(l->acknowledge_path);
	free(l);
}

void lookups_cancel(struct cps *c)
{
	while (c->lookups)
		lookup_free(c->lookups);
}

static void lookup_end(struct lookup *l, const struct err *err)
{
	cps_answer_fn done = l->done;
	void *arg = l->arg;
	json_t *result = json_incref(l->result);
	struct err copy = *err;

	lookup_free(l);
	done(copy.code < 0 ? NULL : result, &copy, arg);
	json_decref(result);
}

static int lookup_ask(struct lookup *l, const struct cps_request *request, cps_client_fn done, struct err *err)
{
	return cps_call_start(l->cps->client, request, done, l, &l->call, err);
}

/* The next request of a lookup; a failure to start is its answer. */
static void lookup_next(struct lookup *l, const struct cps_request *request, cps_client_fn done)
{
	struct err err = { 0 };

	if (lookup_ask(l, request, done, &err) < 0)
		lookup_end(l, &err);
}

static struct lookup *lookup_new(struct cps *c, int64_t enrollment, cps_answer_fn done, void *arg)
{
	struct lookup *l = mem_new(1, sizeof(*l));

	l->cps = c;
	l->enrollment = enrollment;
	l->done = done;
	l->arg = arg;
	DL_APPEND(c->lookups, l);
	return l;
}

static json_t *json_or_null(const char *text)
{
	json_t *value = *text ? json_string(text) : NULL;

	return value ? value : json_null();
}

/* ---- list */

static json_t *enrollment_json(const struct cps_enrollment *e)
{
	json_t *sans = json_array(), *pending = json_array();

	for (size_t i = 0; i < e->san_count; i++)
		json_array_append_new(sans, json_or_null(e->sans[i]));
	for (size_t i = 0; i < e->pending_count; i++)
		json_array_append_new(pending, json_pack("{s:I, s:o}", "id", (json_int_t)e->pending[i].change, "type",
		                                         json_or_null(e->pending[i].type)));
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o}", "id", (json_int_t)e->id, "cn", json_or_null(e->cn), "sans", sans,
	                 "validation_type", json_or_null(e->validation_type), "ra", json_or_null(e->ra),
	                 "pending_changes", pending);
}

static const char *next_contract(const struct lookup *l)
{
	char **contracts = l->cps->parts.config->cps.contracts;

	return contracts ? contracts[l->contract] : NULL;
}

static void on_enrollments(const struct http_reply *reply, const struct err *err, void *arg);

/* Contract ids are short words; anything else is refused before it reaches a URL. */
static int list_request(struct lookup *l, char path[PATH_SIZE], struct err *err)
{
	const char *contract = next_contract(l);

	if (!contract) {
		snprintf(path, PATH_SIZE, "/cps/v2/enrollments");
		return 0;
	}
	if (!*contract || strlen(contract) > 64 ||
	    strspn(contract, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") != strlen(contract))
		return err_set(err, ERR_INVALID, "cps.contracts: '%s' is no contract id", contract);
	snprintf(path, PATH_SIZE, "/cps/v2/enrollments?contractId=%s", contract);
	l->contract++;
	return 0;
}

static int list_ask(struct lookup *l, struct err *err)
{
	char path[PATH_SIZE];

	if (list_request(l, path, err) < 0)
		return err->code;
	return lookup_ask(l, &(struct cps_request){ .path = path, .accept = "enrollments.v11" }, on_enrollments, err);
}

static void on_enrollments(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct lookup *l = arg;
	struct cps_enrollments list = { 0 };
	struct err parse = *err;
	json_t *array = json_object_get(l->result, "enrollments");

	l->call = NULL;
	if (parse.code == 0)
		cps_enrollments_parse(reply->body, reply->body_length, &list, &parse);
	for (size_t i = 0; i < list.count; i++)
		json_array_append_new(array, enrollment_json(&list.items[i]));
	cps_enrollments_done(&list);
	if (parse.code < 0 || !next_contract(l))
		lookup_end(l, &parse);
	else if (list_ask(l, &parse) < 0)
		lookup_end(l, &parse);
}

int cps_list(struct cps *c, cps_answer_fn done, void *arg, struct err *err)
{
	struct lookup *l;

	if (cps_client_load(c->client, err) < 0)
		return err->code;
	l = lookup_new(c, 0, done, arg);
	l->result = json_pack("{s:[]}", "enrollments");
	if (list_ask(l, err) == 0)
		return 0;
	lookup_free(l);
	return err->code;
}

/* ---- show and ack */

static json_t *domain_json(const struct cps_domain *d)
{
	json_t *challenges = json_array();
	char text[CLOCK_TEXT_SIZE];

	for (size_t i = 0; i < d->challenge_count; i++) {
		const struct cps_challenge *c = &d->challenges[i];

		json_array_append_new(challenges, json_pack("{s:o, s:o, s:o, s:o, s:o}", "type", json_or_null(c->type_text),
		                      "status", json_or_null(c->status), "error", json_or_null(c->error),
		                      "full_path", json_or_null(c->full_path),
		                      "response_body", json_or_null(c->response_body)));
	}
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "domain", json_or_null(d->domain), "status",
	                 json_or_null(d->status), "validation_status", json_or_null(d->validation_status), "error",
	                 json_or_null(d->error), "expires", d->expires_ms ? json_string(clock_text(d->expires_ms, text)) : json_null(),
	                 "challenges", challenges);
}

static void on_domains(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct lookup *l = arg;
	struct cps_domains domains = { 0 };
	struct err parse = *err;
	json_t *names = json_array();

	l->call = NULL;
	if (parse.code == 0)
		cps_domains_parse(reply->body, reply->body_length, &domains, &parse);
	for (size_t i = 0; i < domains.count; i++)
		json_array_append_new(names, domain_json(&domains.items[i]));
	cps_domains_done(&domains);
	json_object_set_new(json_object_get(l->result, "change"), "names", names);
	if (parse.code == ERR_NOT_FOUND || parse.code == ERR_CONFLICT)
		parse = (struct err){ 0 }; /* the change has moved on meanwhile */
	lookup_end(l, &parse);
}

static void on_acknowledged(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct lookup *l = arg;

	(void)reply;
	l->call = NULL;
	json_decref(l->result);
	l->result = json_pack("{s:I, s:b}", "change", (json_int_t)l->change, "acknowledged", 1);
	lookup_end(l, err);
}

static json_t *change_json(const struct lookup *l, const struct cps_change *c)
{
	json_t *allowed = json_array();

	for (size_t i = 0; i < c->allowed_count; i++)
		json_array_append_new(allowed, json_or_null(c->allowed[i].type));
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:[]}", "id", (json_int_t)l->change, "state",
	                 json_or_null(c->state_text), "status", json_or_null(c->status), "description",
	                 json_or_null(c->description), "error", json_or_null(c->error_text), "allowed_input", allowed,
	                 "names");
}

static void acknowledge(struct lookup *l, const struct cps_allowed *input)
{
	struct err err = { 0 };

	if (!input || !*input->update) {
		err_set(&err, ERR_NOT_FOUND, "change %" PRId64 " does not wait for an acknowledgement of challenges", l->change);
		lookup_end(l, &err);
		return;
	}
	l->acknowledge_path = mem_dup(input->update);
	lookup_next(l, &(struct cps_request){ .method = "POST", .path = l->acknowledge_path, .accept = "change-id.v1",
	                                      .content_type = "acknowledgement.v1",
	                                      .body = "{\"acknowledgement\":\"acknowledge\"}" }, on_acknowledged);
}

static void on_change(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct lookup *l = arg;
	struct cps_change c = { 0 };
	struct err parse = *err;
	const struct cps_allowed *input;

	l->call = NULL;
	if (parse.code == 0)
		cps_change_parse(reply->body, reply->body_length, l->enrollment, l->change, &c, &parse);
	if (parse.code < 0) {
		lookup_end(l, &parse);
		return;
	}
	json_object_set_new(l->result, "change", change_json(l, &c));
	input = cps_change_input(&c, CPS_INPUT_CHALLENGES);
	if (l->acknowledge)
		acknowledge(l, input);
	else if (input && *input->info)
		lookup_next(l, &(struct cps_request){ .path = input->info, .accept = "dv-challenges.v2" }, on_domains);
	else
		lookup_end(l, &parse);
	cps_change_done(&c);
}

static void without_change(struct lookup *l)
{
	struct err err = { 0 };

	if (l->acknowledge)
		err_set(&err, ERR_NOT_FOUND, "enrollment %" PRId64 " has no pending change", l->enrollment);
	lookup_end(l, &err);
}

static void on_enrollment(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct lookup *l = arg;
	struct cps_enrollment e = { 0 };
	struct err parse = *err;
	const struct cps_pending *newest;
	char path[PATH_SIZE];

	l->call = NULL;
	if (parse.code == 0)
		cps_enrollment_parse(reply->body, reply->body_length, &e, &parse);
	if (parse.code < 0) {
		lookup_end(l, &parse);
		return;
	}
	l->result = enrollment_json(&e);
	json_object_set_new(l->result, "change", json_null());
	newest = cps_enrollment_newest(&e);
	l->change = newest ? newest->change : 0;
	cps_enrollment_done(&e);
	if (!l->change) {
		without_change(l);
		return;
	}
	snprintf(path, sizeof(path), "/cps/v2/enrollments/%" PRId64 "/changes/%" PRId64, l->enrollment, l->change);
	lookup_next(l, &(struct cps_request){ .path = path, .accept = "change.v2" }, on_change);
}

static int look_up(struct cps *c, int64_t enrollment, bool ack, cps_answer_fn done, void *arg, struct err *err)
{
	struct lookup *l;
	char path[PATH_SIZE];

	if (enrollment <= 0)
		return err_set(err, ERR_INVALID, "%" PRId64 " is no enrollment id", enrollment);
	if (cps_client_load(c->client, err) < 0)
		return err->code;
	l = lookup_new(c, enrollment, done, arg);
	l->acknowledge = ack;
	snprintf(path, sizeof(path), "/cps/v2/enrollments/%" PRId64, enrollment);
	if (lookup_ask(l, &(struct cps_request){ .path = path, .accept = "enrollment.v11" }, on_enrollment, err) == 0)
		return 0;
	lookup_free(l);
	return err->code;
}

int cps_show(struct cps *c, int64_t enrollment, cps_answer_fn done, void *arg, struct err *err)
{
	return look_up(c, enrollment, false, done, arg, err);
}

int cps_ack(struct cps *c, int64_t enrollment, cps_answer_fn done, void *arg, struct err *err)
{
	return look_up(c, enrollment, true, done, arg, err);
}

/* ---- the certificate in production */

static void on_deployment(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct lookup *l = arg;
	struct err parse = *err;
	char text[CLOCK_TEXT_SIZE];
	json_t *all = NULL;
	int64_t expiry = 0;

	l->call = NULL;
	if (parse.code == 0)
		all = cps_json_load(reply->body, reply->body_length, "deployment", &parse);
	if (all)
		expiry = cps_json_time(json_object_get(all, "primaryCertificate"), "expiry");
	json_decref(all);
	if (parse.code == ERR_NOT_FOUND)
		parse = (struct err){ 0 }; /* nothing is deployed yet */
	l->result = json_pack("{s:I, s:o}", "id", (json_int_t)l->enrollment, "expiry",
	                      expiry ? json_string(clock_text(expiry, text)) : json_null());
	lookup_end(l, &parse);
}

int cps_certificate(struct cps *c, int64_t enrollment, cps_answer_fn done, void *arg, struct err *err)
{
	struct lookup *l;
	char path[PATH_SIZE];

	if (enrollment <= 0)
		return err_set(err, ERR_INVALID, "%" PRId64 " is no enrollment id", enrollment);
	if (cps_client_load(c->client, err) < 0)
		return err->code;
	l = lookup_new(c, enrollment, done, arg);
	snprintf(path, sizeof(path), "/cps/v2/enrollments/%" PRId64 "/deployments/production", enrollment);
	if (lookup_ask(l, &(struct cps_request){ .path = path, .accept = "deployment.v7" }, on_deployment, err) == 0)
		return 0;
	lookup_free(l);
	return err->code;
}
