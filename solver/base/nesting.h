/* How deep brackets nest in JSON text, before a parser that recurses is let at it. */
#ifndef SOLVER_BASE_NESTING_H
#define SOLVER_BASE_NESTING_H

#include <stdbool.h>
#include <stddef.h>

/* Objects and arrays stand more than `max` deep in each other. The text need not be valid. */
bool nesting_is_over(const char *text, size_t length, int max);

#endif
