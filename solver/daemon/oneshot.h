/* The engine without a service: for commands that look but do not stay. Nothing is published and nothing
 * is stored. */
#ifndef SOLVER_DAEMON_ONESHOT_H
#define SOLVER_DAEMON_ONESHOT_H

#include "solver/daemon/daemon.h"
#include "solver/engine/engine.h"

/* Runs one check and gives the verdict as JSON (free with free). Waits at most `timeout_ms`. */
int oneshot_check(const struct daemon_options *options, const struct check_request *request, int timeout_ms,
                  char **ret_verdict, struct err *err);

#endif
