/* Deleting an enrollment, cancelling a change, and its deployment schedule. */
#include <inttypes.h>
#include <string.h>

#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/cps/json.h"
#include "solver/cps/writing.h"

static const struct writing_flag delete_flags[] = {
	{ "allow_cancel_pending_changes", "allow-cancel-pending-changes", false }, { "deploy_not_before", "deploy-not-before", true },
	{ "deploy_not_after", "deploy-not-after", true }, { NULL },
};

static void on_written(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct errand *e = arg;

	e->call = NULL;
	if (writing_is_lost(reply, err)) {
		errand_fail(e, ERR_TIMEOUT, "the answer was lost; \"dcvd cps show %" PRId64 "\" tells what became of it, and repeating it is harmless",
		            e->enrollment);
		return;
	}
	if (err->code == 0)
		writing_take_status(e, reply);
	errand_end(e, err);
}

int cps_delete_start(struct errand *e, struct err *err)
{
	CLEANUP(buf_done) struct buf path = BUF_INIT(ERRAND_PATH_SIZE);

	buf_printf(&path, "/cps/v2/enrollments/%" PRId64, e->enrollment);
	if (writing_query(e, delete_flags, &path, err) < 0)
		return err->code;
	writing_send(e, "DELETE", buf_text(&path), "enrollment-status.v1", NULL, NULL, on_written);
	return 0;
}

static void on_schedule(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct errand *e = arg;
	struct err parse = *err;
	json_t *all = NULL;

	e->call = NULL;
	if (parse.code == 0)
		all = cps_json_load(reply->body, reply->body_length, "the deployment schedule", &parse);
	if (all)
		e->result = json_pack("{s:I, s:o, s:o}", "change", (json_int_t)e->change, "not_before", errand_time(cps_json_time(all, "notBefore")), "not_after",
		                      errand_time(cps_json_time(all, "notAfter")));
	json_decref(all);
	errand_end(e, &parse);
}

static void act_on_change(struct errand *e)
{
	bool schedule = json_object_get(e->input, "schedule") != NULL;
	char path[ERRAND_PATH_SIZE];

	errand_change_path(e, path, schedule || errand_flag(e, "look") ? "/deployment-schedule" : "");
	if (errand_flag(e, "look"))
		errand_get(e, path, "deployment-schedule.v1", on_schedule);
	else if (schedule)
		writing_send(e, "PUT", path, "change-id.v1", "deployment-schedule.v1", json_object_get(e->input, "schedule"), on_written);
	else
		writing_send(e, "DELETE", path, "change-id.v1", NULL, NULL, on_written);
}

static void on_enrollment(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct errand *e = arg;
	struct cps_enrollment one = { 0 };
	struct err parse = *err;
	const struct cps_pending *newest;

	e->call = NULL;
	if (parse.code == 0)
		cps_enrollment_parse(reply->body, reply->body_length, &one, &parse);
	newest = parse.code < 0 ? NULL : cps_enrollment_newest(&one);
	e->change = newest ? newest->change : 0;
	cps_enrollment_done(&one);
	if (parse.code < 0)
		errand_end(e, &parse);
	else if (!e->change)
		errand_fail(e, ERR_NOT_FOUND, "enrollment %" PRId64 " has no pending change", e->enrollment);
	else
		act_on_change(e);
}

int cps_cancel_start(struct errand *e, struct err *err)
{
	char path[ERRAND_PATH_SIZE];

	(void)err;
	errand_enrollment_path(e, path, "");
	if (e->change)
		act_on_change(e);
	else
		errand_get(e, path, "enrollment.v12", on_enrollment);
	return 0;
}

static json_t *schedule_member(const struct errand *e, const char *key, struct err *err)
{
	const char *text = errand_input(e, key);
	int64_t at;

	if (!*text)
		return json_null();
	if (clock_parse(text, &at) < 0)
		err_set(err, ERR_INVALID, "\"%.60s\" is no time; 2027-01-31T12:00:00Z is wanted", text);
	return json_string(text);
}

int cps_schedule_start(struct errand *e, struct err *err)
{
	json_t *schedule;

	err->code = 0;
	if (errand_flag(e, "look"))
		return cps_cancel_start(e, err);
	schedule = json_pack("{s:o, s:o}", "notBefore", schedule_member(e, "not_before", err), "notAfter", schedule_member(e, "not_after", err));
	json_object_set_new(e->input, "schedule", schedule);
	return err->code < 0 ? err->code : cps_cancel_start(e, err);
}
