#include "solver/api/holder.h"

#include <string.h>
#include <strings.h>

#include "solver/api/acmedns/acme_dns.h"
#include "solver/base/mem.h"

static bool is_operators_own(const char *client)
{
	static const char *const own[] = { "loopback", "cps", "standalone" };

	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		if (strcmp(own[i], client) == 0)
			return true;
	return false;
}

bool holder_granted(const struct holders *h, const char *client, enum challenge_type type, const char *identifier)
{
	const struct client *c = client_list_named(h->clients, client);
	CLEANUP(mem_freep) char *wildcard = mem_printf("*.%s", identifier);
	struct err err;

	if (!c)
		return is_operators_own(client);
	return !c->revoked && (grants_allow(c->grants, type, identifier, &err) == 0 || grants_allow(c->grants, type, wildcard, &err) == 0);
}

static bool is_account_name(const struct holders *h, const char *subdomain, const char *name)
{
	char own[NAME_SIZE];

	return acme_dns_name(h->config, subdomain, own) && strcmp(own, name) == 0;
}

static bool is_below_acme_dns(const struct holders *h, const char *name)
{
	const char *zone = acme_dns_zone(h->config);
	char normal[NAME_SIZE];
	struct err err;

	return zone && name_parent(name) && name_normalize(zone, normal, &err) == 0 && strcmp(name_parent(name), normal) == 0;
}

enum target_account holder_account(const struct holders *h, const char *client, const char *name)
{
	static const char door[] = DOOR_ACME_DNS ":";
	const struct account *a;

	if (!is_below_acme_dns(h, name))
		return TARGET_NO_ACCOUNT;
	if (strncmp(client, door, sizeof(door) - 1) == 0 && is_account_name(h, client + sizeof(door) - 1, name)) {
		a = accounts_subdomain(h->accounts, client + sizeof(door) - 1);
		return a && !a->stored.revoked ? TARGET_OWN_ACCOUNT : TARGET_FOREIGN_ACCOUNT;
	}
	for (a = h->accounts->by_subdomain; a; a = a->by_subdomain.next)
		if (strncasecmp(a->stored.subdomain, name, strlen(a->stored.subdomain)) == 0 && is_account_name(h, a->stored.subdomain, name))
			return TARGET_FOREIGN_ACCOUNT;
	return TARGET_NO_ACCOUNT;
}
