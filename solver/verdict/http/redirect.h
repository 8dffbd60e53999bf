/* The rules of an authority for a redirect, in its order: which it follows, and its sentence about one that it refuses. */
#ifndef SOLVER_VERDICT_REDIRECT_H
#define SOLVER_VERDICT_REDIRECT_H

#include "solver/verdict/data/authority.h"
#include "solver/verdict/data/evidence.h"

/* The URLs that were asked, the current one last. */
struct redirect_history {
	char **urls;
	size_t count;
	int64_t redirects;
	char host[254]; /* of the current one; an address without brackets */
};

struct redirect_refusal {
	const char *code;
	char *sentence; /* given */
	char *target;   /* given: the Location as it was sent; NULL when it could not be read */
};

/* A response that asks for another URL; a status without Location does not. */
bool redirect_is(const struct ev_hop *hop);
/* Makes the target current, or ERR_DENIED with the refusal. */
int redirect_follow(struct redirect_history *h, const struct ev_hop *hop, const struct authority *a, struct redirect_refusal *ret);
void redirect_visit(struct redirect_history *h, const char *url);
const char *redirect_current(const struct redirect_history *h);
void redirect_history_done(struct redirect_history *h);

#endif
