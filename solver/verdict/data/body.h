/* The body that a server sent instead of, or as, a key authorization: compared as an authority compares it, and described. */
#ifndef SOLVER_VERDICT_BODY_H
#define SOLVER_VERDICT_BODY_H

#include "solver/verdict/data/authority.h"
#include "solver/verdict/data/evidence.h"

struct body {
	unsigned char *bytes; /* as recorded */
	size_t length;
	bool cut;             /* more was sent than was recorded */
	const unsigned char *start; /* what is compared: trimmed under the rule of the authority */
	size_t kept;
};

/* An unreadable record is an empty body. */
void body_read(const struct ev_hop *hop, const struct authority *a, struct body *ret);
void body_done(struct body *b);
bool body_equals(const struct body *b, const char *expected);
/* In double quotes with escapes, as an authority's sentence shows strings; UTF-8 stays. Gives (free with free). */
char *body_quote(const void *bytes, size_t length);
/* "12 bytes, SHA-256 ab…": the description for users who must not read the body. Gives. */
char *body_digest(const void *bytes, size_t length);
/* The same of what a hop recorded; and of all, in the place of their bodies. */
char *body_hop_digest(const struct ev_hop *hop); /* gives */
void body_hide_all(struct evidence *e);
/* Where it differs from what is expected, and how: "byte 3 is \"x\" where \"y\" was expected". Gives. */
char *body_difference(const struct body *b, const char *expected);
/* Bytes of white space at the start, and of a byte order mark. */
size_t body_leading_space(const struct body *b);
size_t body_mark(const struct body *b);

#endif
