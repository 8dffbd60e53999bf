/* Lists of networks: "192.0.2.0/24", "2001:db8::/32", or an address. IPv4 inside IPv6 counts as IPv4. Pure. */
#ifndef SOLVER_BASE_NETWORK_H
#define SOLVER_BASE_NETWORK_H

#include <stdbool.h>
#include <stddef.h>

#include "solver/base/err.h"

struct networks;

struct networks *networks_new(void); /* gives (free with networks_free) */
void networks_free(struct networks *n);
int networks_add(struct networks *n, const char *text, struct err *err);
bool networks_hold(const struct networks *n, const char *address);
size_t networks_count(const struct networks *n);
const char *networks_text(const struct networks *n, size_t index); /* as it was added */

#endif
