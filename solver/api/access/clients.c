#include "solver/api/access/clients.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/clock.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/crypto/crypto.h"

#define CLIENT_NAME_MAX 60

static void bearer_digest(const char *token, char ret_digest[SHA256_TEXT_SIZE])
{
	unsigned char digest[SHA256_SIZE];
	char *text;

	crypto_sha256(token, strlen(token), digest);
	text = crypto_base64url(digest, sizeof(digest));
	memcpy(ret_digest, text, SHA256_TEXT_SIZE);
	free(text);
}

void bearer_new(char ret_token[BEARER_SIZE])
{
	unsigned char random[32];
	char *text;

	id_random(random, sizeof(random));
	text = crypto_base64url(random, sizeof(random));
	memcpy(ret_token, "dcvd_", 5);
	memcpy(ret_token + 5, text, BEARER_SIZE - 5);
	explicit_bzero(random, sizeof(random));
	explicit_bzero(text, strlen(text));
	free(text);
}

/* ---- the list ---- */

static void list_add(const struct store_client *c, void *arg)
{
	struct client_list *l = arg;
	struct grants *grants = NULL;
	struct err err;

	if (grants_parse(c->grants, &grants, &err) < 0) {
		log_event(LOG_WARNING, "client left out: its grants cannot be read", "client", c->name, "error", err.text, NULL);
		return;
	}
	l->items = mem_resize(l->items, l->count + 1, sizeof(*l->items));
	l->items[l->count++] = (struct client){ mem_dup(c->name), mem_dup(c->token_digest), grants, c->created_ms, c->revoked,
	                                          mem_printf("%s %s", c->token_digest, c->grants) };
}

int client_list_load(struct store *s, struct client_list **ret, struct err *err)
{
	struct client_list *l = mem_new(1, sizeof(*l));

	if (store_each_client(s, list_add, l, err) < 0 && err->code != ERR_NOT_FOUND) {
		client_list_free(l);
		return err->code;
	}
	*ret = l;
	return 0;
}

void client_list_free(struct client_list *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->count; i++) {
		free(l->items[i].name);
		free(l->items[i].digest);
		grants_free(l->items[i].grants);
		free(l->items[i].version);
	}
	free(l->items);
	free(l);
}

const struct client *client_list_named(const struct client_list *l, const char *name)
{
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->items[i].name, name) == 0)
			return &l->items[i];
	return NULL;
}

const struct client *client_list_bearer(const struct client_list *l, const char *token)
{
	const struct client *found = NULL;
	char digest[SHA256_TEXT_SIZE];

	bearer_digest(token, digest);
	for (size_t i = 0; i < l->count; i++)
		if (crypto_equal(l->items[i].digest, digest) && !l->items[i].revoked)
			found = &l->items[i];
	return found;
}

const struct client *client_list_basic(const struct client_list *l, const char *name, const char *token)
{
	const struct client *found = client_list_bearer(l, token);

	return found && strcmp(found->name, name) == 0 ? found : NULL;
}

const struct client *client_list_certificate(const struct client_list *l, const char *subject, const char *cn, const char *fingerprint)
{
	const char *const ways[][3] = { { NULL, NULL, fingerprint }, { subject, NULL, NULL }, { NULL, cn, NULL } };

	for (size_t way = 0; way < ARRAY_LEN(ways); way++)
		for (size_t i = 0; i < l->count; i++)
			if (!l->items[i].revoked && grants_certificate(l->items[i].grants, ways[way][0], ways[way][1], ways[way][2]))
				return &l->items[i];
	return NULL;
}

const struct client *client_list_identity(const struct client_list *l, const char *identity)
{
	for (size_t i = 0; i < l->count; i++)
		if (!l->items[i].revoked && grants_identity(l->items[i].grants, identity))
			return &l->items[i];
	return NULL;
}

/* ---- changes ---- */

