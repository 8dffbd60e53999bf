/* Which record a caller may write. */
#include <string.h>

#include "solver/api/caller/caller.h"
#include "solver/base/mem.h"
#include "solver/dns/name.h"
#include "solver/engine/target.h"

struct asker {
	const struct caller *caller;
	enum challenge_type type;
};

static bool is_granted(const char *identifier, void *arg)
{
	const struct asker *a = arg;
	CLEANUP(mem_freep) char *wildcard = mem_printf("*.%s", identifier);
	struct err err;

	return grants_allow(a->caller->grants, a->type, identifier, &err) == 0 || grants_allow(a->caller->grants, a->type, wildcard, &err) == 0;
}

/* The rule for a name in a delegation zone. The engine applies the same rule when a CNAME leads into the zone. */
static int check_delegated(const struct api *a, const struct caller *caller, const struct challenge_request *c, const char *identifier,
                           const char *name, const struct config_route *zone, struct err *err)
{
	const struct target t = { .client = caller->name, .identifier = identifier, .asked = name, .name = name, .zone = zone->suffix,
		                  .bound = engine_bound(a->parts.engine, name), .first_use = zone->delegation == DELEGATION_FIRST_USE };
	struct asker asker = { caller, c->type };
	bool binds;

	return target_check(&t, is_granted, &asker, &binds, err);
}

/* An acme-dns account owns its name in every zone. */
static const struct config_route *zone_of(const struct api *a, const struct caller *caller, const char *name)
{
	return caller->door && strcmp(caller->door, DOOR_ACME_DNS) == 0 ? NULL : config_delegation(a->config, name);
}

static int check_record(const struct api *a, const struct caller *caller, const struct challenge_request *c, const char *domain,
                        const char *name, struct err *err)
{
	const struct config_route *zone = zone_of(a, caller, name);
	char identifier[NAME_SIZE];

	if (zone)
		return check_delegated(a, caller, c, domain, name, zone, err);
	target_identifier(name, identifier);
	return strcmp(domain, identifier) == 0 ? 0 : grants_allow(caller->grants, c->type, identifier, err);
}

int caller_may_write(const struct api *a, const struct caller *caller, const struct challenge_request *c, struct err *err)
{
	char domain[NAME_SIZE], name[NAME_SIZE];
	bool wildcard, target_only;

	if (!c->domain)
		return err_set(err, ERR_INVALID, "domain is missing");
	if (name_identifier(c->domain, domain, &wildcard, err) < 0)
		return err->code;
	/* Clients that followed the CNAME themselves send its target as the domain. No grant covers the target; the owner of the name may write it. */
	target_only = challenge_type_is_dns(c->type) && zone_of(a, caller, domain);
	if (!target_only && grants_allow(caller->grants, c->type, c->domain, err) < 0)
		return err->code;
	if (!target_only && !c->record_name)
		return 0;
	if (c->record_name ? name_normalize(c->record_name, name, err) < 0 : name_challenge(domain, name, err) < 0)
		return err->code;
	return check_record(a, caller, c, domain, name, err);
}
