/* Makes the first client, and a new operator when none is left. */
#ifndef SOLVER_API_OPERATOR_H
#define SOLVER_API_OPERATOR_H

#include "solver/store/store.h"

#define OPERATOR_NAME "operator"
/* Where no client is an operator, writes <state_dir>/operator.token (0600) and makes the client "operator" with the grant "*": at the
 * first start, or when all operators were lost. The command line reads the file. */
int api_bootstrap_operator(struct store *s, const char *state_dir, struct err *err);

#endif
