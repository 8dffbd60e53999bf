/* Plain records to JSON and back, by a table with one row a field.
 *
 * The same rows write, read and free. Reading is strict: an unknown key, a wrong type, a number outside its bounds, a
 * text or list over its maximum are refused with the place of the fault, as a JSON pointer (RFC 6901). What is absent
 * keeps the value it had, so that defaults are what the object held before. Only what is set is written: NULL texts,
 * empty lists and false are left out.
 */
#ifndef SOLVER_VERDICT_CODEC_H
#define SOLVER_VERDICT_CODEC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "solver/base/err.h"

enum codec_kind {
	CODEC_TEXT,   /* char * */
	CODEC_INT,    /* int */
	CODEC_INT64,  /* int64_t */
	CODEC_BOOL,   /* bool */
	CODEC_ENUM,   /* an enum, written by name */
	CODEC_TEXTS,  /* char **, NULL-ended */
	CODEC_INTS,   /* int64_t *, 0-ended */
	CODEC_STRUCT, /* a struct in place */
	CODEC_LIST,   /* struct * and a size_t count */
};

struct codec_field {
	const char *name;   /* NULL ends the table */
	enum codec_kind kind;
	size_t offset;
	bool required;      /* must be there when read; a text, and not null */
	int64_t low, high;  /* bounds of numbers */
	size_t max;         /* bytes of a text, items of a list */
	const char *const *names; /* CODEC_ENUM: NULL-ended, in the order of the enum */
	const struct codec_field *fields; /* CODEC_STRUCT, CODEC_LIST */
	size_t size, count_offset; /* CODEC_LIST: of an item; of the count */
};

json_t *codec_encode(const struct codec_field *fields, const void *object); /* gives */
/* Over what `object` holds. After an error it is half read, and still to be freed with codec_done. */
int codec_decode(const struct codec_field *fields, void *object, const json_t *json, struct err *err);
/* Frees what the object holds, not the object. */
void codec_done(const struct codec_field *fields, void *object);
/* A zeroed item at the end of a list that grows by doubling; NULL at `max`. `items` points at the list's pointer. */
void *codec_list_add(void *items, size_t *count, size_t size, size_t max);
void codec_texts_free(char **texts); /* NULL-ended; NULL is allowed */

#endif
