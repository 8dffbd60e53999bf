/* Bytes inside bytes: what the parsers of the issue-value grammar (RFC 8659 section 4.2) cut and trim. Pure. */
#ifndef SOLVER_VERDICT_SPAN_H
#define SOLVER_VERDICT_SPAN_H

#include <stdbool.h>
#include <stddef.h>

struct span {
	const unsigned char *at;
	size_t length;
};

/* Without the spaces and tabs at both ends. */
struct span span_trim(struct span s);
/* Up to `stop`, which is taken off `rest` too; *ret_found: there was one. Without one it is all of `rest`. */
struct span span_cut(struct span *rest, unsigned char stop, bool *ret_found);
char *span_text(struct span s); /* gives (free with free) */

#endif
