/* The accounts of acme-dns clients: those of the journal, found by username and by subdomain. */
#ifndef SOLVER_API_ACME_DNS_ACCOUNTS_H
#define SOLVER_API_ACME_DNS_ACCOUNTS_H

#include <jansson.h>
#include <stdbool.h>
#include <uthash.h>

#include "solver/base/network.h"
#include "solver/crypto/crypto.h"
#include "solver/store/store.h"

struct account {
	struct store_account stored;
	struct networks *networks; /* of allow_from; none: from anywhere */
	unsigned char proof[SHA256_SIZE]; /* of the password that bcrypt accepted last: a second update need not pay for it again */
	bool proved;
	size_t values;             /* that stand, while they are being listed */
	bool counted;
	size_t at_most;            /* values that stand, when counted: what expired since then is still in it */
	UT_hash_handle by_user, by_subdomain;
};

struct accounts {
	struct account *by_user, *by_subdomain;
	unsigned char key[32]; /* of the proofs; new at each start */
};

/* Those of the store; one with networks that cannot be read is left out and logged. Gives (free with accounts_free). */
int accounts_load(struct store *s, struct accounts **ret, struct err *err);
void accounts_free(struct accounts *all);
size_t accounts_count(const struct accounts *all);
/* NULL also for a revoked one. */
struct account *accounts_user(const struct accounts *all, const char *username);
struct account *accounts_subdomain(const struct accounts *all, const char *subdomain); /* revoked ones too */

/* Into the journal, then here. ERR_EXISTS: the subdomain or the username is taken; what is there already, equal, is
 * success (`existed` true). */
int accounts_add(struct accounts *all, struct store *s, const struct store_account *fresh, bool *ret_existed, struct err *err);
int accounts_revoke(struct account *a, struct store *s, struct err *err);

/* Whether this password was accepted before (since the start), and: it was now. */
bool account_knows(const struct accounts *all, const struct account *a, const char *password);
void account_remember(const struct accounts *all, struct account *a, const char *password);

/* A list of networks in CIDR form (IPv6 may stand in brackets; a bare address is none). Gives *ret. */
int allow_from_read(const json_t *array, struct networks **ret, struct err *err);
json_t *allow_from_json(const struct account *a); /* gives */
bool account_allows(const struct account *a, const char *peer);

#endif
