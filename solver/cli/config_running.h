/* What the running service uses, beside its file. */
#ifndef SOLVER_CLI_CONFIG_RUNNING_H
#define SOLVER_CLI_CONFIG_RUNNING_H

#include "solver/cli/common/common.h"

/* `file`: as the user named it, or NULL: that of the service. EXIT_DONE: they agree; EXIT_REFUSED: something waits for a reload or a restart. */
int config_running(const struct cli_service *service, const char *file);

#endif
