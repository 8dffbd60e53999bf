#include "solver/api/common/fields.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/base/nesting.h"
#include "solver/challenge/challenge.h"

#define DURATION_MAX_MS (3650LL * 24 * 3600 * 1000)

int fields_parse(const char *text, size_t length, json_t **ret, struct problem *problem)
{
	json_error_t error;
	json_t *object;

	if (!length)
		return problem_set(problem, 400, ERR_INVALID, NULL, "the request has no body; send a JSON object");
	/* jansson recurses; its own limit of 2048 levels is more than a body of ours ever needs. */
	if (nesting_is_over(text, length, JSON_DEPTH_MAX))
		return problem_set(problem, 400, ERR_INVALID, NULL, "the JSON is nested deeper than %d levels", JSON_DEPTH_MAX);
	object = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
	if (!object)
		return problem_set(problem, 400, ERR_INVALID, NULL, "the body is not valid JSON: line %d, column %d: %s",
		                   error.line, error.column, error.text);
	if (!json_is_object(object)) {
		json_decref(object);
		return problem_set(problem, 400, ERR_INVALID, NULL, "the body must be a JSON object");
	}
	*ret = object;
	return 0;
}

#define TYPES "\"http-01\", \"dns-01\", \"dns-account-01\", \"dns-persist-01\" or \"tls-alpn-01\""

static const char *kind_name(const json_t *value)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array", [JSON_STRING] = "a text", [JSON_INTEGER] = "a number",
		[JSON_REAL] = "a number",    [JSON_TRUE] = "true",      [JSON_FALSE] = "false",   [JSON_NULL] = "null",
	};

	return names[json_typeof(value)];
}

static int wrong_kind(const struct field *f, const json_t *value, struct problem *problem)
{
	static const char *const wanted[] = {
		[FIELD_TEXT] = "a text",
		[FIELD_BOOL] = "true or false",
		[FIELD_DURATION] = "a duration with its unit, as \"30s\", \"10m\" or \"7d\"",
		[FIELD_TYPE] = TYPES,
		[FIELD_OBJECT] = "an object",
		[FIELD_ARRAY] = "an array",
	};

	return problem_set(problem, 422, ERR_INVALID, NULL, "%s must be %s, not %s", f->name, wanted[f->kind], kind_name(value));
}

int duration_read(const char *text, int64_t *ret_ms, struct err *err)
{
	static const struct { const char *unit; int64_t ms; } units[] = {
		{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 },
	};
	size_t digits = strspn(text, "0123456789");
	long long number;

	if (digits < 1 || digits > 12)
		return err_set(err, ERR_INVALID, "\"%.40s\" is not a duration; write \"30s\", \"10m\" or \"7d\"", text);
	number = strtoll(text, NULL, 10);
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (strcmp(text + digits, units[i].unit) != 0)
			continue;
		if (number > DURATION_MAX_MS / units[i].ms)
			return err_set(err, ERR_INVALID, "\"%.40s\" is too long", text);
		*ret_ms = number * units[i].ms;
		return 0;
	}
	return err_set(err, ERR_INVALID, "\"%.40s\" has no unit; write ms, s, m, h or d behind the number", text);
}

static int read_text(const struct field *f, const json_t *value, const char **ret, struct problem *problem)
{
	if (!json_is_string(value))
		return wrong_kind(f, value, problem);
	if (json_string_length(value) > FIELD_TEXT_MAX)
		return problem_set(problem, 422, ERR_TOO_LARGE, NULL, "%s is %zu bytes long; at most %d are taken", f->name,
		                   json_string_length(value), FIELD_TEXT_MAX);
	*ret = json_string_value(value);
	return 0;
}

static int read_duration(const struct field *f, const json_t *value, int64_t *ret, struct problem *problem)
{
	const char *text = NULL;
	struct err err;

	if (read_text(f, value, &text, problem) < 0)
		return problem->err.code;
	if (duration_read(text, ret, &err) < 0)
		return problem_set(problem, 422, ERR_INVALID, NULL, "%s: %s", f->name, err.text);
	return 0;
}

static int read_type(const struct field *f, const json_t *value, int *ret, struct problem *problem)
{
	int type = json_is_string(value) ? challenge_type_from_name(json_string_value(value)) : -1;

	if (type >= 0)
		*ret = type;
	else if (json_is_string(value))
		return problem_set(problem, 422, ERR_INVALID, NULL, "%s \"%.40s\" is not known; it is " TYPES,
		                   f->name, json_string_value(value));
	else
		return wrong_kind(f, value, problem);
	return 0;
}

static int read_one(const struct field *f, json_t *value, char *target, struct problem *problem)
{
	bool fits = true;

	switch (f->kind) {
	case FIELD_TEXT:
		return read_text(f, value, (const char **)(void *)target, problem);
	case FIELD_DURATION:
		return read_duration(f, value, (int64_t *)(void *)target, problem);
	case FIELD_TYPE:
		return read_type(f, value, (int *)(void *)target, problem);
	case FIELD_BOOL:
		fits = json_is_boolean(value);
		*(bool *)target = json_is_true(value);
		break;
	case FIELD_OBJECT:
		fits = json_is_object(value);
		*(json_t **)(void *)target = value;
		break;
	case FIELD_ARRAY:
		fits = json_is_array(value);
		*(json_t **)(void *)target = value;
		break;
	}
	return fits ? 0 : wrong_kind(f, value, problem);
}

static const struct field *field_named(const struct field *table, const char *name)
{
	for (; table->name; table++)
		if (strcmp(table->name, name) == 0)
			return table;
	return NULL;
}

static int refuse_unknown(const json_t *object, const struct field *table, struct problem *problem)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)object, key, value) {
		char known[256] = "";
		size_t used = 0;

		if (field_named(table, key))
			continue;
		for (const struct field *f = table; f->name && used < sizeof(known); f++)
			used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s", used ? ", " : "", f->name);
		problem_set(problem, 422, ERR_INVALID, NULL, "\"%.60s\" is not a field here; known are %s", key, known);
		problem_inside(problem, key);
		return ERR_INVALID;
	}
	return 0;
}

int fields_read(const json_t *object, const struct field *table, void *target, struct problem *problem)
{
	if (refuse_unknown(object, table, problem) < 0)
		return problem->err.code;
	for (const struct field *f = table; f->name; f++) {
		json_t *value = json_object_get(object, f->name);

		if (!value || json_is_null(value)) {
			if (!f->required)
				continue;
			problem_set(problem, 422, ERR_INVALID, NULL, "%s is missing", f->name);
		} else if (read_one(f, value, (char *)target + f->offset, problem) == 0) {
			continue;
		}
		problem_inside(problem, f->name);
		return problem->err.code;
	}
	return 0;
}
