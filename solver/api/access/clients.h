/* Clients: names with a bearer token and grants, kept in the store as a digest.
 *
 * A token is "dcvd_" and 256 random bits; it is shown once, when it is issued. */
#ifndef SOLVER_API_CLIENTS_H
#define SOLVER_API_CLIENTS_H

#include <jansson.h>

#include "solver/api/access/grants.h"
#include "solver/store/store.h"

#define BEARER_SIZE 49 /* "dcvd_", 43 characters, zero byte */

struct client {
	char *name;
	char *digest;
	struct grants *grants;
	int64_t created_ms;
	bool revoked;
	char *version; /* digest and grants: another one when the token or the grants are others */
};

struct client_list {
	struct client *items;
	size_t count;
};

/* All clients of the store; one with grants that cannot be read is left out and logged. Gives. */
int client_list_load(struct store *s, struct client_list **ret, struct err *err);
void client_list_free(struct client_list *l);
const struct client *client_list_named(const struct client_list *l, const char *name);
/* The client that is not revoked and has this token, or NULL. Constant time per client. */
const struct client *client_list_bearer(const struct client_list *l, const char *token);

/* The same for HTTP Basic: every digest is compared, whether the name is known or not. */
const struct client *client_list_basic(const struct client_list *l, const char *name, const char *token);
/* By a verified certificate; a fingerprint goes before a subject, and that before a common name. */
const struct client *client_list_certificate(const struct client_list *l, const char *subject, const char *cn, const char *fingerprint);
const struct client *client_list_identity(const struct client_list *l, const char *identity);
/* Whether at least one client may change clients. */
bool client_list_is_operated(const struct client_list *l);

void bearer_new(char ret_token[BEARER_SIZE]);
/* A new client, or a revoked one made new. ERR_EXISTS when the name is taken. */
int client_issue(struct store *s, const char *name, const struct grants *grants, char ret_token[BEARER_SIZE], struct problem *problem);
/* The same with a token that bearer_new() made. */
int client_add(struct store *s, const char *name, const struct grants *grants, const char *token, struct problem *problem);
/* An operator of this name, whatever the client of this name was before. */
int client_make_operator(struct store *s, const char *name, const char *token, struct problem *problem);
/* A new token; the old one ends at once. */
int client_rotate(struct store *s, const char *name, char ret_token[BEARER_SIZE], struct problem *problem);
/* Other grants, as a merge patch (RFC 7396) of those it has: what is absent stays, null goes. A client that becomes a reader loses its identifiers.
 * ERR_CONFLICT, here and in client_revoke(): no client would be left that may change clients. */
int client_set(struct store *s, const char *name, const json_t *patch, struct problem *problem);
int client_revoke(struct store *s, const char *name, struct problem *problem);
json_t *client_json(const struct client *c); /* without digest; gives */

#endif
