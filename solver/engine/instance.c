/* Opened providers, by their name in the configuration. The newest stand first. */
#include <stdlib.h>
#include <string.h>

#include "providers/registry.h"
#include "solver/base/mem.h"
#include "solver/engine/internal.h"

struct instance *instance_find(struct engine *e, const char *name)
{
	struct instance *i;

	for (i = e->instances; i; i = i->next)
		if (!i->retired && strcmp(i->name, name) == 0)
			return i;
	return NULL;
}

static void instance_free(struct instance *i)
{
	i->api->close(i->provider);
	free(i->name);
	free(i->site);
	free(i->blocked_for);
	free(i->handle);
	free(i);
}

static void sweep(struct engine *e)
{
	struct instance **at = &e->instances, *i;

	while ((i = *at)) {
		if (i->retired && !i->jobs && !site_is_needed(e, i)) {
			*at = i->next;
			instance_free(i);
		} else {
			at = &i->next;
		}
	}
}

void instance_unuse(struct engine *e, struct instance *i)
{
	i->jobs--;
	if (i->retired)
		sweep(e);
}

static int instance_open(const struct config_provider *conf, struct instance **ret, struct err *err)
{
	const struct provider_api *api = provider_find(conf->type);
	struct instance *i;

	if (!api || api->abi != PROVIDER_ABI)
		return err_set(err, ERR_INVALID, "provider %s: there is no type %s in this build", conf->name, conf->type);
	i = mem_new(1, sizeof(*i));
	i->api = api;
	if (api->open(conf->options, &i->provider, err) < 0) {
		free(i);
		return err_in(err, "provider %s", conf->name);
	}
	i->name = mem_dup(conf->name);
	i->site = site_text(api, conf->options);
	*ret = i;
	return 0;
}

/* What was learned of the provider stays through a reload. */
static void inherit(struct engine *e, struct instance *i)
{
	const struct instance *old = instance_find(e, i->name);

	if (old)
		i->delays = old->delays;
	else
		delays_load(e, i);
}

static void list_free(struct instance *list)
{
	while (list) {
		struct instance *next = list->next;

		instance_free(list);
		list = next;
	}
}

static void retire(struct engine *e)
{
	struct entry *n;

	for (struct instance *i = e->instances; i; i = i->next)
		i->retired = true;
	DL_FOREACH(e->entries, n)
		n->turns = 0; /* the new ones are asked first */
}

int instances_open(struct engine *e, const struct config *config, struct err *err)
{
	struct instance *fresh = NULL, *i = NULL;

	for (size_t k = 0; k < config->provider_count; k++) {
		if (instance_open(&config->providers[k], &i, err) < 0) {
			list_free(fresh);
			return err->code;
		}
		inherit(e, i);
		i->next = fresh;
		fresh = i;
	}
	retire(e);
	while (fresh) {
		i = fresh;
		fresh = i->next;
		i->next = e->instances;
		e->instances = i;
	}
	sweep(e);
	return 0;
}

void instances_close(struct engine *e)
{
	list_free(e->instances);
	e->instances = NULL;
}
