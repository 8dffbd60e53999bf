#include "solver/daemon/access.h"

#include <stdlib.h>

#include "solver/api/holder.h"
#include "solver/base/mem.h"

struct access {
	struct client_list *clients; /* NULL: the API is asked */
	struct accounts *accounts;
	const struct config *config;
	struct api *api;
};

static void forget(struct access *a)
{
	client_list_free(a->clients);
	accounts_free(a->accounts);
	a->clients = NULL;
	a->accounts = NULL;
}

int access_open(struct store *s, const struct config *config, struct access **ret, struct err *err)
{
	struct access *a = mem_new(1, sizeof(*a));

	a->config = config;
	if (client_list_load(s, &a->clients, err) < 0 || accounts_load(s, &a->accounts, err) < 0) {
		access_free(a);
		return err->code;
	}
	*ret = a;
	return 0;
}

void access_reconfigure(struct access *a, const struct config *config)
{
	if (a)
		a->config = config;
}

void access_free(struct access *a)
{
	if (!a)
		return;
	forget(a);
	free(a);
}

void access_follow(struct access *a, struct api *api)
{
	if (!a)
		return;
	forget(a);
	a->api = api;
}

static bool holders_of(const struct access *a, struct holders *ret)
{
	*ret = (struct holders){ a->clients, a->accounts, a->config };
	if (a->api)
		api_holders(a->api, ret);
	return ret->clients;
}

static bool granted(const char *client, enum challenge_type type, const char *identifier, void *arg)
{
	struct holders h;

	return holders_of(arg, &h) && holder_granted(&h, client, type, identifier);
}

static enum target_account account(const char *client, const char *name, void *arg)
{
	struct holders h;

	return holders_of(arg, &h) ? holder_account(&h, client, name) : TARGET_NO_ACCOUNT;
}

static void bound(const struct engine_binding *b, void *arg)
{
	struct access *a = arg;

	if (a->api)
		api_note_bound(a->api, b);
}

struct engine_access access_hooks(struct access *a)
{
	return (struct engine_access){ granted, account, bound, a };
}
