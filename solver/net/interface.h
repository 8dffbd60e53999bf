/* What this machine itself is: its own addresses, and where it has a way to. */
#ifndef SOLVER_NET_INTERFACE_H
#define SOLVER_NET_INTERFACE_H

#include <stdbool.h>

/* `address` belongs to an interface of this machine that is not loopback: whoever connects from outside may see
 * something else there than we do. */
bool interface_has(const char *address);
/* Why this host cannot send anything to `address` ("192.0.2.1", "[2001:db8::1]:53"): ENETUNREACH without a route, EACCES where a rule
 * of this host forbids it, EMFILE without a free descriptor, …; 0: nothing here is in the way. Asks the kernel and sends nothing. */
int interface_obstacle(const char *address);
/* The obstacle is a shortage (descriptors, memory), which passes, and not the lack of a way. */
bool interface_is_short(int number);
/* The obstacle on the way to public addresses of a family; 0: there is a route. */
int interface_family_obstacle(bool ipv6);

#endif
