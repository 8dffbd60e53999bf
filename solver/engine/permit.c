#include "solver/engine/permit.h"

#include "solver/engine/binding.h"
#include "solver/engine/entry.h"
#include "solver/engine/record.h"

struct asker {
	struct engine *e;
	const struct challenge *c;
};

static bool is_granted(const char *identifier, void *arg)
{
	const struct asker *a = arg;
	const struct engine_access *access = &a->e->parts.access;

	return !access->granted || access->granted(a->c->client, a->c->type, identifier, access->arg);
}

static enum target_account account_of(const struct engine *e, const struct challenge *c, const char *name)
{
	const struct engine_access *access = &e->parts.access;

	return access->account ? access->account(c->client, name, access->arg) : TARGET_NO_ACCOUNT;
}

static int decide(struct engine *e, const struct challenge *c, const char *fqdn, bool *ret_binds, struct err *err)
{
	const struct config_route *zone = config_delegation(e->config, fqdn);
	struct target t = { .client = c->client, .identifier = c->identifier, .name = fqdn, .bound = engine_bound(e, fqdn),
	                    .zone = zone ? zone->suffix : NULL, .first_use = zone && zone->delegation == DELEGATION_FIRST_USE,
	                    .route = config_route(e->config, c->type, fqdn), .account = account_of(e, c, fqdn) };
	struct asker asker = { e, c };
	char asked[NAME_SIZE];

	t.asked = record_name(c, asked, err) == 0 ? asked : fqdn;
	return target_check(&t, is_granted, &asker, ret_binds, err);
}

int permit(struct engine *e, const struct entry *n, const char *fqdn, struct err *err)
{
	bool binds;

	if (decide(e, &n->c, fqdn, &binds, err) < 0)
		return err->code;
	return binds ? binding_first_use(e, &n->c, fqdn, err) : 0;
}

int engine_permits(struct engine *e, const struct challenge *c, struct err *why)
{
	bool binds;

	if (!challenge_type_is_dns(c->type) || !c->fqdn || c->state >= CHALLENGE_WITHDRAWING)
		return 0;
	return decide(e, c, c->fqdn, &binds, why);
}

bool engine_delegates(const struct engine *e, const char *name, const char *identifier)
{
	const struct config_route *zone = config_delegation(e->config, name);
	const struct target t = { .identifier = identifier, .name = name, .bound = engine_bound(e, name), .zone = zone ? zone->suffix : NULL };

	return zone && target_is_own(&t);
}
