/* The nearest of some valid names, for "did you mean". */
#ifndef SOLVER_CONF_SUGGEST_H
#define SOLVER_CONF_SUGGEST_H

struct suggestion {
	const char *word;    /* what was written; borrowed */
	const char *nearest; /* NULL: nothing is near enough */
	unsigned distance;
};

void suggestion_consider(struct suggestion *s, const char *candidate);
/* "; did you mean 'http'?" into text, or "". Returns text. */
const char *suggestion_text(const struct suggestion *s, char text[96]);

#endif
