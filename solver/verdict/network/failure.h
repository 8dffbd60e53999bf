/* A connection that did not work, in the words of an authority. */
#ifndef SOLVER_VERDICT_FAILURE_H
#define SOLVER_VERDICT_FAILURE_H

#include "solver/verdict/data/verdict.h"

struct failure_words {
	const char *code;          /* of the finding */
	enum problem_type problem;
	char text[256];
};

/* `failure` as in struct ev_hop; `why` is the network's or the TLS library's sentence, or NULL. */
void failure_describe(const char *failure, const char *why, struct failure_words *ret);

#endif
