#include "solver/conf/option.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/buf.h"
#include "solver/base/err.h"
#include "solver/base/mem.h"
#include "solver/base/secret.h"
#include "solver/conf/duration.h"
#include "solver/conf/source.h"
#include "solver/conf/suggest.h"
#include "solver/conf/yaml.h"

static void *field_of(const struct option *o, void *base)
{
	return (char *)base + o->offset;
}

static void list_free(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

static void field_free(const struct option *o, void *base)
{
	void *field = field_of(o, base);

	switch (o->kind) {
	case OPTION_TEXT:
	case OPTION_PATH:
		mem_replace(field, NULL);
		break;
	case OPTION_LIST:
		list_free(*(char ***)field);
		*(char ***)field = NULL;
		break;
	case OPTION_SECRET:
		secret_free(*(struct secret **)field);
		*(struct secret **)field = NULL;
		break;
	default:
		break;
	}
}

void option_free(const struct option *table, void *base)
{
	for (const struct option *o = table; o && base && o->name; o++)
		field_free(o, base);
}

const struct option *option_find(const struct option *table, const char *name)
{
	for (const struct option *o = table; o && o->name; o++)
		if (strcmp(o->name, name) == 0)
			return o;
	return NULL;
}

static const char *kind_text(const struct yaml_node *value)
{
	if (yaml_is_null(value))
		return "nothing";
	return value->kind == YAML_LIST ? "a list" : value->kind == YAML_MAP ? "a mapping" : "a text";
}

/* Refuses what is not a scalar with something in it. */
static int expect_scalar(const struct yaml_node *value, const char *path, const char *what, struct err *err)
{
	if (value->kind == YAML_SCALAR && !yaml_is_null(value))
		return 0;
	return yaml_error(value, err, "%s: expected %s, found %s", path, what, kind_text(value));
}

static int parse_bool(const struct yaml_node *value, bool *field, const char *path, struct err *err)
{
	int code = expect_scalar(value, path, "true or false", err);

	if (code < 0)
		return code;
	*field = strcmp(value->text, "true") == 0;
	if (!value->plain || (!*field && strcmp(value->text, "false") != 0))
		return yaml_error(value, err, "%s: expected true or false, found '%.64s'", path, value->text);
	return 0;
}

static int parse_int(const struct option *o, const struct yaml_node *value, int64_t *field, const char *path,
                     struct err *err)
{
	int code = expect_scalar(value, path, "a whole number", err);
	char *end = NULL;
	bool digits;

	if (code < 0)
		return code;
	errno = 0;
	digits = isdigit((unsigned char)value->text[value->text[0] == '-']);
	if (digits)
		*field = strtoll(value->text, &end, 10);
	if (!digits || *end || !value->plain)
		return yaml_error(value, err, "%s: expected a whole number, found '%.64s'", path, value->text);
	if (o->max > o->min && (errno == ERANGE || *field < o->min || *field > o->max))
		return yaml_error(value, err, "%s: %.32s is out of range (%" PRId64 " to %" PRId64 ")", path, value->text,
		                  o->min, o->max);
	if (errno == ERANGE)
		return yaml_error(value, err, "%s: %.32s is too large a number", path, value->text);
	return 0;
}

static int parse_duration(const struct option *o, const struct yaml_node *value, int64_t *field, const char *path,
                          struct err *err)
{
	char least[DURATION_TEXT_SIZE], most[DURATION_TEXT_SIZE];
	int code = expect_scalar(value, path, "a duration such as 250ms, 2s, 5m, 12h or 7d", err);

	if (code < 0)
		return code;
	if (duration_parse(value->text, field) < 0)
		return yaml_error(value, err, "%s: expected a duration such as 250ms, 2s, 5m, 12h or 7d, found '%.64s'",
		                  path, value->text);
	if (o->max > o->min && (*field < o->min || *field > o->max))
		return yaml_error(value, err, "%s: %.32s is out of range (%s to %s)", path, value->text,
		                  duration_text(o->min, least), duration_text(o->max, most));
	return 0;
}

static void names_text(const struct option *o, struct buf *out)
{
	for (size_t i = 0; o->names[i]; i++)
		buf_printf(out, "%s%s", i == 0 ? "" : o->names[i + 1] ? ", " : " or ", o->names[i]);
}

static int parse_enum(const struct option *o, const struct yaml_node *value, int *field, const char *path,
                      struct err *err)
{
	CLEANUP(buf_done) struct buf names = BUF_INIT(ERR_TEXT_MAX);
	struct suggestion nearest = { .word = value->kind == YAML_SCALAR ? value->text : "" };
	char hint[96];

	for (int i = 0; o->names[i]; i++) {
		if (strcmp(o->names[i], nearest.word) == 0) {
			*field = i;
			return 0;
		}
		suggestion_consider(&nearest, o->names[i]);
	}
	names_text(o, &names);
	if (value->kind != YAML_SCALAR || yaml_is_null(value))
		return yaml_error(value, err, "%s: expected %s, found %s", path, buf_text(&names), kind_text(value));
	return yaml_error(value, err, "%s: expected %s, found '%.64s'%s", path, buf_text(&names), value->text,
	                  suggestion_text(&nearest, hint));
}

static int check_text(const struct option *o, const struct yaml_node *value, const char *path, struct err *err)
{
	const char *wrong = o->check ? o->check(value->text) : NULL;

	if (wrong)
		return yaml_error(value, err, "%s: '%.128s': %s", path, value->text, wrong);
	return 0;
}

static int check_length(const struct option *o, const struct yaml_node *value, const char *path, struct err *err)
{
	int64_t length = (int64_t)strlen(value->text);

	if (o->max > 0 && (length < o->min || length > o->max))
		return yaml_error(value, err, "%s: %" PRId64 " characters; %" PRId64 " to %" PRId64 " are allowed", path,
		                  length, o->min, o->max);
	return check_text(o, value, path, err);
}

static int path_of_credential(const struct yaml_node *value, char **field, const char *path, struct err *err)
{
	char *file;

	if (source_path(value, path, &file, err) < 0)
		return err->code;
	free(*field);
	*field = file;
	return 0;
}

/* A null takes away what has no default; an option with a default always has a value. */
static int parse_text(const struct option *o, const struct yaml_node *value, char **field, const char *path,
                      struct err *err)
{
	int code;

	if (yaml_is_null(value) && !o->def && !o->required)
		return 0;
	if (o->kind == OPTION_PATH && value->kind == YAML_MAP)
		return path_of_credential(value, field, path, err);
	code = expect_scalar(value, path, "a text", err);
	if (code == 0)
		code = check_length(o, value, path, err);
	if (code == 0)
		*field = o->kind == OPTION_PATH ? source_expand(value->text) : mem_dup(value->text);
	return code;
}

static int list_item(const struct option *o, const struct yaml_node *item, char **slot, const char *path,
                     struct err *err)
{
	int code = expect_scalar(item, path, "a text in the list", err);

	if (code == 0)
		code = check_text(o, item, path, err);
	if (code == 0)
		*slot = mem_dup(item->text);
	return code;
}

static int parse_list(const struct option *o, const struct yaml_node *value, char ***field, const char *path,
                      struct err *err)
{
	bool single = value->kind == YAML_SCALAR && !yaml_is_null(value);
	const struct yaml_node *item = single ? value : value->child;
	size_t count = single ? 1 : value->count;
	int code = 0;

	if (!single && value->kind != YAML_LIST)
		return yaml_error(value, err, "%s: expected a list, found %s (an empty list is [])", path,
		                  kind_text(value));
	if (o->max > 0 && ((int64_t)count < o->min || (int64_t)count > o->max))
		return yaml_error(value, err, "%s: %zu items; %" PRId64 " to %" PRId64 " are allowed", path, count, o->min,
		                  o->max);
	*field = mem_new(count + 1, sizeof(char *));
	for (size_t i = 0; i < count && code == 0; i++, item = item->next)
		code = list_item(o, item, &(*field)[i], path, err);
	return code;
}

static void note(const struct yaml_node *value, struct option_notes *notes, const char *path, const char *text)
{
	if (!notes || !notes->warnings)
		return;
	buf_add_text(notes->warnings, value->file);
	if (value->line > 0)
		buf_printf(notes->warnings, ":%d:%d", value->line, value->column);
	buf_printf(notes->warnings, ": %s%s\n", path, text);
}

static void note_file(const struct yaml_node *value, const char *path, struct option_notes *notes)
{
	CLEANUP(mem_freep) char *file = NULL;
	CLEANUP(mem_freep) char *said = NULL;
	CLEANUP(mem_freep) char *text = NULL;

	if (value->kind != YAML_MAP || strcmp(value->child->key, "file") != 0)
		return;
	file = source_expand(value->child->text);
	said = source_open_to_all(file);
	text = said ? mem_printf(": %s", said) : NULL;
	if (text)
		note(value, notes, path, text);
}

static int parse_secret(const struct option *o, const struct yaml_node *value, struct secret **field,
                        const char *path, struct option_notes *notes, struct err *err)
{
	bool in_file;
	int code;

	if (yaml_is_null(value) && !o->required)
		return 0;
	code = source_read(value, path, field, &in_file, err);
	if (code == 0 && in_file)
		note(value, notes, path, " is written in the configuration itself; {file: …}, {env: …} or {credential: …} keeps it out of copies");
	else if (code == 0)
		note_file(value, path, notes);
	return code;
}

int option_parse(const struct option *o, void *base, const struct yaml_node *value, const char *path,
                 struct option_notes *notes, struct err *err)
{
	void *field = field_of(o, base);

	field_free(o, base);
	switch (o->kind) {
	case OPTION_BOOL:
		return parse_bool(value, field, path, err);
	case OPTION_INT:
		return parse_int(o, value, field, path, err);
	case OPTION_DURATION:
		return parse_duration(o, value, field, path, err);
	case OPTION_ENUM:
		return parse_enum(o, value, field, path, err);
	case OPTION_TEXT:
	case OPTION_PATH:
		return parse_text(o, value, field, path, err);
	case OPTION_LIST:
		return parse_list(o, value, field, path, err);
	case OPTION_SECRET:
		return parse_secret(o, value, field, path, notes, err);
	}
	return yaml_error(value, err, "%s: an option of an unknown kind", path);
}

/* A default is written as in the file; only a list in brackets needs the YAML parser. */
static int default_node(const struct option *o, struct yaml_node **ret, struct err *err)
{
	struct yaml_node *node;

	if (o->kind == OPTION_LIST && o->def && o->def[0] == '[')
		return yaml_parse(o->def, strlen(o->def), o->name, ret, err);
	node = yaml_new(o->kind == OPTION_LIST && (!o->def || !*o->def) ? YAML_LIST : YAML_SCALAR, o->name);
	node->text = mem_dup(o->def);
	node->plain = true;
	*ret = node;
	return 0;
}

/* A default that does not parse is a mistake in a table, which a test of all tables finds. */
void option_defaults(const struct option *table, void *base)
{
	for (const struct option *o = table; o && o->name; o++) {
		CLEANUP(yaml_freep) struct yaml_node *node = NULL;
		struct err err = { 0 };
		int code;

		if (!o->def && o->kind != OPTION_LIST)
			continue;
		code = default_node(o, &node, &err);
		if (code == 0 && !(o->def == NULL && o->min > 0))
			code = option_parse(o, base, node, o->name, NULL, &err);
		if (code < 0)
			abort();
	}
}

static bool is_one_of(const char *key, const char *const *others)
{
	for (size_t i = 0; others && others[i]; i++)
		if (strcmp(others[i], key) == 0)
			return true;
	return false;
}

static int unknown_key(const struct option *table, const struct yaml_node *value, const char *path,
                       const char *const *others, struct err *err)
{
	struct suggestion nearest = { .word = value->key };
	char hint[96];

	for (const struct option *o = table; o && o->name; o++)
		suggestion_consider(&nearest, o->name);
	for (size_t i = 0; others && others[i]; i++)
		suggestion_consider(&nearest, others[i]);
	suggestion_text(&nearest, hint);
	if (!*path)
		return yaml_key_error(value, err, "unknown key '%.64s'%s", value->key, hint);
	return yaml_key_error(value, err, "%s: unknown key '%.64s'%s", path, value->key, hint);
}

static int parse_child(const struct option *table, void *base, const struct yaml_node *value, const char *path,
                       const char *const *others, struct option_notes *notes, struct err *err)
{
	const struct option *o = option_find(table, value->key);
	CLEANUP(mem_freep) char *full = NULL;

	if (is_one_of(value->key, others))
		return 0;
	if (!o)
		return unknown_key(table, value, path, others, err);
	full = *path ? mem_printf("%s.%s", path, o->name) : mem_dup(o->name);
	return option_parse(o, base, value, full, notes, err);
}

int option_mistake(struct option_notes *notes, int code, const struct err *err)
{
	if (code >= 0 || !notes || !notes->mistakes)
		return code;
	buf_printf(notes->mistakes, "%s\n", err->text);
	return 0;
}

size_t option_mistakes(const struct option_notes *notes)
{
	return notes && notes->mistakes ? notes->mistakes->length : 0;
}

static int check_required(const struct option *table, const struct yaml_node *map, const char *path, struct err *err)
{
	for (const struct option *o = table; o && o->name; o++)
		if (o->required && !yaml_find(map, o->name))
			return yaml_key_error(map, err, "%s: required option '%s' is missing", path, o->name);
	return 0;
}

int option_parse_table(const struct option *table, void *base, const struct yaml_node *map, const char *path,
                       const char *const *others, struct option_notes *notes, struct err *err)
{
	int code = 0;

	if (map->kind != YAML_MAP && !yaml_is_null(map))
		return yaml_error(map, err, "%s%sexpected a mapping, found %s", path, *path ? ": " : "", kind_text(map));
	for (const struct yaml_node *value = map->child; value && code == 0; value = value->next)
		code = option_mistake(notes, parse_child(table, base, value, path, others, notes, err), err);
	return code < 0 ? code : option_mistake(notes, check_required(table, map, path, err), err);
}

/* Read back as the same text whatever stands around it. */
static bool is_safe_bare(const char *text)
{
	size_t length = strlen(text);

	if (length == 0 || !(isalpha((unsigned char)*text) || *text == '/'))
		return false;
	if (strcmp(text, "null") == 0 || strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
		return false;
	return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./_-") == length;
}

void option_dump_text(const char *text, struct buf *out)
{
	if (is_safe_bare(text)) {
		buf_add_text(out, text);
		return;
	}
	buf_add_char(out, '"');
	for (const char *c = text; *c; c++) {
		if (*c == '"' || *c == '\\')
			buf_printf(out, "\\%c", *c);
		else if ((unsigned char)*c < 0x20 || *c == 0x7f)
			buf_printf(out, "\\x%02x", *c);
		else
			buf_add_char(out, *c);
	}
	buf_add_char(out, '"');
}

static void dump_list(char *const *list, struct buf *out)
{
	buf_add_char(out, '[');
	for (size_t i = 0; list && list[i]; i++) {
		buf_add_text(out, i ? ", " : "");
		option_dump_text(list[i], out);
	}
	buf_add_char(out, ']');
}

static void dump_text_or_null(const char *text, struct buf *out)
{
	if (text)
		option_dump_text(text, out);
	else
		buf_add_text(out, "null");
}

void option_dump(const struct option *o, const void *base, struct buf *out)
{
	const void *field = (const char *)base + o->offset;
	char text[DURATION_TEXT_SIZE];

	switch (o->kind) {
	case OPTION_BOOL:
		buf_add_text(out, *(const bool *)field ? "true" : "false");
		break;
	case OPTION_INT:
		buf_printf(out, "%" PRId64, *(const int64_t *)field);
		break;
	case OPTION_DURATION:
		buf_add_text(out, duration_text(*(const int64_t *)field, text));
		break;
	case OPTION_ENUM:
		buf_add_text(out, o->names[*(const int *)field]);
		break;
	case OPTION_TEXT:
	case OPTION_PATH:
		dump_text_or_null(*(char *const *)field, out);
		break;
	case OPTION_LIST:
		dump_list(*(char **const *)field, out);
		break;
	case OPTION_SECRET:
		buf_add_text(out, *(struct secret *const *)field ? "\"***\"" : "null");
		break;
	}
}

/* ---- copying ---- */

static char **list_copy(char *const *list)
{
	size_t count = 0;
	char **copy;

	while (list && list[count])
		count++;
	copy = mem_new(count + 1, sizeof(*copy));
	for (size_t i = 0; i < count; i++)
		copy[i] = mem_dup(list[i]);
	return copy;
}

void option_copy(const struct option *o, void *base, const void *from)
{
	const struct option alone[] = { *o, { 0 } };
	void *to = (char *)base + o->offset;
	const void *value = (const char *)from + o->offset;

	option_free(alone, base);
	if (o->kind == OPTION_BOOL)
		*(bool *)to = *(const bool *)value;
	else if (o->kind == OPTION_ENUM)
		*(int *)to = *(const int *)value;
	else if (o->kind == OPTION_INT || o->kind == OPTION_DURATION)
		*(int64_t *)to = *(const int64_t *)value;
	else if (o->kind == OPTION_TEXT || o->kind == OPTION_PATH)
		*(char **)to = mem_dup(*(char *const *)value);
	else if (o->kind == OPTION_LIST)
		*(char ***)to = list_copy(*(char **const *)value);
}
