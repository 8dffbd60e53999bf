/* What a name of a client stands for, when the client itself is not there: whoever made a challenge, asked for long after. */
#ifndef SOLVER_API_HOLDER_H
#define SOLVER_API_HOLDER_H

#include "solver/api/acmedns/acme_dns_accounts.h"
#include "solver/api/access/clients.h"
#include "solver/conf/config.h"
#include "solver/engine/target.h"

/* The registers that say so; borrowed. */
struct holders {
	const struct client_list *clients;
	const struct accounts *accounts;
	const struct config *config;
};

/* Whether the client may have the identifier proved, or the wildcard below it. "loopback", "cps" and "standalone" are the operator's
 * own; nobody else without grants that are in force may have anything. */
bool holder_granted(const struct holders *h, const char *client, enum challenge_type type, const char *identifier);
/* Whether the name is that of an account of acme-dns (a revoked one too), and whether the client is that account. */
enum target_account holder_account(const struct holders *h, const char *client, const char *name);

#endif
