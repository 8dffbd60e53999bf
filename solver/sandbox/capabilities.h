/* Of the capabilities only CAP_NET_BIND_SERVICE stays, and only in this process. */
#ifndef SOLVER_SANDBOX_CAPABILITIES_H
#define SOLVER_SANDBOX_CAPABILITIES_H

#include <stdbool.h>

#include "solver/base/err.h"

/* Keeps what of it was permitted; empties the bounding set (where this process may), the inheritable and the ambient set, so that no program
 * that is started has any. Before there are threads. */
int capabilities_reduce(struct err *err);
/* No program that is started gets more rights than its caller, whatever its file says (sudo, setuid). */
int capabilities_gain_none(struct err *err);
/* Whether ports below 1024 can be bound with what is left. */
bool capabilities_bind(void);

#endif
