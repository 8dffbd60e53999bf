/* The warnings that CPS is known to print: code and text, with places for values. Pure; the facts are warnings.json.
 *
 * The name of a place in a text decides what may stand there: a host name holds no space, a list of them only names and commas, a
 * message no second sentence. So no text that is not in the table can hide inside the value of one that is.
 */
#ifndef SOLVER_CPS_WARNING_TABLE_H
#define SOLVER_CPS_WARNING_TABLE_H

#include <stdbool.h>
#include <stddef.h>

/* The text of the table that fits at the start of `text` and takes most of it, with its end at white space, a comma or the end.
 * Returns its code (static) and the bytes it takes, or NULL. */
const char *cps_warning_match(const char *text, size_t *ret_length);
/* The code of the table that is written so, also in kebab case ("sans-removed-require-acknowledgement"), or NULL. */
const char *cps_warning_code(const char *text, size_t length);
/* How many bytes at the start of `text` are a list of host names. */
size_t cps_warning_names(const char *text);
size_t cps_warning_codes(void); /* how many codes there are */
/* For tests: calls `fn` with each code and text as they stand in warnings.json. */
void cps_warning_each(void (*fn)(const char *code, const char *text, void *arg), void *arg);

#endif
