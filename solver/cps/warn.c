/* Warnings before and after verification: shown always, acknowledged when the configuration lists every one. */
#include "solver/cps/validation.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/cps/warnings.h"

#define EMPTY_MAX 3        /* a vanished warning reads as empty text; CPS may also mean it */
#define DESCRIBED_MAX 65536

static const char *when(const struct cps_validation *v)
{
	return v->warning_kind == CPS_INPUT_PRE_WARNINGS ? "pre-verification" : "post-verification";
}

static void on_acknowledged(struct cps_validation *v, const struct http_reply *reply, const struct err *err)
{
	(void)reply;
	if (validation_failed(v, err))
		return;
	mem_replace(&v->warning_acknowledged, v->warning_text);
	log_event(LOG_INFO, "acknowledged warnings of CPS", "when", when(v), "warnings", v->warning_text, NULL);
	v->progress.acknowledged(v->warning_text ? v->warning_text : when(v), v->progress.arg);
	validation_say(v, "acknowledged the %s warnings", when(v));
	validation_hurry(v);
	validation_wait(v);
}

static void say_lines(struct cps_validation *v, const char *lines)
{
	CLEANUP(mem_freep) char *copy = mem_dup(lines);
	char *rest = NULL;

	for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		validation_say(v, "%s warning: %s", when(v), line);
}

static void judge(struct cps_validation *v)
{
	struct buf described = BUF_INIT(DESCRIBED_MAX);
	bool acceptable = cps_warnings_acceptable(v->warning_text, v->parts.config->cps.acknowledge_warnings, &described);

	say_lines(v, buf_text(&described));
	if (acceptable && !described.overflow)
		validation_acknowledge(v, v->warning_path, on_acknowledged);
	else
		validation_fail(v, ERR_DENIED, "CPS holds the change for %s warnings that the configuration does not allow to "
		                "acknowledge: %s", when(v), buf_text(&described));
	buf_done(&described);
}

/* Status reads lag: the same warning may be shown for a while after it was acknowledged. */
static bool was_acknowledged_just_now(struct cps_validation *v)
{
	if (!v->warning_acknowledged || strcmp(v->warning_acknowledged, v->warning_text) != 0)
		return false;
	return ++v->warning_looks % 5 != 0;
}

static void on_warnings(struct cps_validation *v, const struct http_reply *reply, const struct err *err)
{
	char *text = NULL;
	struct err parse = *err;

	if (parse.code == 0)
		cps_warnings_parse(reply->body, reply->body_length, &text, &parse);
	if (validation_failed(v, &parse))
		return;
	v->stale = 0;
	free(v->warning_text);
	v->warning_text = text;
	if (!*text && ++v->empty_warnings <= EMPTY_MAX)
		validation_wait(v);
	else if (was_acknowledged_just_now(v))
		validation_wait(v);
	else
		judge(v);
}

void validation_warnings(struct cps_validation *v, const struct cps_allowed *input)
{
	if (!*input->info || !*input->update) {
		validation_fail(v, ERR_PROTOCOL, "CPS holds the change for warnings but names no usable path to read them");
		return;
	}
	v->warning_kind = input->kind;
	mem_replace(&v->warning_path, input->update);
	validation_ask(v, input->info, "warnings.v1", on_warnings);
}
