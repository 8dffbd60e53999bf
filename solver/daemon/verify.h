/* What can be known to be wrong with a configuration before anything listens or is contacted: all that keeps `dcvd serve` from
 * starting, or closes one of its doors, and that lies in the configuration, in the files it names, and in the environment. */
#ifndef SOLVER_DAEMON_VERIFY_H
#define SOLVER_DAEMON_VERIFY_H

#include "solver/base/buf.h"
#include "solver/conf/config.h"

/* Of a configuration that config_read_all() read, whose mistakes are in `mistakes` already; adds its own, one a line. Only errors are logged from then on. */
void verify_config(const struct config *c, struct buf *mistakes);
/* Sentences about what is in order but surely not meant, one a line. */
void verify_advise(const struct config *c, struct buf *warnings);

/* "FILE:LINE:COLUMN: PATH: text" into `out`: for those who look at a part. */
void verify_note(const struct config *c, struct buf *out, const char *path, const char *text);

#endif
