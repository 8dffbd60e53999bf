/* dcvd check --probe: a rehearsal before any order exists. */
#ifndef SOLVER_CLI_CHECK_PROBE_H
#define SOLVER_CLI_CHECK_PROBE_H

#include "solver/cli/cli.h"

/* Publishes a random answer through the service and its real route, waits until it is ready, withdraws it.
 * Returns an exit status; says on standard output how long each step took. */
int probe_run(const struct cli_service *s, const char *type, const char *domain, const char *timeout);

#endif
