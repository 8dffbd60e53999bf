/* Warnings of CPS and what may be done about them. Pure.
 *
 * CPS sends one text for all warnings, people configure codes. The text is taken apart by the table of what CPS prints: every byte
 * must belong to a text of the table, to white space or a comma between two of them, or to a header in brackets. What is left over
 * is a warning with the code UNKNOWN, and what is unknown is never acknowledged by code, whatever the configuration lists. One exact
 * text can be allowed by its digest.
 */
#ifndef SOLVER_CPS_WARNINGS_H
#define SOLVER_CPS_WARNINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "solver/base/buf.h"

#define CPS_WARNING_UNKNOWN "UNKNOWN"
#define CPS_DIGEST_PREFIX "text-sha256:"
#define CPS_DIGEST_SIZE 65 /* 64 hexadecimal digits and a zero byte */

struct cps_warning {
	const char *code; /* static */
	char *text;       /* as CPS wrote it */
};

struct cps_warnings {
	struct cps_warning *items;
	size_t count;
};

void cps_warnings_read(const char *text, struct cps_warnings *ret);
void cps_warnings_done(struct cps_warnings *w);
/* SHA-256 of the text as it came, in hexadecimal. Returns ret. */
const char *cps_warnings_digest(const char *text, char ret[CPS_DIGEST_SIZE]);
/* Every warning in `text` has a code that stands in `allowed` (NULL-ended, may be NULL), or "text-sha256:<digest of the text>" does.
 * Appends one line a warning to `described`: "CODE (not in cps.acknowledge-warnings): sentence". No warning at all is acceptable. */
bool cps_warnings_acceptable(const char *text, char *const *allowed, struct buf *described);

#endif
