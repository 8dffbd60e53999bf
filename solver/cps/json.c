#include "solver/cps/json.h"

#include <stdbool.h>
#include <stdlib.h>

#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/base/nesting.h"

/* The parser recurses; nothing CPS sends is deeper than a dozen levels. */
#define DEPTH_MAX 64

json_t *cps_json_load(const char *text, size_t length, const char *what, struct err *err)
{
	json_error_t error;
	json_t *root;

	if (nesting_is_over(text, length, DEPTH_MAX)) {
		err_set(err, ERR_PROTOCOL, "%s of CPS is nested too deep", what);
		return NULL;
	}
	root = json_loadb(text, length, 0, &error);
	if (!root)
		err_set(err, ERR_PROTOCOL, "%s of CPS is not JSON: line %d column %d: %s", what, error.line, error.column,
		        error.text);
	return root;
}

char *cps_json_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return mem_dup(text ? text : "");
}

int64_t cps_json_id(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	const char *text = json_string_value(value);
	char *end;
	long long number;

	if (!text)
		return json_integer_value(value);
	number = strtoll(text, &end, 10);
	return *text && !*end ? number : 0;
}

int64_t cps_json_time(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	int64_t wall_ms;

	return text && clock_parse(text, &wall_ms) == 0 ? wall_ms : 0;
}

size_t cps_json_count(const json_t *array, size_t max)
{
	size_t count = json_array_size(array);

	return count < max ? count : max;
}
