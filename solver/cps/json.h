/* Shorthand for reading JSON that may lack anything. Private to cps. */
#ifndef SOLVER_CPS_JSON_H
#define SOLVER_CPS_JSON_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "solver/base/err.h"

/* An object or array of at most 64 levels; gives (free with json_decref), NULL and an error otherwise. */
json_t *cps_json_load(const char *text, size_t length, const char *what, struct err *err);
/* A copy of the text; "" for null, a missing key or another type. Gives. */
char *cps_json_text(const json_t *object, const char *key);
/* An integer, also when written as a string; 0 otherwise. */
int64_t cps_json_id(const json_t *object, const char *key);
/* Items of an array, at most `max`; 0 when it is none. */
size_t cps_json_count(const json_t *array, size_t max);
int64_t cps_json_time(const json_t *object, const char *key); /* wall clock; 0 otherwise */

#endif
