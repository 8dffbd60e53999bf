/* The rights of the client that made a challenge, looked up by its name when the engine writes a record later. */
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

/* Whether the client may have the identifier, or the wildcard below it, proved. "loopback", "cps" and "standalone" are the operator's
 * own names; every other client needs grants that are in force. */
bool holder_granted(const struct holders *h, const char *client, enum challenge_type type, const char *identifier);
/* Whether the name is that of an account of acme-dns (a revoked one too), and whether the client is that account. */
enum target_account holder_account(const struct holders *h, const char *client, const char *name);

#endif
