#include "solver/api/router.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool path_fits(const char *pattern, const char *path, char argument[ROUTE_ARGUMENT_MAX])
{
	const char *hole = strstr(pattern, "{}");
	size_t before, length;

	argument[0] = '\0';
	if (!hole)
		return strcmp(pattern, path) == 0;
	before = (size_t)(hole - pattern);
	if (strncmp(pattern, path, before) != 0)
		return false;
	path += before;
	length = strcspn(path, "/");
	if (!length || length >= ROUTE_ARGUMENT_MAX || strcmp(path + length, hole + 2) != 0)
		return false;
	memcpy(argument, path, length);
	argument[length] = '\0';
	return true;
}

static const struct route_pattern *row(const void *table, unsigned long stride, int i)
{
	return (const void *)((const char *)table + stride * (unsigned long)i);
}

enum route_match router_find(const void *table, unsigned long stride, const char *method, const char *path,
                             int *ret_index, char ret_argument[ROUTE_ARGUMENT_MAX])
{
	enum route_match match = ROUTE_NO_PATH;
	char argument[ROUTE_ARGUMENT_MAX];

	for (int i = 0; row(table, stride, i)->method; i++) {
		if (!path_fits(row(table, stride, i)->path, path, argument))
			continue;
		match = ROUTE_NO_METHOD;
		if (strcmp(row(table, stride, i)->method, method) != 0)
			continue;
		*ret_index = i;
		memcpy(ret_argument, argument, sizeof(argument));
		return ROUTE_FOUND;
	}
	return match;
}

void router_allow(const void *table, unsigned long stride, const char *path, char *ret_text, unsigned long room)
{
	char argument[ROUTE_ARGUMENT_MAX];
	size_t used = 0;

	ret_text[0] = '\0';
	for (int i = 0; row(table, stride, i)->method && used < room; i++)
		if (path_fits(row(table, stride, i)->path, path, argument))
			used += (size_t)snprintf(ret_text + used, room - used, "%s%s", used ? ", " : "",
			                         row(table, stride, i)->method);
}
