/* The accounts of the configuration, side by side: each with credentials, a budget and contracts of its own. */
#ifndef SOLVER_CPS_ACCOUNTS_H
#define SOLVER_CPS_ACCOUNTS_H

#include "solver/akamai/client.h"
#include "solver/conf/config.h"

struct cps_account {
	char *name;         /* "": the main one */
	struct akamai_client *client;
	char **contracts;   /* found out, NULL-ended; NULL: not found out */
	int64_t learned_ms; /* when, on the loop's clock */
	bool gone;          /* not configured any more */
};

struct cps_accounts {
	struct loop *loop;
	struct http_client *http;
	struct cps_account **items; /* the main one first */
	size_t count;
};

void cps_accounts_open(struct cps_accounts *list, struct loop *loop, struct http_client *http, const struct config_cps *cps);
void cps_accounts_close(struct cps_accounts *list); /* no call may be under way */
void cps_accounts_reconfigure(struct cps_accounts *list, const struct config_cps *cps);
/* NULL: there is none. `name` NULL is the main one. */
struct cps_account *cps_accounts_find(const struct cps_accounts *list, const char *name);
/* The contracts that the configuration names for it, NULL-ended; NULL: none. Borrowed. */
char **cps_account_configured(const struct config_cps *cps, const struct cps_account *a);
/* Takes `contracts`; an empty list says that nothing could be found out. */
void cps_account_learn(struct cps_account *a, char **contracts, int64_t now_ms);
/* What a client of this account needs. Texts are borrowed from the configuration. */
void cps_account_describe(const struct config_cps *cps, const char *name, struct akamai_account *ret);

#endif
