/* Strict reading of JSON: what is not in the table is refused by its name. Pure, no I/O.
 *
 * Unknown and duplicate keys, wrong types, texts over their length and bodies nested deeper than
 * JSON_DEPTH_MAX are refused with a sentence and a pointer. Text is borrowed from the document. */
#ifndef SOLVER_API_FIELDS_H
#define SOLVER_API_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "solver/api/common/problem.h"

#define JSON_DEPTH_MAX 8
#define FIELD_TEXT_MAX 2048

enum field_kind {
	FIELD_TEXT,     /* const char * */
	FIELD_BOOL,     /* bool */
	FIELD_DURATION, /* int64_t milliseconds; written "250ms", "30s", "10m", "12h", "7d" */
	FIELD_TYPE,     /* int: enum challenge_type, written "http-01", "dns-01", … */
	FIELD_OBJECT,   /* json_t *, borrowed */
	FIELD_ARRAY,    /* json_t *, borrowed */
};

struct field {
	const char *name; /* NULL ends the table */
	enum field_kind kind;
	size_t offset;
	bool required;
};

/* Gives *ret (free with json_decref): the body must be one JSON object. */
int fields_parse(const char *text, size_t length, json_t **ret, struct problem *problem);
/* Fills `target` by the table; fields that are absent (or null) are left as they are. */
int fields_read(const json_t *object, const struct field *table, void *target, struct problem *problem);
/* "10m" -> 600000. A number without a unit is refused: it does not say which unit is meant. */
int duration_read(const char *text, int64_t *ret_ms, struct err *err);

#endif
