#include "providers/exec/result.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "providers/kit/kit.h"
#include "solver/base/mem.h"

#define REASON_SIZE 160
enum { EXIT_CANNOT_RUN = 126, EXIT_NOT_FOUND = 127 };

void result_last_line(const char *text, char *ret, size_t room)
{
	const char *end = text ? text + strlen(text) : NULL, *begin;
	size_t n = 0;

	while (end && end > text && isspace((unsigned char)end[-1]))
		end--;
	for (begin = end; begin && begin > text && begin[-1] != '\n'; begin--)
		;
	for (; begin < end && n + 1 < room; begin++, n++)
		ret[n] = (unsigned char)*begin < 0x20 || *begin == 0x7f ? ' ' : *begin;
	ret[n] = '\0';
}

static enum change_status exit_meaning(int status)
{
	switch (status) {
	case 0:
		return CHANGE_DONE;
	case EX_NOPERM:
		return CHANGE_DENIED;
	case EX_USAGE:
	case EX_CONFIG:
	case EXIT_CANNOT_RUN:
	case EXIT_NOT_FOUND:
		return CHANGE_FATAL;
	default:
		return CHANGE_RETRY;
	}
}

static enum change_status code_meaning(int code)
{
	if (code == ERR_TIMEOUT)
		return CHANGE_UNKNOWN;
	return code == ERR_NOT_FOUND || code == ERR_INVALID || code == ERR_DENIED ? CHANGE_FATAL : CHANGE_RETRY;
}

void result_from_exit(struct change *c, const struct answer *a)
{
	char reason[REASON_SIZE];

	result_last_line(a->errors, reason, sizeof(reason));
	if (a->code != 0)
		kit_change_set(c, code_meaning(a->code), "the program did not end well: %.160s", a->error ? a->error : "no reason given");
	else if (a->status == 0)
		kit_change_set(c, CHANGE_DONE, "%s", "");
	else if (a->status < 0)
		kit_change_set(c, CHANGE_RETRY, "the program was ended by signal %d: %s", -a->status, reason);
	else
		kit_change_set(c, exit_meaning(a->status), "the program ended with status %d: %s", a->status,
		               *reason ? reason : "it said nothing on standard error");
}

static bool status_read(const char *text, enum change_status *ret)
{
	static const struct { const char *name; enum change_status status; } names[] = {
		{ "done", CHANGE_DONE },     { "noop", CHANGE_NOOP },       { "retry", CHANGE_RETRY }, { "rate-limited", CHANGE_RATE_LIMITED },
		{ "denied", CHANGE_DENIED }, { "no-zone", CHANGE_NO_ZONE }, { "fatal", CHANGE_FATAL }, { "unknown", CHANGE_UNKNOWN },
	};

	for (size_t i = 0; text && i < ARRAY_LEN(names); i++) {
		if (strcmp(names[i].name, text) == 0) {
			*ret = names[i].status;
			return true;
		}
	}
	return false;
}

static void change_read(struct change *c, const json_t *result)
{
	const char *message = kit_json_text(result, "message"), *handle = kit_json_text(result, "handle");
	enum change_status status;
	char reason[REASON_SIZE];

	if (!status_read(kit_json_text(result, "status"), &status)) {
		kit_change_set(c, CHANGE_RETRY, "%s", "the program printed no status that is known for this change");
		return;
	}
	result_last_line(message, reason, sizeof(reason));
	kit_change_set(c, status, "%s", *reason || status <= CHANGE_NOOP ? reason : "the program gave no reason");
	if (handle && strlen(handle) <= HANDLE_MAX && c->op == CHANGE_ADD && (status == CHANGE_DONE || status == CHANGE_NOOP))
		c->new_handle = mem_dup(handle);
}

static bool is_blank(const char *text)
{
	while (text && isspace((unsigned char)*text))
		text++;
	return !text || !*text;
}

void result_from_output(struct job *job, const struct answer *a)
{
	CLEANUP(kit_json_freep) json_t *output = NULL;
	const json_t *results, *pause;

	if (a->code != 0 || a->status != 0 || is_blank(a->body)) {
		for (size_t i = 0; i < job->count; i++)
			result_from_exit(&job->changes[i], a);
		return;
	}
	output = kit_json(a);
	results = output ? json_object_get(output, "results") : NULL;
	pause = output ? json_object_get(output, "retry_after_ms") : NULL;
	for (size_t i = 0; i < job->count; i++)
		change_read(&job->changes[i], json_array_get(results, i));
	if (json_is_integer(pause) && json_integer_value(pause) > 0 && json_integer_value(pause) <= KIT_RETRY_MAX_MS)
		job->retry_after_ms = (unsigned)json_integer_value(pause);
}
