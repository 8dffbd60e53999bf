/* What each name server (or each address, for http-01) of one challenge said when it was asked last. Private to the engine. */
#ifndef SOLVER_ENGINE_QUERY_RESULTS_H
#define SOLVER_ENGINE_QUERY_RESULTS_H

#include <stdbool.h>
#include <stddef.h>

#include "solver/check/poll.h"

struct entry;

struct query_results {
	struct query_result *items;
	size_t count;
};

/* An authority that meets such a server asks the next one: nothing it could be misled by. */
bool query_result_is_silent(const struct query_result *l);
/* Why it does not show the value; gives (free with free). */
char *query_result_reason(const struct query_result *l);

/* Takes the results of a verdict, as those from index `first` on. */
void query_results_keep(struct query_results *all, size_t first, struct verdict *v);
void query_results_clear(struct query_results *all);
/* The first that does not show the value, or NULL. */
const struct query_result *query_results_first_bad(const struct query_results *all);
/* Result, problem and sentence, as far as the results tell. Gives (free with query_results_verdict_free): the results in it are borrowed. */
struct verdict *query_results_verdict(const struct query_results *all, const struct entry *n);
void query_results_verdict_free(struct verdict *v);

#endif
