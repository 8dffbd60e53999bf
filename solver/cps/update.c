/* Changing and renewing an enrollment: read, edited as a tree, compared, written. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/cps/edit.h"
#include "solver/cps/json.h"
#include "solver/cps/rules.h"
#include "solver/cps/writing.h"

#define CONFLICT_PAUSE_MS 30000 /* the state of an enrollment passes */
#define CONFLICT_TRIES 20       /* ten minutes */

static const struct writing_flag update_flags[] = {
	{ "allow_cancel_pending_changes", "allow-cancel-pending-changes", false }, { "allow_staging_bypass", "allow-staging-bypass", false },
	{ "deploy_not_before", "deploy-not-before", true }, { "deploy_not_after", "deploy-not-after", true }, { "renew", "force-renewal", false },
	{ "override_renewal_window", "renewal-date-check-override", false },
	{ "allow_missing_certificate_addition", "allow-missing-certificate-addition", false }, { NULL },
};

static void read_existing(void *arg);

static int edit(struct errand *e, struct err *err)
{
	static const struct { const char *input; int (*edit)(json_t *enrollment, const char *text, struct err *err); } edits[] = {
		{ "set", cps_edit_set }, { "add_sans", cps_edit_add_san }, { "remove_sans", cps_edit_remove_san },
	};
	json_t *body = json_is_object(json_object_get(e->input, "body")) ? cps_edit_copy(json_object_get(e->input, "body")) : NULL;
	json_t *one;
	size_t k;

	json_object_del(body, "contract");
	cps_edit_merge(e->wanted, body);
	json_decref(body);
	for (size_t i = 0; i < ARRAY_LEN(edits); i++)
		json_array_foreach(json_object_get(e->input, edits[i].input), k, one)
			if (!json_is_string(one) || edits[i].edit(e->wanted, json_string_value(one), err) < 0)
				return err->code;
	return 0;
}

static json_t *load_existing(const struct http_reply *reply, struct err *err)
{
	json_t *o = cps_json_load(reply->body, reply->body_length, "the enrollment", err);

	if (o && !json_is_object(o)) {
		json_decref(o);
		o = NULL;
		err_set(err, ERR_PROTOCOL, "the enrollment of CPS is no object");
	}
	return o;
}

static bool is_wanted(const struct errand *e, const json_t *now)
{
	json_t *copy = cps_edit_copy(now);
	bool equal = cps_edit_equal(copy, e->wanted);

	json_decref(copy);
	return equal;
}

static size_t count_pending(const json_t *enrollment)
{
	return json_array_size(json_object_get(enrollment, "pendingChanges"));
}

/* After a lost answer: it arrived when the enrollment is what was wanted, and a renewal when a change more is pending. */
static void on_after_lost(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct errand *e = arg;
	struct err parse = *err;
	json_t *now = NULL;

	e->call = NULL;
	if (parse.code == 0)
		now = load_existing(reply, &parse);
	if (!now) {
		errand_fail(e, parse.code, "the answer to the update was lost, and the enrollment cannot be read now: %s", parse.text);
		return;
	}
	if (is_wanted(e, now) && (!errand_flag(e, "renew") || count_pending(now) > count_pending(e->existing))) {
		e->result = json_pack("{s:I, s:[], s:b, s:s}", "enrollment", (json_int_t)e->enrollment, "changes", "changed", 1, "note",
		                      "the answer was lost; the enrollment shows that the update arrived");
		errand_end(e, &parse);
	} else {
		errand_fail(e, ERR_TIMEOUT, "the answer to the update was lost, and the enrollment is as before: it can be repeated");
	}
	json_decref(now);
}

static bool passes(const struct http_reply *reply)
{
	return !reply || !reply->body || !strstr(reply->body, "cannot-cancel-pending-change");
}

