#include "solver/verdict/data/codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/verdict/data/evidence.h"

#define PLACE_MAX 200 /* bytes of a path in a sentence */
#define KEY_SHOWN 40  /* bytes of a stranger's key in a sentence */

/* Where the reader is, for the sentence of an error. */
struct place {
	const struct place *up;
	const char *key; /* NULL: an item of a list */
	size_t index;
};

static int read_object(const struct codec_field *fields, void *object, const json_t *json, const struct place *place, struct err *err);

static void *at(void *object, size_t offset)
{
	return (char *)object + offset;
}

static const void *at_const(const void *object, size_t offset)
{
	return (const char *)object + offset;
}

void codec_texts_free(char **texts)
{
	for (size_t i = 0; texts && texts[i]; i++)
		free(texts[i]);
	free(texts);
}

void *codec_list_add(void *items, size_t *count, size_t size, size_t max)
{
	char *list;
	size_t n = *count;

	memcpy(&list, items, sizeof(list));
	if (n >= max)
		return NULL;
	if ((n & (n - 1)) == 0) { /* full: the room is always the next power of two */
		list = mem_resize(list, n ? 2 * n : 1, size);
		memcpy(items, &list, sizeof(list));
	}
	memset(list + n * size, 0, size);
	*count = n + 1;
	return list + n * size;
}

/* ---- freeing ---- */

static void list_done(const struct codec_field *f, void *object)
{
	size_t count = *(size_t *)at(object, f->count_offset);
	char *list = *(char **)at(object, f->offset);

	for (size_t i = 0; i < count; i++)
		codec_done(f->fields, list + i * f->size);
	free(list);
}

void codec_done(const struct codec_field *fields, void *object)
{
	for (const struct codec_field *f = fields; f->name; f++) {
		if (f->kind == CODEC_TEXT || f->kind == CODEC_INTS)
			free(*(void **)at(object, f->offset));
		else if (f->kind == CODEC_TEXTS)
			codec_texts_free(*(char ***)at(object, f->offset));
		else if (f->kind == CODEC_STRUCT)
			codec_done(f->fields, at(object, f->offset));
		else if (f->kind == CODEC_LIST)
			list_done(f, object);
	}
}

/* ---- writing ---- */

/* Text that is not UTF-8 is written escaped rather than lost. */
static json_t *text_json(const char *text)
{
	json_t *json = json_string(text);
	char *escaped;

	if (json)
		return json;
	escaped = evidence_escape(text, strlen(text));
	json = json_string(escaped);
	free(escaped);
	return json;
}

static json_t *texts_json(char *const *texts)
{
	json_t *json = json_array();

	for (size_t i = 0; texts && texts[i]; i++)
		json_array_append_new(json, text_json(texts[i]));
	return json;
}

static json_t *ints_json(const int64_t *numbers)
{
	json_t *json = json_array();

	for (size_t i = 0; numbers && numbers[i]; i++)
		json_array_append_new(json, json_integer(numbers[i]));
	return json;
}

static json_t *list_json(const struct codec_field *f, const void *object)
{
	size_t count = *(const size_t *)at_const(object, f->count_offset);
	const char *list = *(char *const *)at_const(object, f->offset);
	json_t *json;

	if (!count)
		return NULL;
	json = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(json, codec_encode(f->fields, list + i * f->size));
	return json;
}

/* NULL: nothing to write. */
static json_t *field_json(const struct codec_field *f, const void *object)
{
	const void *p = at_const(object, f->offset);
	const char *text;

	switch (f->kind) {
	case CODEC_TEXT:
		text = *(char *const *)p;
		return text ? text_json(text) : NULL;
	case CODEC_INT:
		return json_integer(*(const int *)p);
	case CODEC_INT64:
		return json_integer(*(const int64_t *)p);
	case CODEC_BOOL:
		return *(const bool *)p ? json_true() : NULL;
	case CODEC_ENUM:
		return json_string(f->names[*(const unsigned *)p]);
	case CODEC_TEXTS:
		return texts_json(*(char **const *)p);
	case CODEC_INTS:
		return ints_json(*(int64_t *const *)p);
	case CODEC_STRUCT:
		return codec_encode(f->fields, p);
	case CODEC_LIST:
		return list_json(f, object);
	}
	return NULL;
}

