/* Reads the configuration as a reload would, on a worker thread, and tells how it differs from the one that runs. */
#ifndef SOLVER_DAEMON_COMPARISON_H
#define SOLVER_DAEMON_COMPARISON_H

#include "solver/conf/differences.h"
#include "solver/daemon/daemon.h"
#include "solver/net/loop.h"

/* On the loop: `list` is borrowed; NULL also where the file cannot be taken, with the reason in `err`. */
typedef void (*comparison_fn)(const struct config_difference *list, const struct err *err, void *arg);

/* `options` are borrowed; `running` is held. `done` comes as net/loop.h says. */
int comparison_start(struct loop *l, const struct daemon_options *options, const struct config *running, comparison_fn done, void *arg, struct err *err);

#endif
