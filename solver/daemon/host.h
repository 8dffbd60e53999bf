/* What a configuration wants of this host: a folder for the journal, addresses to listen on, files that it names. Nothing is made, no port of a
 * service is bound. */
#ifndef SOLVER_DAEMON_HOST_H
#define SOLVER_DAEMON_HOST_H

#include "solver/base/buf.h"
#include "solver/conf/config.h"

/* What `dcvd serve` would refuse, one a line. Options that could not be read (NULL) are left out. */
void host_verify(const struct config *c, struct buf *mistakes);
/* What is not there now, and may come: one a line. */
void host_advise(const struct config *c, struct buf *warnings);

/* Whether a path lies in the state folder. */
bool host_in_state(const struct config *c, const char *path);
/* The folder that a path lies in; gives (free with free). */
char *host_parent(const char *path);

#endif
