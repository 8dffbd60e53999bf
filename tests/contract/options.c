#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/base/secret.h"
#include "tests/contract/contract.h"

static void *at(const struct option *o, void *options)
{
	return (char *)options + o->offset;
}

static int64_t number(const char *text, bool duration)
{
	char *unit;
	int64_t n = strtoll(text, &unit, 10);

	if (!duration || strcmp(unit, "ms") == 0)
		return n;
	return n * (*unit == 'm' ? 60000 : 1000);
}

static void list_append(char ***list, const char *text)
{
	size_t n = 0;

	while (*list && (*list)[n])
		n++;
	*list = mem_resize(*list, n + 2, sizeof(**list));
	(*list)[n] = mem_dup(text);
	(*list)[n + 1] = NULL;
}

static int enum_find(const struct option *o, const char *text)
{
	for (int i = 0; o->names[i]; i++) {
		if (strcmp(o->names[i], text) == 0)
			return i;
	}
	return 0;
}

static void set(const struct option *o, void *options, const char *text)
{
	void *slot = at(o, options);

	switch (o->kind) {
	case OPTION_BOOL:
		*(bool *)slot = strcmp(text, "true") == 0;
		break;
	case OPTION_INT:
	case OPTION_DURATION:
		*(int64_t *)slot = number(text, o->kind == OPTION_DURATION);
		break;
	case OPTION_TEXT:
	case OPTION_PATH:
		mem_replace(slot, text);
		break;
	case OPTION_ENUM:
		*(int *)slot = enum_find(o, text);
		break;
	case OPTION_LIST:
		list_append(slot, text);
		break;
	case OPTION_SECRET:
		secret_free(*(struct secret **)slot);
		*(struct secret **)slot = secret_new(text);
		break;
	}
}

int options_fill(const struct option *table, void *options, char *const *words, size_t count, struct err *err)
{
	const struct option *o;

	for (o = table; o->name; o++) {
		if (o->def)
			set(o, options, o->def);
	}
	for (size_t i = 0; i < count; i++) {
		const char *equals = strchr(words[i], '=');
		size_t length = equals ? (size_t)(equals - words[i]) : 0;

		for (o = table; o->name && (strlen(o->name) != length || strncmp(o->name, words[i], length) != 0); o++)
			;
		if (!equals || !o->name)
			return err_set(err, ERR_INVALID, "no option \"%s\"", words[i]);
		set(o, options, equals + 1);
	}
	return 0;
}

void options_free(const struct option *table, void *options)
{
	for (const struct option *o = table; o->name; o++) {
		if (o->kind == OPTION_TEXT || o->kind == OPTION_PATH)
			free(*(char **)at(o, options));
		if (o->kind == OPTION_SECRET)
			secret_free(*(struct secret **)at(o, options));
		if (o->kind == OPTION_LIST) {
			char **list = *(char ***)at(o, options);

			for (size_t i = 0; list && list[i]; i++)
				free(list[i]);
			free(list);
		}
	}
	free(options);
}

const char *options_secret(const struct option *table, const void *options)
{
	for (const struct option *o = table; o->name; o++) {
		const struct secret *s;

		if (o->kind != OPTION_SECRET)
			continue;
		s = *(struct secret *const *)((const char *)options + o->offset);
		if (s)
			return secret_reveal(s);
	}
	return NULL;
}
