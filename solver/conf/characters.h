/* Which bytes may be YAML at all. libfyaml must never see others: it loops for ever over some bytes that are not UTF-8
 * ("%" and 0x80) and takes others for the end of the text (a first byte 0x80), so that a file with options reads as an empty one. */
#ifndef SOLVER_CONF_CHARACTERS_H
#define SOLVER_CONF_CHARACTERS_H

#include <stdbool.h>
#include <stddef.h>

#include "solver/base/err.h"

/* ERR_INVALID with "FILE:LINE:COLUMN: sentence" at the first byte that is not UTF-8, and at the first character that YAML 1.2
 * (section 5.1) does not print: control characters, U+FFFE and U+FFFF, a byte order mark that is not the first character. */
int characters_check(const char *text, size_t length, const char *file, struct err *err);
/* The same at the first character that a text without any value must not hold: all but white space, comments, a byte order mark
 * and "..." lines. */
int characters_check_empty(const char *text, size_t length, const char *file, struct err *err);

#endif
