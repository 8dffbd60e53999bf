/* A thread that runs one libmicrohttpd daemon. All that is done to the daemon is done on it: libmicrohttpd (0.9.75) ends the process when
 * MHD_quiesce_daemon() comes from another thread just as its own thread notices that it was called. */
#ifndef WEBROOT_RUNNER_H
#define WEBROOT_RUNNER_H

#include <microhttpd.h>
#include <stdbool.h>

#include "solver/base/err.h"

struct runner;

/* Takes the daemon, which has an epoll descriptor and no thread of its own; also after an error. Its listening socket stays open, in any
 * case. Gives *ret (free with runner_stop). */
int runner_start(struct MHD_Daemon *daemon, struct runner **ret, struct err *err);
/* The daemon accepts nothing more, soon. */
void runner_quiesce(struct runner *r);
bool runner_is_quiet(const struct runner *r); /* from now on */
void runner_stop(struct runner *r); /* closes all its connections; NULL is allowed */

#endif