json_t *codec_encode(const struct codec_field *fields, const void *object)
{
	json_t *json = json_object();

	for (const struct codec_field *f = fields; f->name; f++) {
		json_t *value = field_json(f, object);

		if (value)
			json_object_set_new(json, f->name, value);
	}
	return json;
}

/* ---- reading ---- */

static void place_print(const struct place *place, struct buf *out)
{
	if (!place)
		return;
	place_print(place->up, out);
	if (place->key)
		buf_printf(out, "/%.*s", KEY_SHOWN, place->key);
	else
		buf_printf(out, "/%zu", place->index);
}

static int refuse(const struct place *place, struct err *err, const char *sentence)
{
	struct buf path = BUF_INIT(PLACE_MAX);
	int code;

	place_print(place, &path);
	code = err_set(err, ERR_INVALID, "%s: %s", path.length ? buf_text(&path) : "/", sentence);
	buf_done(&path);
	return code;
}

static int refuse_bounds(const struct codec_field *f, const struct place *place, struct err *err)
{
	char sentence[120];

	snprintf(sentence, sizeof(sentence), "must be from %lld to %lld", (long long)f->low, (long long)f->high);
	return refuse(place, err, sentence);
}

static int refuse_over(const char *what, size_t max, const struct place *place, struct err *err)
{
	char sentence[120];

	snprintf(sentence, sizeof(sentence), "at most %zu %s", max, what);
	return refuse(place, err, sentence);
}

static int read_text(const struct codec_field *f, char **ret, const json_t *json, const struct place *place, struct err *err)
{
	const char *text = json_string_value(json);

	if (json_is_null(json) && !f->required) {
		free(*ret);
		*ret = NULL;
		return 0;
	}
	if (!text)
		return refuse(place, err, "must be a text");
	if (strlen(text) != json_string_length(json))
		return refuse(place, err, "must not hold a zero byte");
	if (strlen(text) > f->max)
		return refuse_over("bytes", f->max, place, err);
	free(*ret);
	*ret = mem_dup(text);
	return 0;
}

static int read_number(const struct codec_field *f, int64_t *ret, const json_t *json, const struct place *place, struct err *err)
{
	if (!json_is_integer(json))
		return refuse(place, err, "must be a whole number");
	if (json_integer_value(json) < f->low || json_integer_value(json) > f->high)
		return refuse_bounds(f, place, err);
	*ret = json_integer_value(json);
	return 0;
}

static int read_int(const struct codec_field *f, int *ret, const json_t *json, const struct place *place, struct err *err)
{
	int64_t number = 0;
	int rc = read_number(f, &number, json, place, err);

	if (rc == 0)
		*ret = (int)number;
	return rc;
}

static int read_bool(bool *ret, const json_t *json, const struct place *place, struct err *err)
{
	if (!json_is_boolean(json))
		return refuse(place, err, "must be true or false");
	*ret = json_is_true(json);
	return 0;
}

static int read_enum(const struct codec_field *f, unsigned *ret, const json_t *json, const struct place *place, struct err *err)
{
	struct buf sentence = BUF_INIT(300);
	const char *text = json_string_value(json);
	int code;

	for (unsigned i = 0; text && f->names[i]; i++) {
		if (strcmp(f->names[i], text) == 0) {
			*ret = i;
			return 0;
		}
	}
	buf_add_text(&sentence, "must be one of");
	for (unsigned i = 0; f->names[i]; i++)
		buf_printf(&sentence, "%s %s", i ? "," : "", f->names[i]);
	code = refuse(place, err, buf_text(&sentence));
	buf_done(&sentence);
	return code;
}

static int check_list(const struct codec_field *f, const json_t *json, const struct place *place, struct err *err)
{
	if (!json_is_array(json))
		return refuse(place, err, "must be a list");
	if (json_array_size(json) > f->max)
		return refuse_over("items", f->max, place, err);
	return 0;
}

