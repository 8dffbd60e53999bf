/* Makes a sentence that stays the same between tries: removes ids, times and durations, and the value.
 *
 * acme.sh takes an answer that holds the value for a success; cert-manager writes a failure that differs from the last one
 * into its resource again, and tries at once because that changed. Pure. */
#ifndef SOLVER_API_SENTENCE_H
#define SOLVER_API_SENTENCE_H

#include <stddef.h>

/* Copies `text` without ids, points in time and durations; each of `hidden` (NULL-ended; short ones are no secret and
 * stay) becomes "…". Cut at `room`. */
void sentence_settle(const char *text, const char *const *hidden, char *ret_text, size_t room);

#endif