static int name_check(const char *name, struct problem *problem)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	size_t length = strlen(name);

	if (length < 1 || length > CLIENT_NAME_MAX || strspn(name, allowed) != length)
		return problem_set(problem, 422, ERR_INVALID, "/name",
		                   "a client's name is 1 to %d letters, digits, '.', '_' and '-'", CLIENT_NAME_MAX);
	if (strcmp(name, "loopback") == 0 || strcmp(name, "cps") == 0 || strcmp(name, "standalone") == 0)
		return problem_set(problem, 422, ERR_INVALID, "/name", "the name \"%s\" is reserved", name);
	return 0;
}

static int put(struct store *s, const char *name, const char *digest, const struct grants *grants, int64_t created_ms,
               bool revoked, struct problem *problem)
{
	json_t *json = grants_json(grants);
	char *text = json_dumps(json, JSON_COMPACT);
	struct store_client c = { .name = (char *)name, .token_digest = (char *)digest, .grants = text,
		                  .created_ms = created_ms, .revoked = revoked };
	struct err err = { 0 };
	int code = store_put_client(s, &c, &err);

	json_decref(json);
	free(text);
	return code < 0 ? problem_set(problem, 0, code, NULL, "%s", err.text) : 0;
}

/* Two clients must not list the same certificate or identity: the first match would win. */
static int check_shared(const struct client_list *l, const char *name, const struct grants *grants, struct problem *problem)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct client *c = &l->items[i];
		const char *shared = c->revoked || strcmp(c->name, name) == 0 ? NULL : grants_shared_credential(grants, c->grants);

		if (shared)
			return problem_set(problem, 0, ERR_EXISTS, "/grants", "\"%.200s\" is a credential of the client %s already", shared, c->name);
	}
	return 0;
}

/* A client that may change clients: an operator that may use REST, the only door where clients are changed. */
static bool operates(const struct client *c)
{
	return !c->revoked && grants_operator(c->grants) && grants_allow_door(c->grants, "rest");
}

static bool is_operated_without(const struct client_list *l, const char *name)
{
	for (size_t i = 0; i < l->count; i++)
		if (operates(&l->items[i]) && strcmp(l->items[i].name, name) != 0)
			return true;
	return false;
}

bool client_list_is_operated(const struct client_list *l)
{
	return is_operated_without(l, "");
}

/* `becomes`: the new grants of the client. Without any operator left the change could not be undone. */
static int check_last_operator(const struct client_list *l, const struct client *old, const struct client *becomes, struct problem *problem)
{
	if (!operates(old) || operates(becomes) || is_operated_without(l, old->name))
		return 0;
	return problem_set(problem, 0, ERR_CONFLICT, NULL, "%s is the only operator, so this could not be undone; make another operator first: "
	                   "dcvd client add NAME --grant '*'", old->name);
}

int client_add(struct store *s, const char *name, const struct grants *grants, const char *token, struct problem *problem)
{
	const struct client *old;
	struct client_list *l = NULL;
	char digest[SHA256_TEXT_SIZE];
	struct err err;
	bool taken;
	int shared;

	if (name_check(name, problem) < 0)
		return problem->err.code;
	if (client_list_load(s, &l, &err) < 0)
		return problem_set(problem, 0, err.code, NULL, "%s", err.text);
	old = client_list_named(l, name);
	taken = old && !old->revoked;
	shared = check_shared(l, name, grants, problem);
	client_list_free(l);
	if (shared < 0)
		return shared;
	if (taken)
		return problem_set(problem, 0, ERR_EXISTS, "/name", "there is a client %s already; change what it is granted with \"dcvd client set %s\", "
		                   "or make a new token with \"dcvd client rotate %s\"", name, name, name);
	bearer_digest(token, digest);
	return put(s, name, digest, grants, clock_wall_ms(), false, problem);
}

