/* Reads the configuration again on a worker thread, and looks at the files that it names, so that a file, a secret or a parser that hangs
 * does not stop the loop: the service goes on with what it has. One reading at a time; asking during one causes another after it. */
#ifndef SOLVER_DAEMON_RELOAD_H
#define SOLVER_DAEMON_RELOAD_H

#include "solver/conf/config.h"
#include "solver/daemon/daemon.h"
#include "solver/net/loop.h"

struct reload;

/* On the loop: takes `fresh`, or NULL with the reason in `err`. `warnings`: sentences about it, one a line. */
typedef void (*reload_done_fn)(struct config *fresh, const char *warnings, struct err *err, void *arg);

/* `options` are borrowed. Gives (free with reload_free). */
struct reload *reload_new(struct loop *l, const struct daemon_options *options, reload_done_fn done, void *arg);
void reload_ask(struct reload *r);
/* `done` is not called any more. NULL is allowed. */
void reload_free(struct reload *r);

#endif
