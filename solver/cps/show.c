/* An enrollment as a person wants to see it: its newest change, what each name needs, warnings, the schedule, and when the certificate
 * in production ends. Whatever is over by the time it is asked for is shown as over. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/cps/answer.h"
#include "solver/cps/change.h"
#include "solver/cps/domains.h"
#include "solver/cps/errands.h"
#include "solver/cps/json.h"
#include "solver/cps/warnings.h"

static void read_production(struct errand *e);

/* ---- names */

static json_t *challenge_json(const struct cps_challenge *c)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "type", errand_text(c->type_text), "status", errand_text(c->status), "error",
	                 errand_text(c->error), "full_path", errand_text(c->full_path), "response_body", errand_text(c->response_body));
}

static json_t *domain_json(const struct cps_domain *d)
{
	json_t *challenges = json_array();

	for (size_t i = 0; i < d->challenge_count; i++)
		json_array_append_new(challenges, challenge_json(&d->challenges[i]));
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "domain", errand_text(d->domain), "status", errand_text(d->status),
	                 "validation_status", errand_text(d->validation_status), "error", errand_text(d->error),
	                 "expires", errand_time(d->expires_ms), "challenges", challenges);
}

static bool has_moved_on(const struct err *err)
{
	return err->code == ERR_NOT_FOUND || err->code == ERR_CONFLICT;
}

static void on_domains(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct errand *e = arg;
	struct cps_domains domains = { 0 };
	struct err parse = *err;
	json_t *names = json_array();

	e->call = NULL;
	if (parse.code == 0)
		cps_domains_parse(reply->body, reply->body_length, &domains, &parse);
	for (size_t i = 0; i < domains.count; i++)
		json_array_append_new(names, domain_json(&domains.items[i]));
	cps_domains_done(&domains);
	json_object_set_new(json_object_get(e->result, "change"), "names", names);
	if (parse.code < 0 && !has_moved_on(&parse))
		errand_end(e, &parse);
	else
		read_production(e);
}

/* ---- warnings */

json_t *cps_warnings_json(const char *text)
{
	json_t *list = json_array();
	char digest[CPS_DIGEST_SIZE];
	struct cps_warnings w;

	cps_warnings_read(text, &w);
	for (size_t i = 0; i < w.count; i++)
		json_array_append_new(list, json_pack("{s:s, s:o}", "code", w.items[i].code, "text", errand_text(w.items[i].text)));
	cps_warnings_done(&w);
	return json_pack("{s:o, s:o, s:s+}", "text", errand_text(text), "warnings", list, "digest", CPS_DIGEST_PREFIX,
	                 cps_warnings_digest(text, digest));
}

static void on_warnings(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct errand *e = arg;
	CLEANUP(mem_freep) char *text = NULL;
	struct err parse = *err;

	e->call = NULL;
	if (parse.code == 0 && cps_warnings_parse(reply->body, reply->body_length, &text, &parse) == 0)
		json_object_set_new(json_object_get(e->result, "change"), "warnings", cps_warnings_json(text));
	if (parse.code < 0 && !has_moved_on(&parse))
		errand_end(e, &parse);
	else
		read_production(e);
}

/* ---- the change */

static json_t *change_json(const struct errand *e, const struct cps_change *c)
{
	json_t *allowed = json_array();

	for (size_t i = 0; i < c->allowed_count; i++)
		json_array_append_new(allowed, errand_text(c->allowed[i].type));
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:{s:o, s:o}, s:[]}", "id", (json_int_t)e->change, "state", errand_text(c->state_text),
	                 "status", errand_text(c->status), "description", errand_text(c->description), "error", errand_text(c->error_text),
	                 "allowed_input", allowed, "schedule", "not_before", errand_time(c->not_before_ms),
	                 "not_after", errand_time(c->not_after_ms), "names");
}

static const struct cps_allowed *warnings_input(const struct cps_change *c)
{
	const struct cps_allowed *pre = cps_change_input(c, CPS_INPUT_PRE_WARNINGS);

	return pre ? pre : cps_change_input(c, CPS_INPUT_POST_WARNINGS);
}

static void on_change(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct errand *e = arg;
	struct cps_change c = { 0 };
	struct err parse = *err;
	const struct cps_allowed *names, *warnings;

	e->call = NULL;
	if (parse.code == ERR_NOT_FOUND) {
		CLEANUP(mem_freep) char *note = mem_printf("change %" PRId64 " is over", e->change);

		json_object_set_new(e->result, "note", json_string(note));
		read_production(e);
		return;
	}
	if (parse.code == 0)
		cps_change_parse(reply->body, reply->body_length, e->enrollment, e->change, &c, &parse);
	if (parse.code < 0) {
		errand_end(e, &parse);
		return;
	}
	json_object_set_new(e->result, "change", change_json(e, &c));
	names = cps_change_input(&c, CPS_INPUT_CHALLENGES);
	warnings = warnings_input(&c);
	if (names && *names->info)
		errand_get(e, names->info, "dv-challenges.v2", on_domains);
	else if (warnings && *warnings->info)
		errand_get(e, warnings->info, "warnings.v1", on_warnings);
	else
		read_production(e);
	cps_change_done(&c);
}

static void on_enrollment(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct errand *e = arg;
	struct cps_enrollment one = { 0 };
	struct err parse = *err;
	const struct cps_pending *newest;
	char path[ERRAND_PATH_SIZE];

	e->call = NULL;
	if (parse.code == 0)
		cps_enrollment_parse(reply->body, reply->body_length, &one, &parse);
	if (parse.code < 0) {
		errand_end(e, &parse);
		return;
	}
	e->result = cps_answer_enrollment(&one);
	json_object_set_new(e->result, "change", json_null());
	newest = cps_enrollment_newest(&one);
	e->change = newest ? newest->change : 0;
	cps_enrollment_done(&one);
	errand_change_path(e, path, "");
	if (e->change)
		errand_get(e, path, "change.v2", on_change);
	else
		read_production(e);
}

int cps_show_start(struct errand *e, struct err *err)
{
	char path[ERRAND_PATH_SIZE];

	(void)err;
	errand_enrollment_path(e, path, "");
	errand_get(e, path, "enrollment.v12", on_enrollment);
	return 0;
}

/* ---- the certificate in production */

static void on_deployment(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct errand *e = arg;
	struct err parse = *err;
	json_t *all = NULL;
	int64_t expiry = 0;

	e->call = NULL;
	if (parse.code == 0)
		all = cps_json_load(reply->body, reply->body_length, "the deployment", &parse);
	if (all)
		expiry = cps_json_time(json_object_get(all, "primaryCertificate"), "expiry");
	json_decref(all);
	if (has_moved_on(&parse))
		parse = (struct err){ 0 }; /* nothing is deployed yet */
	json_object_set_new(e->result, "expiry", errand_time(expiry));
	errand_end(e, &parse);
}

static void read_production(struct errand *e)
{
	char path[ERRAND_PATH_SIZE];

	errand_enrollment_path(e, path, "/deployments/production");
	errand_get(e, path, "deployment.v8", on_deployment);
}

int cps_certificate_start(struct errand *e, struct err *err)
{
	(void)err;
	e->result = json_pack("{s:I}", "id", (json_int_t)e->enrollment);
	read_production(e);
	return 0;
}