int client_make_operator(struct store *s, const char *name, const char *token, struct problem *problem)
{
	struct grants *all = grants_all();
	char digest[SHA256_TEXT_SIZE];
	int code;

	bearer_digest(token, digest);
	code = put(s, name, digest, all, clock_wall_ms(), false, problem);
	grants_free(all);
	return code;
}

int client_issue(struct store *s, const char *name, const struct grants *grants, char ret_token[BEARER_SIZE], struct problem *problem)
{
	bearer_new(ret_token);
	return client_add(s, name, grants, ret_token, problem);
}

/* Writes the named client again, with another digest or revoked. */
static int change(struct store *s, const char *name, const char *digest, bool revoked, struct problem *problem)
{
	const struct client *old;
	struct client_list *l = NULL;
	struct err err;
	int code;

	if (client_list_load(s, &l, &err) < 0)
		return problem_set(problem, 0, err.code, NULL, "%s", err.text);
	old = client_list_named(l, name);
	if (!old || (old->revoked && !revoked))
		code = problem_set(problem, 0, ERR_NOT_FOUND, NULL, "there is no client %.60s", name);
	else if ((code = check_last_operator(l, old, &(struct client){ .grants = old->grants, .revoked = revoked }, problem)) == 0)
		code = put(s, name, digest ? digest : old->digest, old->grants, old->created_ms, revoked, problem);
	client_list_free(l);
	return code;
}

int client_rotate(struct store *s, const char *name, char ret_token[BEARER_SIZE], struct problem *problem)
{
	char digest[SHA256_TEXT_SIZE];

	bearer_new(ret_token);
	bearer_digest(ret_token, digest);
	return change(s, name, digest, false, problem);
}

/* Gives. */
static json_t *patched(const struct grants *old, const json_t *patch)
{
	const char *role = json_string_value(json_object_get(patch, "role")), *key;
	json_t *all = grants_json(old), *value;

	if (role && strcmp(role, role_name(ROLE_READER)) == 0) {
		json_object_del(all, "identifiers");
		json_object_del(all, "wildcard");
	}
	json_object_foreach((json_t *)(uintptr_t)patch, key, value) {
		if (json_is_null(value))
			json_object_del(all, key);
		else
			json_object_set(all, key, value);
	}
	return all;
}

static int set_grants(struct store *s, const struct client_list *l, const char *name, const json_t *patch, struct problem *problem)
{
	const struct client *old = client_list_named(l, name);
	struct grants *grants = NULL;
	json_t *all;
	int code;

	if (!old || old->revoked)
		return problem_set(problem, 0, ERR_NOT_FOUND, NULL, "there is no client %.60s", name);
	all = patched(old->grants, patch);
	code = grants_read(all, &grants, problem);
	json_decref(all);
	if (code < 0)
		problem_inside(problem, "grants");
	else if ((code = check_shared(l, name, grants, problem)) == 0 &&
	         (code = check_last_operator(l, old, &(struct client){ .grants = grants }, problem)) == 0)
		code = put(s, name, old->digest, grants, old->created_ms, false, problem);
	grants_free(grants);
	return code;
}

int client_set(struct store *s, const char *name, const json_t *patch, struct problem *problem)
{
	struct client_list *l = NULL;
	struct err err;
	int code;

	if (client_list_load(s, &l, &err) < 0)
		return problem_set(problem, 0, err.code, NULL, "%s", err.text);
	code = set_grants(s, l, name, patch, problem);
	client_list_free(l);
	return code;
}

int client_revoke(struct store *s, const char *name, struct problem *problem)
{
	return change(s, name, NULL, true, problem);
}

json_t *client_json(const struct client *c)
{
	char created[CLOCK_TEXT_SIZE];

	return json_pack("{ss ss so ss sb}", "name", c->name, "role", role_name(grants_role(c->grants)), "grants", grants_json(c->grants), "created",
	                 clock_text(c->created_ms, created), "revoked", c->revoked);
}
