#include "solver/cps/errand.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/cps/json.h"

struct errand *errand_new(struct cps *c, const json_t *input, cps_answer_fn done, void *arg, struct err *err)
{
	const char *name = json_string_value(json_object_get(input, "account"));
	struct cps_account *account = cps_accounts_find(&c->accounts, name);
	struct errand *e;

	if (!account || account->gone) {
		err_set(err, ERR_NOT_FOUND, "there is no account \"%.64s\" under cps.accounts", name);
		return NULL;
	}
	if (akamai_client_load(account->client, err) < 0)
		return NULL;
	e = mem_new(1, sizeof(*e));
	e->cps = c;
	e->account = account;
	e->priority = AKAMAI_PEOPLE;
	e->input = json_deep_copy(input);
	e->enrollment = cps_json_id(input, "enrollment");
	e->change = cps_json_id(input, "change");
	e->done = done;
	e->arg = arg;
	DL_APPEND(c->errands, e);
	return e;
}

void errand_free(struct errand *e)
{
	DL_DELETE(e->cps->errands, e);
	akamai_call_cancel(e->call);
	timer_stop(e->timer);
	json_decref(e->input);
	json_decref(e->result);
	json_decref(e->wanted);
	json_decref(e->existing);
	for (size_t i = 0; e->contracts && e->contracts[i]; i++)
		free(e->contracts[i]);
	free(e->contracts);
	free(e->text);
	free(e);
}

void errands_cancel(struct cps *c)
{
	while (c->errands)
		errand_free(c->errands);
}

void errand_end(struct errand *e, const struct err *err)
{
	cps_answer_fn done = e->done;
	void *arg = e->arg;
	json_t *result = json_incref(e->result);
	struct err copy = *err;

	errand_free(e);
	done(copy.code < 0 ? NULL : result, &copy, arg);
	json_decref(result);
}

void errand_fail(struct errand *e, int code, const char *format, ...)
{
	struct err err = { .code = code };
	va_list args;

	va_start(args, format);
	vsnprintf(err.text, sizeof(err.text), format, args);
	va_end(args);
	errand_end(e, &err);
}

void errand_ask(struct errand *e, const struct akamai_request *request, akamai_client_fn done)
{
	struct akamai_request mine = *request;
	struct err err = { 0 };

	mine.priority = e->priority;
	if (akamai_call_start(e->account->client, &mine, done, e, &e->call, &err) < 0)
		errand_end(e, &err);
}

void errand_get(struct errand *e, const char *path, const char *accept, akamai_client_fn done)
{
	errand_ask(e, &(struct akamai_request){ .path = path, .accept = accept }, done);
}

void errand_enrollment_path(const struct errand *e, char path[ERRAND_PATH_SIZE], const char *rest)
{
	snprintf(path, ERRAND_PATH_SIZE, "/cps/v2/enrollments/%" PRId64 "%s", e->enrollment, rest);
}

void errand_change_path(const struct errand *e, char path[ERRAND_PATH_SIZE], const char *rest)
{
	snprintf(path, ERRAND_PATH_SIZE, "/cps/v2/enrollments/%" PRId64 "/changes/%" PRId64 "%s", e->enrollment, e->change, rest);
}

json_t *errand_text(const char *text)
{
	json_t *value = text && *text ? json_string(text) : NULL;

	return value ? value : json_null();
}

json_t *errand_time(int64_t wall_ms)
{
	char text[CLOCK_TEXT_SIZE];

	return wall_ms ? json_string(clock_text(wall_ms, text)) : json_null();
}

const char *errand_input(const struct errand *e, const char *key)
{
	const char *text = json_string_value(json_object_get(e->input, key));

	return text ? text : "";
}

bool errand_flag(const struct errand *e, const char *key)
{
	return json_is_true(json_object_get(e->input, key));
}