#define ITEM_TEXT_MAX 300

static int read_texts(const struct codec_field *f, char ***ret, const json_t *json, const struct place *place, struct err *err)
{
	const struct codec_field item = { .max = ITEM_TEXT_MAX, .required = true };
	char **texts;
	int rc = check_list(f, json, place, err);

	if (rc < 0)
		return rc;
	texts = mem_new(json_array_size(json) + 1, sizeof(*texts));
	for (size_t i = 0; i < json_array_size(json) && rc == 0; i++) {
		struct place here = { place, NULL, i };

		rc = read_text(&item, &texts[i], json_array_get(json, i), &here, err);
	}
	codec_texts_free(rc == 0 ? *ret : texts);
	if (rc == 0)
		*ret = texts;
	return rc;
}

static int read_ints(const struct codec_field *f, int64_t **ret, const json_t *json, const struct place *place, struct err *err)
{
	int64_t *numbers;
	int rc = check_list(f, json, place, err);

	if (rc < 0)
		return rc;
	numbers = mem_new(json_array_size(json) + 1, sizeof(*numbers));
	for (size_t i = 0; i < json_array_size(json) && rc == 0; i++) {
		struct place here = { place, NULL, i };

		rc = read_number(f, &numbers[i], json_array_get(json, i), &here, err);
	}
	free(rc == 0 ? *ret : numbers);
	if (rc == 0)
		*ret = numbers;
	return rc;
}

static int read_list(const struct codec_field *f, void *object, const json_t *json, const struct place *place, struct err *err)
{
	int rc = check_list(f, json, place, err);

	for (size_t i = 0; rc == 0 && i < json_array_size(json); i++) {
		struct place here = { place, NULL, i };
		void *item = codec_list_add(at(object, f->offset), at(object, f->count_offset), f->size, f->max);

		rc = item ? read_object(f->fields, item, json_array_get(json, i), &here, err)
		          : refuse_over("items", f->max, place, err);
	}
	return rc;
}

static int read_field(const struct codec_field *f, void *object, const json_t *json, const struct place *place, struct err *err)
{
	void *p = at(object, f->offset);

	switch (f->kind) {
	case CODEC_TEXT:
		return read_text(f, p, json, place, err);
	case CODEC_INT:
		return read_int(f, p, json, place, err);
	case CODEC_INT64:
		return read_number(f, p, json, place, err);
	case CODEC_BOOL:
		return read_bool(p, json, place, err);
	case CODEC_ENUM:
		return read_enum(f, p, json, place, err);
	case CODEC_TEXTS:
		return read_texts(f, p, json, place, err);
	case CODEC_INTS:
		return read_ints(f, p, json, place, err);
	case CODEC_STRUCT:
		return read_object(f->fields, p, json, place, err);
	case CODEC_LIST:
		return read_list(f, object, json, place, err);
	}
	return 0;
}

static const struct codec_field *field_named(const struct codec_field *fields, const char *name)
{
	for (const struct codec_field *f = fields; f->name; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

static int check_required(const struct codec_field *fields, const json_t *json, const struct place *place, struct err *err)
{
	for (const struct codec_field *f = fields; f->name; f++) {
		struct place here = { place, f->name, 0 };

		if (f->required && !json_object_get(json, f->name))
			return refuse(&here, err, "is missing");
	}
	return 0;
}

static int read_object(const struct codec_field *fields, void *object, const json_t *json, const struct place *place, struct err *err)
{
	const char *key;
	json_t *value;
	int rc = 0;

	if (!json_is_object(json))
		return refuse(place, err, "must be an object");
	json_object_foreach((json_t *)json, key, value) {
		struct place here = { place, key, 0 };
		const struct codec_field *f = field_named(fields, key);

		rc = f ? read_field(f, object, value, &here, err) : refuse(&here, err, "is no known key");
		if (rc < 0)
			return rc;
	}
	return check_required(fields, json, place, err);
}

int codec_decode(const struct codec_field *fields, void *object, const json_t *json, struct err *err)
{
	return read_object(fields, object, json, NULL, err);
}
