/* What this process serves itself: the zones of the embedded DNS server that nobody delegates to it, and where it listens. */
#ifndef SOLVER_CHECK_OWN_H
#define SOLVER_CHECK_OWN_H

#include "solver/check/internal.h"

/* The zone of dns.zones that holds `fqdn` and can have no delegation because it is for special use (RFC 6761:
 * "test" and below): its servers are our own listeners. NULL otherwise. */
const char *own_zone(const struct checker *c, const char *fqdn);
/* "127.0.0.1:5353": our own DNS server listens there. */
bool own_listener(const struct checker *c, const char *address);
/* Where a listener of dns.listen is reached: "53" and wildcard addresses through loopback. Gives (free with free). */
char *own_address(const char *listen);

#endif
