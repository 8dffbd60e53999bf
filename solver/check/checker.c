#include "solver/check/check.h"

#include <stdlib.h>

#include "solver/base/mem.h"
#include "solver/check/pace.h"
#include "solver/check/run.h"
#include "solver/check/shared.h"
#include "solver/check/zone.h"

static int load(struct checker *c, const struct config *config, struct err *err)
{
	if (profiles_load(c, config, err) < 0)
		return err->code;
	c->config = config;
	address_allow((const char *const *)config->check.allow_addresses);
	return 0;
}

int checker_open(const struct checker_parts *parts, struct checker **ret, struct err *err)
{
	struct checker *c = mem_new(1, sizeof(*c));

	c->parts = *parts;
	c->laters.loop = parts->loop;
	if (load(c, parts->config, err) < 0) {
		free(c);
		return err->code;
	}
	*ret = c;
	return 0;
}

int checker_reconfigure(struct checker *c, const struct config *config, struct err *err)
{
	return load(c, config, err);
}

void checker_look_through(struct checker *c, struct recursor *recursor)
{
	c->parts.recursor = recursor;
	shared_expire(c);
	zone_cache_expire(c);
}

void checker_corroborate(struct checker *c, const struct check_others *others)
{
	c->others = others ? *others : (struct check_others){ 0 };
}

void checker_stop(struct checker *c)
{
	if (c)
		c->stopped = true;
}

void checker_close(struct checker *c)
{
	if (!c)
		return;
	checker_stop(c);
	runs_close(c);
	pace_end(c);
	laters_end(&c->laters);
	shared_free(c);
	zone_cache_free(c);
	profiles_release(c, c->profiles);
	free(c);
}
