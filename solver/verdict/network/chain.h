/* The chain of CNAMEs from the challenge name on, as far as the evidence shows it. */
#ifndef SOLVER_VERDICT_CHAIN_H
#define SOLVER_VERDICT_CHAIN_H

#include "solver/verdict/data/evidence.h"

#define CHAIN_MAX 32

struct chain {
	const char *names[CHAIN_MAX]; /* the challenge name first; borrowed from the evidence */
	size_t count;                 /* one more than there are CNAMEs */
	bool loop;                    /* the last one leads back to one of them */
};

void chain_read(const struct evidence *e, struct chain *ret);
/* It is a circle, or longer than the `most` CNAMEs that an authority follows. */
bool chain_is_broken(const struct chain *c, int64_t most);
/* "a is a CNAME to b, b is a CNAME to c"; empty without CNAMEs; gives (free with free). */
char *chain_text(const struct chain *c);

#endif
