/* Whether a client was changed or revoked since its request. */
#include <string.h>

#include "solver/api/caller/caller.h"
#include "solver/crypto/crypto.h"
#include "solver/base/mem.h"

bool client_is_revoked(const struct api *a, const char *name)
{
	const struct client *c = client_list_named(a->clients, name);

	return c && c->revoked;
}

char *client_version(const struct api *a, const char *name)
{
	const struct client *c = client_list_named(a->clients, name);

	return c ? mem_dup(c->version) : NULL;
}

bool client_ended(const struct api *a, const char *name, const char *version)
{
	const struct client *c = client_list_named(a->clients, name);

	return c && (c->revoked || !version || strncmp(c->version, version, SHA256_TEXT_SIZE - 1) != 0);
}

bool client_changed(const struct api *a, const char *name, const char *version)
{
	const struct client *c = client_list_named(a->clients, name);

	return c && (c->revoked || !version || strcmp(c->version, version) != 0);
}
