/* What is told about validations: while they run, and of the newest for a while after they are over. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "solver/base/clock.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/cps/internal.h"

#define SENTENCES_MAX 2000 /* of one validation */
#define FINISHED_MAX 100

struct report *report_new(struct cps *c, const char *account, int64_t enrollment)
{
	struct report *r = mem_new(1, sizeof(*r));

	r->cps = c;
	r->account = mem_dup(account);
	r->home = mem_printf("%s%s%" PRId64, account, *account ? "/" : "", enrollment);
	r->enrollment = enrollment;
	r->started_ms = loop_wall_ms(c->parts.loop);
	id_new(r->id, "va");
	return r;
}

void report_free(struct report *r)
{
	for (size_t i = 0; i < r->sentence_count; i++)
		free(r->sentences[i].text);
	free(r->sentences);
	free(r->account);
	free(r->home);
	free(r);
}

struct report *report_running(const struct cps *c, const char *account, int64_t enrollment)
{
	struct report *r;

	DL_FOREACH(c->reports, r)
		if (r->drive && r->enrollment == enrollment && strcmp(r->account, account) == 0)
			return r;
	return NULL;
}

void report_note_progress(struct report *r)
{
	const char *order = r->drive ? cps_drive_order(r->drive) : NULL;

	if (!r->drive)
		return;
	r->change = cps_drive_change(r->drive);
	if (order)
		memcpy(r->order_id, order, ID_SIZE);
}

void report_say(struct report *r, const char *sentence)
{
	struct cps_drive_view view = { 0 };
	char number[32];

	snprintf(number, sizeof(number), "%" PRId64, r->enrollment);
	log_event(LOG_INFO, sentence, "validation", r->id, "enrollment", number, NULL);
	report_note_progress(r);
	if (r->sentence_count >= SENTENCES_MAX)
		return;
	r->sentences = mem_resize(r->sentences, r->sentence_count + 1, sizeof(*r->sentences));
	if (r->drive)
		cps_drive_view(r->drive, &view);
	r->sentences[r->sentence_count++] = (struct sentence){ loop_wall_ms(r->cps->parts.loop), view.step, mem_dup(sentence) };
}

void reports_forget_old(struct cps *c)
{
	struct report *r, *next;
	size_t finished = 0;

	DL_FOREACH_SAFE(c->reports, r, next) {
		if (r->drive || ++finished <= FINISHED_MAX)
			continue;
		DL_DELETE(c->reports, r);
		report_free(r);
	}
}

/* ---- as JSON */

static json_t *json_time(int64_t wall_ms)
{
	char text[CLOCK_TEXT_SIZE];

	return wall_ms ? json_string(clock_text(wall_ms, text)) : json_null();
}

static const char *report_state(const struct report *r)
{
	static const char *const names[] = {
		[CPS_OUTCOME_DONE] = "done", [CPS_OUTCOME_FAILED] = "failed", [CPS_OUTCOME_CANCELLED] = "cancelled", [CPS_OUTCOME_UNKNOWN] = "unknown",
	};

	return r->drive ? "running" : names[r->outcome];
}

/* Text of others may hold anything; JSON takes UTF-8 only. */
static json_t *json_text(const char *text)
{
	json_t *value = json_string(text);

	return value ? value : json_string("(text that is not UTF-8)");
}

static json_t *report_json(struct report *r)
{
	json_t *o = json_object();

	report_note_progress(r);
	json_object_set_new(o, "id", json_string(r->id));
	json_object_set_new(o, "enrollment", json_integer(r->enrollment));
	json_object_set_new(o, "account", *r->account ? json_string(r->account) : json_null());
	json_object_set_new(o, "change", r->change ? json_integer(r->change) : json_null());
	json_object_set_new(o, "state", json_string(report_state(r)));
	json_object_set_new(o, "order_id", *r->order_id ? json_string(r->order_id) : json_null());
	json_object_set_new(o, "error", r->err.code == 0 ? json_null()
	                    : json_pack("{s:s, s:o}", "code", err_name(r->err.code), "detail", json_text(r->err.text)));
	json_object_set_new(o, "waits_for", r->drive && *cps_drive_waits_for(r->drive) ? json_text(cps_drive_waits_for(r->drive)) : json_null());
	json_object_set_new(o, "started", json_time(r->started_ms));
	json_object_set_new(o, "finished", json_time(r->finished_ms));
	return o;
}

static json_t *sentence_json(const struct sentence *one)
{
	const char *step = cps_step_name(one->step);

	return json_pack("{s:o, s:s?, s:o}", "at", json_time(one->at_ms), "step", step, "text", json_text(one->text));
}

json_t *cps_validation_json(struct cps *c, const char *id)
{
	struct report *r;
	json_t *o, *sentences;

	DL_FOREACH(c->reports, r)
		if (strcmp(r->id, id) == 0)
			break;
	if (!r)
		return NULL;
	o = report_json(r);
	sentences = json_array();
	for (size_t i = 0; i < r->sentence_count; i++)
		json_array_append_new(sentences, sentence_json(&r->sentences[i]));
	json_object_set_new(o, "sentences", sentences);
	return o;
}

json_t *cps_validations_json(struct cps *c)
{
	json_t *list = json_array();
	struct report *r;

	DL_FOREACH(c->reports, r)
		json_array_append_new(list, report_json(r));
	return list;
}
