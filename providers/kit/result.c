#include <stdarg.h>
#include <stdio.h>

#include "providers/kit/kit.h"

static void change_set(struct change *c, enum change_status status, const char *format, va_list args)
{
	c->status = status;
	vsnprintf(c->message, sizeof(c->message), format, args);
}

void kit_change_set(struct change *c, enum change_status status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	change_set(c, status, format, args);
	va_end(args);
}

void kit_job_set(struct job *job, enum change_status status, const char *format, ...)
{
	for (size_t i = 0; i < job->count; i++) {
		va_list args;

		if (job->changes[i].status != CHANGE_PENDING)
			continue;
		va_start(args, format);
		change_set(&job->changes[i], status, format, args);
		va_end(args);
	}
}

void kit_job_scope(struct job *job, enum change_scope scope)
{
	for (size_t i = 0; i < job->count; i++)
		if (job->changes[i].status == CHANGE_PENDING)
			job->changes[i].scope = scope;
}

void kit_job_not_sent(struct job *job)
{
	for (size_t i = 0; i < job->count; i++)
		job->changes[i].not_sent |= job->changes[i].status == CHANGE_PENDING;
}

void kit_job_fail(struct job *job, const struct answer *a, const char *what, const char *mend)
{
	enum change_status status = kit_status(a);
	char detail[KIT_DETAIL_SIZE];
	unsigned pause = kit_retry_after_ms(a, job->now_seconds);

	if (status == CHANGE_DONE)
		status = CHANGE_FATAL;
	if (pause && (status == CHANGE_RETRY || status == CHANGE_RATE_LIMITED))
		job->retry_after_ms = pause;
	if (!a->code && a->status == 401)
		kit_job_scope(job, SCOPE_CREDENTIAL);
	kit_detail(a, detail);
	if (a->code)
		kit_job_set(job, status, "%s: %s", what, detail);
	else if (status == CHANGE_DENIED && mend)
		kit_job_set(job, status, "%s: refused with %d, %s; %s", what, a->status, detail, mend);
	else
		kit_job_set(job, status, "%s: answered %d, %s", what, a->status, detail);
}

bool kit_job_pending(const struct job *job)
{
	for (size_t i = 0; i < job->count; i++)
		if (job->changes[i].status == CHANGE_PENDING)
			return true;
	return false;
}
