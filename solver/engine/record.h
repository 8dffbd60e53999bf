/* The name of the record that a challenge needs. Private to the engine. */
#ifndef SOLVER_ENGINE_RECORD_H
#define SOLVER_ENGINE_RECORD_H

#include <stdbool.h>

#include "solver/challenge/challenge.h"

/* The name that is written, before CNAMEs. */
int record_name(const struct challenge *c, char ret_fqdn[NAME_SIZE], struct err *err);
/* A caller who named another record than the usual one knows an identifier that we do not: nobody can say then what the authority
 * will ask. */
bool record_is_usual(const struct challenge *c);

#endif
