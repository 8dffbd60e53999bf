/* systemd's Type=notify protocol: one datagram of "KEY=VALUE" lines to the socket in NOTIFY_SOCKET. */
#ifndef SOLVER_DAEMON_NOTIFY_H
#define SOLVER_DAEMON_NOTIFY_H

/* Does nothing without the variable; a failure is logged and harmless. */
void notify_send(const char *state);

#endif
