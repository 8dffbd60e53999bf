/* What this machine itself is: its own addresses, and where it has a way to. */
#ifndef SOLVER_NET_INTERFACE_H
#define SOLVER_NET_INTERFACE_H

#include <stdbool.h>

/* `address` belongs to an interface of this machine that is not loopback: whoever connects from outside may see
 * something else there than we do. */
bool interface_has(const char *address);
/* There is a route to `address` ("192.0.2.1", "[2001:db8::1]:53"): without one a refusal says nothing about it. */
bool interface_reaches(const char *address);

#endif