static void on_updated(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct errand *e = arg;
	char path[ERRAND_PATH_SIZE];

	e->call = NULL;
	if (writing_is_lost(reply, err)) {
		errand_enrollment_path(e, path, "");
		errand_get(e, path, "enrollment.v12", on_after_lost);
	} else if (err->code == ERR_CONFLICT && passes(reply) && e->tries++ < CONFLICT_TRIES) {
		e->timer = timer_start(e->cps->parts.loop, CONFLICT_PAUSE_MS, read_existing, e);
	} else {
		if (err->code == 0)
			writing_take_status(e, reply);
		errand_end(e, err);
	}
}

static void send_update(struct errand *e)
{
	CLEANUP(buf_done) struct buf path = BUF_INIT(ERRAND_PATH_SIZE);
	struct err err = { 0 };

	buf_printf(&path, "/cps/v2/enrollments/%" PRId64, e->enrollment);
	if (writing_query(e, update_flags, &path, &err) < 0)
		errand_end(e, &err);
	else
		writing_send(e, "PUT", buf_text(&path), "enrollment-status.v1", "enrollment.v12", e->wanted, on_updated);
}

/* Inside the renewal window. */
static void on_expiry(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct errand *e = arg;
	int64_t starts = cps_json_time(e->existing, "autoRenewalStartTime"), now = loop_wall_ms(e->cps->parts.loop), expires = 0;
	json_t *all = err->code == 0 ? json_loadb(reply->body, reply->body_length, 0, NULL) : NULL;
	char text[CLOCK_TEXT_SIZE];

	e->call = NULL;
	expires = cps_json_time(json_object_get(all, "primaryCertificate"), "expiry");
	json_decref(all);
	if (err->code < 0 && err->code != ERR_NOT_FOUND)
		errand_end(e, err);
	else if (!errand_flag(e, "override_renewal_window"))
		errand_fail(e, ERR_CONFLICT, "CPS renews enrollment %" PRId64 " by itself since %s and takes no other change until that is over; "
		            "--override-renewal-window does it all the same", e->enrollment, clock_text(starts, text));
	else if (cps_rules_window(starts, expires, now) == CPS_WINDOW_LATE && !errand_flag(e, "force"))
		errand_fail(e, ERR_DENIED, "the certificate of enrollment %" PRId64 " ends in less than 14 days; a change instead of its renewal risks that it "
		            "does; --force does it all the same", e->enrollment);
	else
		send_update(e);
}

static void decide_update(struct errand *e)
{
	bool same = is_wanted(e, e->existing) && !errand_flag(e, "renew");
	int64_t starts = cps_json_time(e->existing, "autoRenewalStartTime");
	char path[ERRAND_PATH_SIZE];

	if (same) {
		e->result = json_pack("{s:I, s:[], s:b, s:s}", "enrollment", (json_int_t)e->enrollment, "changes", "changed", 0, "note",
		                      "nothing differs: nothing was sent");
		errand_end(e, &(struct err){ 0 });
		return;
	}
	if (!writing_keeps_rules(e))
		return;
	errand_enrollment_path(e, path, "/deployments/production");
	if (!errand_flag(e, "renew") && cps_rules_window(starts, 0, loop_wall_ms(e->cps->parts.loop)) != CPS_WINDOW_CLOSED)
		errand_get(e, path, "deployment.v8", on_expiry);
	else
		send_update(e);
}

static void on_existing(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct errand *e = arg;
	struct err parse = *err;

	e->call = NULL;
	json_decref(e->existing);
	json_decref(e->wanted);
	e->wanted = NULL;
	e->existing = parse.code == 0 ? load_existing(reply, &parse) : NULL;
	if (e->existing)
		e->wanted = cps_edit_copy(e->existing);
	if (!e->existing || edit(e, &parse) < 0)
		errand_end(e, &parse);
	else
		decide_update(e);
}

static void read_existing(void *arg)
{
	struct errand *e = arg;
	char path[ERRAND_PATH_SIZE];

	e->timer = NULL;
	errand_enrollment_path(e, path, "");
	errand_get(e, path, "enrollment.v12", on_existing);
}

int cps_update_start(struct errand *e, struct err *err)
{
	(void)err;
	read_existing(e);
	return 0;
}
