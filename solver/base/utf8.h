/* Strict UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef SOLVER_BASE_UTF8_H
#define SOLVER_BASE_UTF8_H

#include <stddef.h>

/* The character at `at`, of which `left` bytes are there (at least one): its length in bytes, and itself in *ret.
 * 0 when these bytes are no character; *ret means nothing then. */
size_t utf8_read(const unsigned char *at, size_t left, unsigned *ret);

#endif
