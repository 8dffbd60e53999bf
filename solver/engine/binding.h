/* Bindings: which identifier a name of a delegation zone belongs to, where neither its form nor its digest says so (target.h). Private
 * to the engine; engine.h has what front doors may do with them.
 *
 * In the journal each is a setting "delegation/NAME" with the text "CREATED_MS HOW IDENTIFIER BY", HOW being "operator" or
 * "first-use". The journal takes writes in order: a name is bound on disk before the record that needs it is.
 */
#ifndef SOLVER_ENGINE_BINDING_H
#define SOLVER_ENGINE_BINDING_H

#include "solver/challenge/challenge.h"

struct engine;

/* Into the journal in front of everything that is written after this. */
int binding_first_use(struct engine *e, const struct challenge *c, const char *name, struct err *err);
void bindings_load(struct engine *e);
void bindings_free(struct engine *e);

#endif
