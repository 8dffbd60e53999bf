/* What the result of one change means for its challenge: the next state, another try, or another try in smaller company. Private to the
 * engine. */
#ifndef SOLVER_ENGINE_RESULT_H
#define SOLVER_ENGINE_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "providers/provider.h"

struct engine;
struct entry;

/* One change of a job is decided; takes its new handle. True: it is to be asked again at once, in smaller company. */
bool result_take(struct engine *e, struct entry *n, struct job *job, size_t index);
/* "not published yet", "not withdrawn yet": what the result would have been. */
const char *result_missing(const struct entry *n);
/* A withdrawal did not succeed: says so, and tries again. */
void result_not_removed(struct engine *e, struct entry *n, const char *message, int64_t asked_ms);
/* Nobody ever saw the record at its last site, and nobody can be asked there: the withdrawal goes on without it. */
void result_give_up(struct engine *e, struct entry *n, const char *reason);
/* Another try at the provider, after a pause of at least `asked_ms`; `message` says why. */
void result_retry(struct engine *e, struct entry *n, const char *message, int64_t asked_ms);

#endif
