/* systemd's Type=notify protocol (sd_notify(3)): one datagram of "KEY=VALUE" lines to the socket in NOTIFY_SOCKET. Written out here
 * because it is one sendto(); libsystemd would be a library more in every process for it. */
#ifndef SOLVER_DAEMON_NOTIFY_H
#define SOLVER_DAEMON_NOTIFY_H

#include "solver/net/loop.h"

/* Does nothing without the variable; a failure is logged and harmless. */
void notify_send(const char *state);
/* "RELOADING=1" with the time that systemd wants beside it; "READY=1" ends it. */
void notify_reloading(void);

/* Says "WATCHDOG=1" from the loop, twice in each interval that systemd allows (WatchdogSec=): when the loop hangs, systemd hears
 * nothing and restarts the service. NULL when systemd asks for none. Gives (free with watchdog_stop). */
struct watchdog;
struct watchdog *watchdog_start(struct loop *l);
void watchdog_stop(struct watchdog *w); /* NULL is allowed */

#endif
