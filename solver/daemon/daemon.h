/* The service: the only place that sees every part and ties them together. */
#ifndef SOLVER_DAEMON_DAEMON_H
#define SOLVER_DAEMON_DAEMON_H

#include "solver/base/buf.h"
#include "solver/base/err.h"

struct daemon_options {
	const char *config_file;      /* NULL: no file, the defaults */
	const char *const *overrides; /* NULL-ended "http.listen=8080", or NULL */
};

/* Runs until SIGTERM or SIGINT; SIGHUP reads the configuration again, and a broken one leaves the old in
 * force. Tells systemd (NOTIFY_SOCKET) when it is ready, reloads and stops. Returns 0 after a clean end. */
int daemon_run(const struct daemon_options *options, struct err *err);

/* After `err` kept it from starting: that, and all other mistakes of its configuration, as "config check" tells them, one a line. */
void daemon_explain(const struct daemon_options *options, const struct err *err, struct buf *out);

#endif
