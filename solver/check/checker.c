#include "solver/check/check.h"

#include <stdlib.h>

#include "solver/base/mem.h"
#include "solver/check/internal.h"
#include "solver/check/shared.h"
#include "solver/check/pace.h"
#include "solver/check/run.h"

/* Profiles of one configuration. Older ones stay, because a run may hold one. */
struct authorities_held {
	struct authorities *set;
	struct authorities_held *next;
};

static int load(struct checker *c, const struct config *config, struct err *err)
{
	const struct config_check *check = &config->check;
	struct authorities_held *held;
	struct authorities *set;

	if (authorities_load((const char *const *)check->authorities, &set, err) < 0)
		return err->code;
	if (!authorities_find(set, check->authority)) {
		authorities_free(set);
		return err_set(err, ERR_INVALID, "check.authority: there is no authority \"%.64s\"", check->authority);
	}
	held = mem_new(1, sizeof(*held));
	*held = (struct authorities_held){ set, c->held };
	c->held = held;
	c->authorities = set;
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
	const struct authority *a = authorities_find(c->authorities, name ? name : c->config->check.authority);

	return a ? authority_at(a, loop_wall_ms(c->parts.loop)) : NULL;
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
	struct authorities_held *held, *next;

	if (!c)
		return;
	c->closing = true;
	runs_close(c);
	pace_end(c);
	laters_end(&c->laters);
	shared_free(c);
	zone_cache_free(c);
	LL_FOREACH_SAFE(c->held, held, next) {
		authorities_free(held->set);
		free(held);
	}
	free(c);
}
