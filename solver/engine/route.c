#include "solver/engine/route.h"

#include <string.h>

#include "solver/check/check.h"
#include "solver/engine/entry.h"
#include "solver/engine/record.h"

const struct config_route *route_of(const struct engine *e, const struct challenge *c)
{
	static const struct config_route none = { .type = CHALLENGE_TYPES };
	const struct config_route *route = config_route(e->config, c->type, c->identifier);

	return route ? route : &none;
}

bool route_is_own_name(const struct engine *e, const struct challenge *c)
{
	char *const *zones = e->config->dns.zones;

	if (strncmp(challenge_type_name(c->type), "dns-", 4) != 0 && name_is_below(c->identifier, "localhost"))
		return true;
	for (size_t i = 0; zones && zones[i]; i++)
		if (name_is_below(c->identifier, zones[i]) && name_is_below(zones[i], "test"))
			return true;
	return false;
}

int route_check_name(const struct engine *e, const struct challenge *c, struct err *err)
{
	const struct config_route *route = route_of(e, c);
	const struct authority *a = checker_authority(e->checker, route->authority);
	struct authority own;
	struct err why;

	if (route->preflight != PREFLIGHT_REFUSE || !a || !record_is_usual(c))
		return 0;
	if (route_is_own_name(e, c)) { /* need not be public, but a name all the same */
		own = authority_for_own(a);
		a = &own;
	}
	if (identifier_check(c->identifier, c->wildcard, challenge_type_name(c->type), a, &why) == 0)
		return 0;
	return err_set(err, ERR_INVALID, "%s would refuse it: %.380s", a->title, why.text);
}
