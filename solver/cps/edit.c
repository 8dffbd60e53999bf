#include "solver/cps/edit.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/base/mem.h"

#define NAME_MAX_LENGTH 255
#define PATH_DEPTH_MAX 8

/* Members of answers that no request may carry. */
static const char *const answered[] = {
	"id", "location", "pendingChanges", "assignedSlots", "stagingSlots", "productionSlots", "maxAllowedSanNames",
	"maxAllowedWildcardSanNames", "autoRenewalStartTime",
};

json_t *cps_edit_copy(const json_t *enrollment)
{
	json_t *copy = json_deep_copy(enrollment);

	for (size_t i = 0; i < ARRAY_LEN(answered); i++)
		json_object_del(copy, answered[i]);
	return copy;
}

/* ---- names */

static bool is_text(const json_t *value, const char *text)
{
	return json_is_string(value) && strcasecmp(json_string_value(value), text) == 0;
}

static bool is_among(const json_t *names, const char *name, size_t *ret_index)
{
	size_t i;
	json_t *one;

	json_array_foreach((json_t *)names, i, one)
		if (is_text(one, name)) {
			*ret_index = i;
			return true;
		}
	return false;
}

json_t *cps_edit_names(const json_t *enrollment)
{
	const json_t *csr = json_object_get(enrollment, "csr"), *sans = json_object_get(csr, "sans");
	const char *cn = json_string_value(json_object_get(csr, "cn"));
	json_t *names = json_is_array(sans) ? json_copy((json_t *)sans) : json_array();
	size_t index;

	if (cn && !is_among(names, cn, &index))
		json_array_insert_new(names, 0, json_string(cn));
	return names;
}

static bool is_name(const char *name)
{
	const char *rest = strncmp(name, "*.", 2) == 0 ? name + 2 : name;
	size_t length = strlen(rest);

	return length >= 3 && length <= NAME_MAX_LENGTH && strchr(rest, '.') && rest[0] != '.' && rest[length - 1] != '.' && !strstr(rest, "..") &&
	       strspn(rest, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") == length;
}

static json_t *csr_of(json_t *enrollment)
{
	json_t *csr = json_object_get(enrollment, "csr");

	if (!json_is_object(csr)) {
		csr = json_object();
		json_object_set_new(enrollment, "csr", csr);
	}
	return csr;
}

int cps_edit_add_san(json_t *enrollment, const char *name, struct err *err)
{
	json_t *csr = csr_of(enrollment), *sans = json_object_get(csr, "sans");
	size_t index;

	if (!is_name(name))
		return err_set(err, ERR_INVALID, "\"%.100s\" is no host name", name);
	if (!json_is_array(sans)) {
		sans = json_array();
		json_object_set_new(csr, "sans", sans);
	}
	if (!is_among(sans, name, &index))
		json_array_append_new(sans, json_string(name));
	return 0;
}

int cps_edit_remove_san(json_t *enrollment, const char *name, struct err *err)
{
	json_t *csr = csr_of(enrollment), *sans = json_object_get(csr, "sans");
	size_t index;

	if (is_text(json_object_get(csr, "cn"), name))
		return err_set(err, ERR_INVALID, "%.255s is the common name of the certificate and cannot be removed", name);
	if (!is_among(sans, name, &index))
		return err_set(err, ERR_NOT_FOUND, "%.255s is not among the names of the enrollment", name);
	json_array_remove(sans, index);
	return 0;
}

/* ---- members */

static json_t *value_of(const char *text)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);

	return value ? value : json_string(text);
}

