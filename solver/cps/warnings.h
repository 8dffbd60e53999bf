/* Warnings of CPS and what may be done about them. Pure.
 *
 * CPS sends sentences, people configure codes. A sentence that begins with a code in capitals has that one;
 * others are recognised by their fixed words. Each line counts as a warning of its own: one that is not
 * recognised is UNKNOWN, and what is unknown is never acknowledged, whatever the configuration lists.
 */
#ifndef SOLVER_CPS_WARNINGS_H
#define SOLVER_CPS_WARNINGS_H

#include <stdbool.h>

#include "solver/base/buf.h"

/* Every warning in `text` has a code that stands in `allowed` (NULL-ended, may be NULL). Appends one line a warning
 * to `described`: "CODE (not allowed): sentence". No warning at all is acceptable. */
bool cps_warnings_acceptable(const char *text, char *const *allowed, struct buf *described);

#endif
