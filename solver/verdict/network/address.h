/* Addresses that nobody reaches over the public network: IANA's special-purpose registries and multicast. */
#ifndef SOLVER_VERDICT_ADDRESS_H
#define SOLVER_VERDICT_ADDRESS_H

#include <stdbool.h>

/* "[RFC1918]: Private-Use", the most specific block, or NULL for a public address or an allowed one (address_allow). Text
 * that is no address is "[RFC4291]: not an address". Borrowed. */
const char *address_block(const char *address);
/* The canonical text of an address, "[…]" and any zone removed; false when it is none. `ret` has room for 64. */
bool address_canonical(const char *text, char ret[64]);
bool address_is_v6(const char *address);

#endif
