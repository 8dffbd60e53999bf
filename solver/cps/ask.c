/* Requests, pauses and the end of a validation. */
#include "solver/cps/validation.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"

struct question {
	struct cps_validation *v;
	validation_answer answer;
};

static void on_answer(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct question *q = arg;
	struct cps_validation *v = q->v;
	validation_answer answer = q->answer;

	free(q);
	v->call = NULL;
	v->question = NULL;
	answer(v, reply, err);
}

static void ask(struct cps_validation *v, const struct cps_request *request, validation_answer answer)
{
	struct question *q = mem_new(1, sizeof(*q));
	struct err err = { 0 };

	q->v = v;
	q->answer = answer;
	if (cps_call_start(v->parts.client, request, on_answer, q, &v->call, &err) < 0) {
		free(q);
		validation_finish(v, &err);
		return;
	}
	v->question = q;
}

void validation_ask(struct cps_validation *v, const char *path, const char *accept, validation_answer answer)
{
	ask(v, &(struct cps_request){ .path = path, .accept = accept }, answer);
}

void validation_acknowledge(struct cps_validation *v, const char *path, validation_answer answer)
{
	ask(v, &(struct cps_request){ .method = "POST", .path = path, .accept = "change-id.v1",
	                              .content_type = "acknowledgement.v1",
	                              .body = "{\"acknowledgement\":\"acknowledge\"}" }, answer);
}

static void on_pause_over(void *arg)
{
	struct cps_validation *v = arg;

	v->timer = NULL;
	v->next(v);
}

void validation_later(struct cps_validation *v, int64_t after_ms, void (*next)(struct cps_validation *v))
{
	timer_stop(v->timer);
	v->next = next;
	v->timer = timer_start(v->parts.loop, after_ms, on_pause_over, v);
}

void validation_hurry(struct cps_validation *v)
{
	v->pause_ms = v->parts.config->cps.poll_ms / 8;
}

static void give_up(struct cps_validation *v)
{
	validation_fail(v, ERR_CANCELLED, "CPS did not finish validation within the lifetime of a challenge");
}

void validation_wait(struct cps_validation *v)
{
	int64_t longest = v->parts.config->cps.poll_ms;

	if (loop_now_ms(v->parts.loop) > v->give_up_ms) {
		validation_later(v, 0, give_up);
		return;
	}
	validation_later(v, v->pause_ms, validation_read_change);
	v->pause_ms = v->pause_ms * 3 / 2 + 1;
	if (v->pause_ms > longest)
		v->pause_ms = longest;
}

void validation_say(struct cps_validation *v, const char *format, ...)
{
	char sentence[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	v->progress.say(sentence, v->progress.arg);
}

void validation_say_once(struct cps_validation *v, char **slot, const char *sentence)
{
	if (*slot && strcmp(*slot, sentence) == 0)
		return;
	mem_replace(slot, sentence);
	validation_say(v, "%s", sentence);
}

static void validation_free(struct cps_validation *v)
{
	free(v->status_said);
	free(v->names_said);
	free(v->challenges_path);
	free(v->acknowledge_path);
	free(v->warning_path);
	free(v->warning_text);
	free(v->warning_acknowledged);
	free(v->order_generation);
	free(v->submitted_generation);
	free(v);
}

void cps_validate_stop(struct cps_validation *v)
{
	if (!v)
		return;
	timer_stop(v->timer);
	v->timer = NULL;
	cps_call_cancel(v->call);
	v->call = NULL;
	free(v->question);
	v->question = NULL;
	engine_unlisten(v->listener);
	v->listener = NULL;
	v->stopped = true;
	if (!v->submitting) /* otherwise the answer of the engine frees it */
		validation_free(v);
}

void validation_finish(struct cps_validation *v, const struct err *err)
{
	struct cps_progress progress = v->progress;
	struct err copy = *err;

	/* What a repeated run can take up again stays published; the rest goes. */
	if (!err_is_transient(copy.code))
		validation_release(v);
	cps_validate_stop(v);
	progress.done(&copy, progress.arg);
}

void validation_fail(struct cps_validation *v, int code, const char *format, ...)
{
	struct err err = { .code = code };
	va_list args;

	va_start(args, format);
	vsnprintf(err.text, sizeof(err.text), format, args);
	va_end(args);
	validation_finish(v, &err);
}

bool validation_failed(struct cps_validation *v, const struct err *err)
{
	if (err->code == 0)
		return false;
	if (err->code != ERR_NOT_FOUND && !err_is_transient(err->code)) {
		validation_finish(v, err);
		return true;
	}
	if (++v->stale > STALE_MAX) {
		validation_finish(v, err);
		return true;
	}
	validation_say(v, "CPS has moved on or is not well, looking again: %s", err->text);
	validation_wait(v);
	return true;
}
