/* The engine without a service: for commands that look but do not stay. Nothing is published and nothing
 * is stored. */
#ifndef SOLVER_DAEMON_ONESHOT_H
#define SOLVER_DAEMON_ONESHOT_H

#include <stdbool.h>

#include "solver/daemon/daemon.h"

/* What to look for; NULL where it is not known. Texts are borrowed for the call. */
struct oneshot_question {
	bool http;                     /* http-01; otherwise dns-01 */
	const char *domain, *token, *key_authorization, *value;
};

/* Runs one check and gives the verdict as JSON (free with free). Waits at most `timeout_ms`. */
int oneshot_check(const struct daemon_options *options, const struct oneshot_question *question, int timeout_ms,
                  char **ret_verdict, struct err *err);

#endif
