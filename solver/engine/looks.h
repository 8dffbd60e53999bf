/* What each name server (or each address, for http-01) of one challenge said when it was asked last. Private to the engine. */
#ifndef SOLVER_ENGINE_LOOKS_H
#define SOLVER_ENGINE_LOOKS_H

#include <stdbool.h>
#include <stddef.h>

#include "solver/check/poll.h"

struct entry;

struct looks {
	struct look *items;
	size_t count;
};

/* An authority that meets such a server asks the next one: nothing it could be misled by. */
bool look_is_silent(const struct look *l);
/* Why it does not show the value; gives (free with free). */
char *look_reason(const struct look *l);

/* Takes the looks of a verdict, as those from index `first` on. */
void looks_keep(struct looks *all, size_t first, struct verdict *v);
void looks_clear(struct looks *all);
/* The first that does not show the value, or NULL. */
const struct look *looks_first_bad(const struct looks *all);
/* Result, problem and sentence, as far as the looks tell. Gives (free with looks_verdict_free): the looks in it are borrowed. */
struct verdict *looks_verdict(const struct looks *all, const struct entry *n);
void looks_verdict_free(struct verdict *v);

#endif
