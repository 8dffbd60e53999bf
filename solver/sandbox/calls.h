/* Which system calls this process, and all programs that it starts, may make (seccomp). */
#ifndef SOLVER_SANDBOX_CALLS_H
#define SOLVER_SANDBOX_CALLS_H

#include <stdbool.h>

#include "solver/base/err.h"

/* What ordinary programs do is allowed. What takes a machine over (modules, kexec, BPF, mounts, other processes' memory) ends the caller, with a line in the
 * kernel's log; everything else fails with ENOSYS, as on an older kernel, so that programs do it in another way; so do new namespaces. */
int calls_filter(struct err *err);
/* Whether somebody filters this process already: a unit of systemd, a container. */
bool calls_filtered(void);
/* Whether such a filter lets `attempt` through, and does not end the process for it: it is tried in a process of its own. */
bool calls_survive(void (*attempt)(void));

#endif
