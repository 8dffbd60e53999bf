#include "solver/check/check.h"

#include <stdlib.h>

#include "solver/base/mem.h"
#include "solver/check/internal.h"
#include "solver/check/shared.h"
#include "solver/check/pace.h"
#include "solver/check/run.h"

/* Those of one configuration. They go with the last run that began with them, and not before there are newer ones. */
struct profiles {
	struct authorities *set;
	unsigned holders;
	struct profiles *next; /* older */
};

struct profiles *profiles_hold(struct checker *c)
{
	c->profiles->holders++;
	return c->profiles;
}

void profiles_release(struct checker *c, struct profiles *p)
{
	if (--p->holders)
		return;
	LL_DELETE(c->profiles, p);
	authorities_free(p->set);
	free(p);
}

static int load(struct checker *c, const struct config *config, struct err *err)
{
	const struct config_check *check = &config->check;
	struct profiles *old = c->profiles, *fresh;
	struct authorities *set;

	if (authorities_load((const char *const *)check->authorities, &set, err) < 0)
		return err->code;
	if (!authorities_find(set, check->authority)) {
		authorities_free(set);
		return err_set(err, ERR_INVALID, "check.authority: there is no authority \"%.64s\"", check->authority);
	}
	fresh = mem_new(1, sizeof(*fresh));
	*fresh = (struct profiles){ set, 1, old };
	c->profiles = fresh;
	if (old)
		profiles_release(c, old);
	c->config = config;
	address_allow((const char *const *)check->allow_addresses);
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

const struct authority *checker_authority(struct checker *c, const char *name)
{
	const struct authority *a = authorities_find(c->profiles->set, name ? name : c->config->check.authority);

	return a ? authority_at(a, loop_wall_ms(c->parts.loop)) : NULL;
}

const struct authority *checker_authority_of(struct checker *c, const struct evidence *e)
{
	struct profiles *p;

	LL_FOREACH(c->profiles, p) {
		const struct authority *a = e->authority ? authorities_find(p->set, e->authority) : NULL;

		if (a)
			return authority_at(a, loop_wall_ms(c->parts.loop));
	}
	return checker_authority(c, NULL);
}

void checker_corroborate(struct checker *c, const struct check_others *others)
{
	c->others = others ? *others : (struct check_others){ 0 };
}

void checker_stop(struct checker *c)
{
	c->closing = true;
}

void checker_close(struct checker *c)
{
	if (!c)
		return;
	c->closing = true;
	runs_close(c);
	pace_end(c);
	laters_end(&c->laters);
	shared_free(c);
	zone_cache_free(c);
	profiles_release(c, c->profiles);
	free(c);
}
