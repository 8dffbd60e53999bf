/* Gives up what the service does not need, before it opens anything and while it has one thread: root, capabilities, system calls, places to write. What is
 * opened later, also at a reload, is opened with what is left, so that what works at the start works afterwards. */
#ifndef SOLVER_DAEMON_PRIVILEGES_H
#define SOLVER_DAEMON_PRIVILEGES_H

#include "solver/conf/config.h"
#include "solver/daemon/daemon.h"

struct privileges;

/* A start as root changes to the user of the configuration: `user`, else dcvd where there is such a user, else the number 65053 where that
 * can read and write what root can; else it stays root without capabilities. The state folder is made and given to that user. `config` is only read. Gives
 * *ret (free with privileges_free). */
int privileges_drop(const struct daemon_options *options, const struct config *config, struct privileges **ret, struct err *err);
/* For a check by root: what the user that the service changes to cannot read or write and root can. What keeps the service from
 * starting goes to `mistakes`, the rest to `warnings`, one a line. Nothing when another than root asks. */
void privileges_check_user(const struct daemon_options *options, const struct config *config, struct buf *mistakes, struct buf *warnings);
/* One line of what is in force. */
void privileges_log(const struct privileges *p);
/* After a reload: folders of routes in the state folder are made; an error for each folder that may not be written before a restart. */
void privileges_check(const struct privileges *p, const struct config *config);
void privileges_free(struct privileges *p); /* what was given up stays so; NULL is allowed */

#endif
