#include "solver/cps/validation.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"

#define PATH_SIZE 128

int cps_validate_start(const struct cps_validate_parts *parts, int64_t enrollment, const struct cps_progress *progress,
                       struct cps_validation **ret, struct err *err)
{
	struct cps_validation *v;

	if (enrollment <= 0)
		return err_set(err, ERR_INVALID, "%" PRId64 " is no enrollment id", enrollment);
	if (cps_client_load(parts->client, err) < 0)
		return err->code;
	v = mem_new(1, sizeof(*v));
	v->parts = *parts;
	v->progress = *progress;
	v->enrollment = enrollment;
	v->give_up_ms = loop_now_ms(parts->loop) + parts->config->challenge.lifetime_ms;
	validation_hurry(v);
	validation_later(v, 0, validation_read_enrollment);
	*ret = v;
	return 0;
}

void cps_validate_reconfigure(struct cps_validation *v, const struct config *config)
{
	v->parts.config = config;
}

int64_t cps_validate_change(const struct cps_validation *v)
{
	return v->change;
}

const char *cps_validate_order(const struct cps_validation *v)
{
	return *v->order_id ? v->order_id : NULL;
}

/* ---- which change */

static void finish_without_change(struct cps_validation *v)
{
	if (v->names_valid || v->acknowledgements)
		validation_say(v, "the change is over");
	else
		validation_say(v, "enrollment %" PRId64 " has no pending change: nothing to do", v->enrollment);
	validation_finish(v, &(struct err){ 0 });
}

static void follow_change(struct cps_validation *v, const struct cps_pending *newest)
{
	if (v->change == newest->change) {
		validation_read_change(v);
		return;
	}
	if (v->change) {
		validation_say(v, "a newer change has taken the place of %" PRId64, v->change);
		validation_release(v);
		v->names_valid = false;
	}
	v->change = newest->change;
	validation_say(v, "enrollment %" PRId64 ": the newest pending change is %" PRId64 "%s%s%s", v->enrollment,
	               v->change, *newest->type ? " (" : "", newest->type, *newest->type ? ")" : "");
	validation_read_change(v);
}

static void on_enrollment(struct cps_validation *v, const struct http_reply *reply, const struct err *err)
{
	struct cps_enrollment e = { 0 };
	const struct cps_pending *newest;
	struct err parse = *err;

	if (parse.code == 0)
		cps_enrollment_parse(reply->body, reply->body_length, &e, &parse);
	if (parse.code == ERR_NOT_FOUND) {
		validation_fail(v, ERR_NOT_FOUND, "enrollment %" PRId64 ": %s", v->enrollment, parse.text);
		return;
	}
	if (validation_failed(v, &parse))
		return;
	newest = cps_enrollment_newest(&e);
	if (newest)
		follow_change(v, newest);
	else
		finish_without_change(v);
	cps_enrollment_done(&e);
}

void validation_read_enrollment(struct cps_validation *v)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "/cps/v2/enrollments/%" PRId64, v->enrollment);
	validation_ask(v, path, "enrollment.v11", on_enrollment);
}

/* ---- what the change wants */

static void say_status(struct cps_validation *v, const struct cps_change *c)
{
	char sentence[512];

	snprintf(sentence, sizeof(sentence), "change %" PRId64 " is %s: %s%s%s", v->change, c->state_text, c->status,
	         *c->description ? " - " : "", c->description);
	validation_say_once(v, &v->status_said, sentence);
}

static void past_validation(struct cps_validation *v, const struct cps_change *c)
{
	bool settling = strcmp(c->status, "check-for-cert") == 0 || cps_change_is_at_validation(c);

	validation_release(v);
	if (c->state != CPS_COMPLETED && settling && v->followed++ < FOLLOW_MAX) {
		validation_wait(v); /* warnings about the certificate may follow */
		return;
	}
	validation_say(v, "domain validation of change %" PRId64 " is over: every name is valid", v->change);
	validation_finish(v, &(struct err){ 0 });
}

static void fail_change(struct cps_validation *v, const struct cps_change *c)
{
	const char *why = *c->error_text ? c->error_text : c->description;

	validation_fail(v, ERR_INVALID, "change %" PRId64 " is in error (%s%s%s): %s", v->change, c->status,
	                *c->error_code ? ", " : "", c->error_code, *why ? why : "CPS gives no reason");
}

static void wants_challenges(struct cps_validation *v, const struct cps_allowed *input)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "/cps/v2/enrollments/%" PRId64 "/changes/%" PRId64 "/input/info/lets-encrypt-challenges",
	         v->enrollment, v->change);
	mem_replace(&v->challenges_path, *input->info ? input->info : path);
	snprintf(path, sizeof(path),
	         "/cps/v2/enrollments/%" PRId64 "/changes/%" PRId64 "/input/update/lets-encrypt-challenges-completed",
	         v->enrollment, v->change);
	mem_replace(&v->acknowledge_path, *input->update ? input->update : path);
	validation_names(v);
}

static void decide(struct cps_validation *v, const struct cps_change *c)
{
	const struct cps_allowed *pre = cps_change_input(c, CPS_INPUT_PRE_WARNINGS);
	const struct cps_allowed *post = cps_change_input(c, CPS_INPUT_POST_WARNINGS);
	const struct cps_allowed *challenges = cps_change_input(c, CPS_INPUT_CHALLENGES);

	if (c->failed)
		fail_change(v, c);
	else if (c->state == CPS_CANCELLED)
		validation_fail(v, ERR_CANCELLED, "change %" PRId64 " was cancelled", v->change);
	else if (c->state == CPS_COMPLETED)
		past_validation(v, c);
	else if (pre || post)
		validation_warnings(v, pre ? pre : post);
	else if (challenges && !v->names_valid)
		wants_challenges(v, challenges);
	else if (cps_change_input(c, CPS_INPUT_THIRD_PARTY))
		validation_fail(v, ERR_UNSUPPORTED, "change %" PRId64 " waits for a third-party certificate, not for domain "
		                "validation", v->change);
	else if (v->names_valid || (cps_change_is_past_validation(c) && c->state != CPS_STATE_UNKNOWN))
		past_validation(v, c);
	else
		validation_wait(v);
}

static void on_change(struct cps_validation *v, const struct http_reply *reply, const struct err *err)
{
	struct cps_change c = { 0 };
	struct err parse = *err;

	if (parse.code == ERR_NOT_FOUND && v->stale++ < STALE_MAX) {
		validation_later(v, v->pause_ms, validation_read_enrollment); /* over, or replaced */
		return;
	}
	if (parse.code == 0)
		cps_change_parse(reply->body, reply->body_length, v->enrollment, v->change, &c, &parse);
	if (validation_failed(v, &parse))
		return;
	say_status(v, &c);
	decide(v, &c);
	cps_change_done(&c);
}

void validation_read_change(struct cps_validation *v)
{
	char path[PATH_SIZE];

	if (!v->change) {
		validation_read_enrollment(v);
		return;
	}
	snprintf(path, sizeof(path), "/cps/v2/enrollments/%" PRId64 "/changes/%" PRId64, v->enrollment, v->change);
	validation_ask(v, path, "change.v2", on_change);
}
