/* Addresses that cannot be reached over the public Internet: those of IANA's special-purpose registries, and multicast. */
#ifndef SOLVER_VERDICT_ADDRESS_H
#define SOLVER_VERDICT_ADDRESS_H

#include <stdbool.h>

/* "[RFC1918]: Private-Use", the most specific block, or NULL for a public address or an allowed one (address_allow). Text
 * that is no address is "[RFC4291]: not an address". Borrowed. */
const char *address_block(const char *address);
/* The canonical text of an address, "[…]" and any zone removed; false when it is none. `ret` has room for 64. */
bool address_canonical(const char *text, char ret[64]);
bool address_is_v6(const char *address);

/* `address` is in a special-purpose registry (IANA IPv4 and IPv6), or is no address, and no allowed network holds it. Nothing connects to
 * such an address on behalf of a name, whatever the profile of the authority says. */
bool address_is_reserved(const char *address);
bool address_may_connect(const char *address); /* the contrary, for http.h */
/* Networks that count as public: for a private authority, and for tests. NULL-ended "127.0.0.0/8"; set at the start and at each reload, copied. */
void address_allow(const char *const *networks);
/* The networks of the registries without those that are allowed and without `except` (NULL-ended addresses and networks, or NULL): for a
 * resolver that must send nothing there. */
void address_each_reserved(const char *const *except, void (*fn)(const char *network, void *arg), void *arg);

#endif
