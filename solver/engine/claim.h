/* Claims: how many challenges need the same answer (the same value at the same name, whoever asked). The answer is withdrawn when the
 * last of them lets go. Private to the engine. */
#ifndef SOLVER_ENGINE_CLAIM_H
#define SOLVER_ENGINE_CLAIM_H

#include <stdbool.h>

struct engine;
struct entry;

/* From the state "publishing" on; twice is once. */
void claim_take(struct engine *e, struct entry *n);
/* It needs the answer no more. Its record is known to stand when another one left it behind (claim_inherit). */
void claim_drop(struct engine *e, struct entry *n);
/* Nobody needs the answer of this one, which let go. */
bool claim_is_free(struct engine *e, const struct entry *n);
/* This one let go, and leaves its record to those that still need it: it is theirs to withdraw. */
void claim_inherit(struct engine *e, const struct entry *n);
/* One that let go left its record to this one. */
bool claim_is_inherited(const struct entry *n);
/* This one let go: one that still needs the answer, or NULL. */
struct entry *claim_other(struct engine *e, const struct entry *n);

#endif
