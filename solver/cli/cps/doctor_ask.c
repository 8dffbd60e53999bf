/* What all checks of the doctor do: ask, wait, say. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/cli/common/waiting.h"
#include "solver/cli/cps/doctor.h"

#define LINE_MAX_BYTES 4096
#define ANSWER_MS 90000

const char *doctor_grade_name(enum grade grade)
{
	static const char *const names[] = { "pass", "warn", "fail" };

	return names[grade];
}

void doctor_say(struct doctor *d, enum grade grade, const char *remedy, const char *format, ...)
{
	CLEANUP(mem_freep) char *text = mem_new(LINE_MAX_BYTES, 1);
	json_t *line, *sentence;
	va_list args;

	va_start(args, format);
	vsnprintf(text, LINE_MAX_BYTES, format, args);
	va_end(args);
	sentence = json_string(text);
	line = json_pack("{s:s, s:s, s:s, s:o, s:s?}", "account", d->account, "check", d->check, "result", doctor_grade_name(grade), "text",
	                 sentence ? sentence : json_string("(text that is not UTF-8)"), "remedy", remedy);
	json_array_append_new(d->lines, line);
}

/* ---- asking */

void doctor_wait(struct doctor *d, int *done, const char *what)
{
	struct waiting waiting = { 0 };

	for (int left = ANSWER_MS; left > 0 && !*done; left -= WAITING_SLICE_MS) {
		loop_run_until(d->desk.loop, done, WAITING_SLICE_MS);
		if (!*done)
			waiting_for(&waiting, what);
	}
	waiting_done(&waiting);
}

void doctor_forget_answer(struct doctor_answer *a)
{
	free(a->headers);
	free(a->body);
	*a = (struct doctor_answer){ 0 };
}

static void on_answer(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct doctor *d = arg;

	d->answer.err = *err;
	if (reply) {
		d->answer.status = reply->status;
		d->answer.headers = mem_dup(reply->headers);
		d->answer.body = mem_dup(reply->body);
	}
	d->desk.done = 1;
	loop_stop(d->desk.loop);
}

void doctor_ask(struct doctor *d, struct akamai_client *client, const char *path, const char *accept)
{
	const struct akamai_request request = { .path = path, .accept = accept, .priority = AKAMAI_PEOPLE, .once = true };
	struct akamai_call *call = NULL;

	doctor_forget_answer(&d->answer);
	d->desk.done = 0;
	if (akamai_call_start(client, &request, on_answer, d, &call, &d->answer.err) < 0)
		return;
	doctor_wait(d, &d->desk.done, "the account to answer");
	if (!d->desk.done) {
		akamai_call_cancel(call);
		err_set(&d->answer.err, ERR_TIMEOUT, "nothing came within %d s", ANSWER_MS / 1000);
	}
}
