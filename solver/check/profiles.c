/* The profiles of authorities, as the configuration in force has them. */
#include <stdlib.h>
#include <utlist.h>

#include "solver/base/mem.h"
#include "solver/check/internal.h"

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

int profiles_load(struct checker *c, const struct config *config, struct err *err)
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
	return 0;
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
