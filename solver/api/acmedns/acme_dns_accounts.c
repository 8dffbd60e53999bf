#include "solver/api/acmedns/acme_dns_accounts.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/id.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"

#define NETWORKS_MAX 100
#define NETWORK_TEXT_MAX 64

/* ---- networks ---- */

/* "[2001:db8::]/32" -> "2001:db8::/32" */
static int allow_from_add(struct networks *n, const char *text, struct err *err)
{
	char plain[NETWORK_TEXT_MAX];
	size_t length = 0;

	if (!text || strlen(text) >= sizeof(plain) || !strchr(text, '/'))
		return err_set(err, ERR_INVALID, "not a network like 192.0.2.0/24");
	for (; *text; text++)
		if (*text != '[' && *text != ']')
			plain[length++] = *text;
	plain[length] = '\0';
	return networks_add(n, plain, err);
}

int allow_from_read(const json_t *array, struct networks **ret, struct err *err)
{
	struct networks *n;

	if (json_array_size(array) > NETWORKS_MAX)
		return err_set(err, ERR_TOO_LARGE, "at most %d networks", NETWORKS_MAX);
	n = networks_new();
	for (size_t i = 0; i < json_array_size(array); i++) {
		if (allow_from_add(n, json_string_value(json_array_get(array, i)), err) == 0)
			continue;
		networks_free(n);
		return err->code;
	}
	*ret = n;
	return 0;
}

json_t *allow_from_json(const struct account *a)
{
	json_t *list = json_loads(a->stored.allow_from, 0, NULL);

	return list ? list : json_array();
}

bool account_allows(const struct account *a, const char *peer)
{
	return !networks_count(a->networks) || networks_hold(a->networks, peer);
}

/* ---- the list ---- */

static void account_free(struct account *a)
{
	networks_free(a->networks);
	free(a->stored.subdomain);
	free(a->stored.username);
	free(a->stored.password_hash);
	free(a->stored.allow_from);
	free(a);
}

/* Takes a copy of what was stored. */
static int put(struct accounts *all, const struct store_account *stored, struct err *err)
{
	json_t *list = json_loads(stored->allow_from, 0, NULL);
	struct networks *networks = NULL;
	int code = allow_from_read(list, &networks, err);
	struct account *a;

	json_decref(list);
	if (code < 0)
		return code;
	a = mem_new(1, sizeof(*a));
	a->networks = networks;
	a->stored = (struct store_account){ mem_dup(stored->subdomain), mem_dup(stored->username), mem_dup(stored->password_hash),
	                                    mem_dup(stored->allow_from), stored->created_ms, stored->revoked };
	HASH_ADD_KEYPTR(by_subdomain, all->by_subdomain, a->stored.subdomain, strlen(a->stored.subdomain), a);
	HASH_ADD_KEYPTR(by_user, all->by_user, a->stored.username, strlen(a->stored.username), a);
	return 0;
}

static void load_one(const struct store_account *stored, void *arg)
{
	struct err err;

	if (put(arg, stored, &err) < 0)
		log_event(LOG_WARNING, "an acme-dns account is left out: its networks cannot be read", "subdomain", stored->subdomain,
		          "error", err.text, NULL);
}

int accounts_load(struct store *s, struct accounts **ret, struct err *err)
{
	struct accounts *all = mem_new(1, sizeof(*all));

	id_random(all->key, sizeof(all->key));
	if (store_each_account(s, load_one, all, err) < 0) {
		accounts_free(all);
		return err->code;
	}
	*ret = all;
	return 0;
}

void accounts_free(struct accounts *all)
{
	struct account *a, *next;

	if (!all)
		return;
	HASH_CLEAR(by_user, all->by_user);
	HASH_ITER(by_subdomain, all->by_subdomain, a, next) {
		HASH_DELETE(by_subdomain, all->by_subdomain, a);
		account_free(a);
	}
	explicit_bzero(all->key, sizeof(all->key));
	free(all);
}

size_t accounts_count(const struct accounts *all)
{
	return HASH_CNT(by_subdomain, all->by_subdomain);
}

static struct account *find_user(const struct accounts *all, const char *username)
{
	struct account *a;

	HASH_FIND(by_user, all->by_user, username, strlen(username), a);
	return a;
}

struct account *accounts_user(const struct accounts *all, const char *username)
{
	struct account *a = find_user(all, username);

	return a && !a->stored.revoked ? a : NULL;
}

struct account *accounts_subdomain(const struct accounts *all, const char *subdomain)
{
	struct account *a;

	HASH_FIND(by_subdomain, all->by_subdomain, subdomain, strlen(subdomain), a);
	return a;
}

int accounts_add(struct accounts *all, struct store *s, const struct store_account *fresh, bool *ret_existed, struct err *err)
{
	const struct account *same = accounts_subdomain(all, fresh->subdomain), *user = find_user(all, fresh->username);

	*ret_existed = same && same == user && strcmp(same->stored.password_hash, fresh->password_hash) == 0 && !same->stored.revoked;
	if (*ret_existed)
		return 0;
	if (same || user)
		return err_set(err, ERR_EXISTS, "the %s of %.63s is taken by another account", same ? "subdomain" : "username", fresh->subdomain);
	if (store_put_account(s, fresh, err) < 0)
		return err->code;
	return put(all, fresh, err);
}

int accounts_revoke(struct account *a, struct store *s, struct err *err)
{
	struct store_account changed = a->stored;

	changed.revoked = true;
	if (store_put_account(s, &changed, err) < 0)
		return err->code;
	a->stored.revoked = true;
	a->proved = false;
	return 0;
}

/* ---- passwords that were accepted before ---- */

bool account_knows(const struct accounts *all, const struct account *a, const char *password)
{
	unsigned char proof[SHA256_SIZE], different = 0;

	crypto_hmac_sha256(all->key, sizeof(all->key), password, strlen(password), proof);
	for (size_t i = 0; i < sizeof(proof); i++)
		different |= proof[i] ^ a->proof[i];
	return a->proved && !different;
}

void account_remember(const struct accounts *all, struct account *a, const char *password)
{
	crypto_hmac_sha256(all->key, sizeof(all->key), password, strlen(password), a->proof);
	a->proved = true;
}
