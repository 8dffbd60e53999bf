/* Records that stand where their clients may not write any more: after an upgrade, or another route, grant or binding. They are
 * withdrawn as usual, but not renewed. Somebody must be told before that. */
#ifndef SOLVER_DAEMON_REFUSED_H
#define SOLVER_DAEMON_REFUSED_H

#include "solver/base/buf.h"
#include "solver/engine/engine.h"

/* A warning for each. */
void refused_log(struct engine *e);
/* A line for each that the journal of this configuration's state folder holds, which is read beside a running service. */
void refused_read(const struct config *c, struct buf *out);

#endif