int cps_edit_set(json_t *enrollment, const char *assignment, struct err *err)
{
	const char *equals = strchr(assignment, '=');
	CLEANUP(mem_freep) char *path = mem_dup_n(assignment, equals ? (size_t)(equals - assignment) : 0);
	json_t *at = enrollment, *value;
	char *key = path, *dot;

	for (int depth = 0; (dot = strchr(key, '.')) && depth < PATH_DEPTH_MAX; depth++) {
		json_t *next;

		*dot = '\0';
		next = json_object_get(at, key);
		if (!json_is_object(next)) {
			next = json_object();
			json_object_set_new(at, key, next);
		}
		at = next;
		key = dot + 1;
	}
	if (!*key || strchr(key, '.'))
		return err_set(err, ERR_INVALID, "\"%.100s\": a path and a value are wanted, as networkConfiguration.ocspStapling=on", assignment);
	value = value_of(equals + 1);
	if (!value)
		return err_set(err, ERR_INVALID, "\"%.100s\": the value is not UTF-8", assignment);
	json_object_set_new(at, key, value);
	return 0;
}

void cps_edit_merge(json_t *base, const json_t *overlay)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)overlay, key, value) {
		json_t *there = json_object_get(base, key);

		if (json_is_object(there) && json_is_object(value))
			cps_edit_merge(there, value);
		else
			json_object_set_new(base, key, json_deep_copy(value));
	}
}

/* ---- differences */

/* Lists in which the order says nothing. */
static bool is_set(const char *path)
{
	return strcmp(path, "csr.sans") == 0 || strcmp(path, "networkConfiguration.dnsNameSettings.dnsNames") == 0 ||
	       strcmp(path, "networkConfiguration.disallowedTlsVersions") == 0;
}

static bool is_nothing(const json_t *value)
{
	return !value || json_is_null(value);
}

static void add_line(json_t *list, const char *mark, const char *path, const char *text)
{
	CLEANUP(mem_freep) char *line = mem_printf("%s %s: %s", mark, path, text);
	json_t *value = json_string(line);

	if (value)
		json_array_append_new(list, value);
}

static char *dump(const json_t *value)
{
	char *text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS) : NULL;

	return text ? text : mem_dup("nothing");
}

static void compare(json_t *list, const char *path, const json_t *from, const json_t *to);

static void compare_sets(json_t *list, const char *path, const json_t *from, const json_t *to)
{
	json_t *one;
	size_t i, index;

	json_array_foreach((json_t *)to, i, one)
		if (json_is_string(one) && !is_among(from, json_string_value(one), &index))
			add_line(list, "+", path, json_string_value(one));
	json_array_foreach((json_t *)from, i, one)
		if (json_is_string(one) && !is_among(to, json_string_value(one), &index))
			add_line(list, "-", path, json_string_value(one));
}

static void compare_objects(json_t *list, const char *path, const json_t *from, const json_t *to)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)to, key, value) {
		CLEANUP(mem_freep) char *below = mem_printf("%s%s%s", path, *path ? "." : "", key);

		compare(list, below, json_object_get(from, key), value);
	}
	json_object_foreach((json_t *)from, key, value) {
		CLEANUP(mem_freep) char *below = mem_printf("%s%s%s", path, *path ? "." : "", key);

		if (!json_object_get(to, key))
			compare(list, below, value, NULL);
	}
}

static void compare(json_t *list, const char *path, const json_t *from, const json_t *to)
{
	if (is_nothing(from) && is_nothing(to))
		return;
	if (json_is_object(from) && json_is_object(to)) {
		compare_objects(list, path, from, to);
	} else if (is_set(path) && (json_is_array(from) || is_nothing(from)) && (json_is_array(to) || is_nothing(to))) {
		compare_sets(list, path, from, to);
	} else if (!json_equal(from, to)) {
		CLEANUP(mem_freep) char *before = dump(from);
		CLEANUP(mem_freep) char *after = dump(to);
		CLEANUP(mem_freep) char *text = mem_printf("%s -> %s", before, after);

		add_line(list, "~", path, text);
	}
}

json_t *cps_edit_differences(const json_t *from, const json_t *to)
{
	json_t *list = json_array();

	compare_objects(list, "", from, to);
	return list;
}

bool cps_edit_equal(const json_t *a, const json_t *b)
{
	json_t *list = cps_edit_differences(a, b);
	bool equal = json_array_size(list) == 0;

	json_decref(list);
	return equal;
}
