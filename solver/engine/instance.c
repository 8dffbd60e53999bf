#include "solver/engine/instance.h"

#include <stdlib.h>
#include <string.h>

#include "providers/registry.h"
#include "solver/base/mem.h"
#include "solver/engine/entry.h"
#include "solver/engine/learn.h"
#include "solver/engine/site.h"

#define UNPROVEN_MAX 4 /* instances that nobody used yet, kept for one site */

struct instance *instance_find(struct engine *e, const char *name)
{
	struct instance *i;

	for (i = e->instances; i; i = i->next)
		if (!i->retired && strcmp(i->name, name) == 0)
			return i;
	return NULL;
}

static bool leads_there(const struct instance *i, const char *site)
{
	return strcmp(i->site, site) == 0;
}

static bool wrote_it(const struct instance *i, const struct challenge *c)
{
	return c->handle && i->handle && strcmp(c->handle, i->handle) == 0;
}

/* Whom to ask first: those of the configuration, and among them the one that wrote the record, as far as its handle tells. */
static unsigned rank_of(const struct instance *i, const struct challenge *c)
{
	return (i->retired ? 2 : 0) + (wrote_it(i, c) ? 0 : 1);
}
#define RANKS 4

/* A key that is new in the configuration may be a wrong one, so the others have their turn after each try that failed. */
struct instance *instance_for_withdrawal(struct engine *e, const struct entry *n)
{
	CLEANUP(mem_freep) char *site = site_last(&n->c);
	unsigned count = 0, turn;

	if (!site)
		return instance_find(e, n->c.provider);
	for (struct instance *i = e->instances; i; i = i->next)
		count += leads_there(i, site);
	turn = count ? n->publication.delivery->turns % count : 0;
	for (unsigned rank = 0; rank < RANKS; rank++)
		for (struct instance *i = e->instances; i; i = i->next)
			if (leads_there(i, site) && rank_of(i, &n->c) == rank && !turn--)
				return i;
	return NULL;
}

bool instance_is_configured(struct engine *e, const struct entry *n)
{
	CLEANUP(mem_freep) char *site = site_last(&n->c);

	for (struct instance *i = e->instances; site && i; i = i->next)
		if (!i->retired && leads_there(i, site))
			return true;
	return false;
}

/* How many newer ones lead there. `ret_works`: one of them works, with this handle when it is not NULL. */
static unsigned newer_than(struct engine *e, const struct instance *i, const char *handle, bool *ret_works)
{
	unsigned count = 0;

	*ret_works = false;
	for (struct instance *newer = e->instances; newer != i; newer = newer->next) {
		if (!leads_there(newer, i->site))
			continue;
		*ret_works |= newer->works && (!handle || (newer->handle && strcmp(newer->handle, handle) == 0));
		count++;
	}
	return count;
}

/* A record stands where only this instance leads, or where the newer ones did not yet prove that they can withdraw it. */
static bool is_needed(struct engine *e, const struct instance *i)
{
	bool replaced, replaced_for_its_own;
	unsigned newer = newer_than(e, i, NULL, &replaced);
	struct entry *n;

	newer_than(e, i, i->handle, &replaced_for_its_own);
	replaced |= !i->works && newer >= UNPROVEN_MAX;
	DL_FOREACH(e->entries, n)
		if (!challenge_is_over(n->c.state) && site_is_listed(&n->c, i->site) && (!replaced || (!replaced_for_its_own && wrote_it(i, &n->c))))
			return true;
	return false;
}

static void instance_free(struct instance *i)
{
	i->api->close(i->provider);
	config_free(i->config);
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
		if (i->retired && !i->jobs && !is_needed(e, i)) {
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
		if (n->publication.delivery)
			n->publication.delivery->turns = 0; /* the new ones are asked first */
}

int instances_open(struct engine *e, const struct config *config, struct err *err)
{
	struct instance *fresh = NULL, *i = NULL;

	for (size_t k = 0; k < config->provider_count; k++) {
		if (instance_open(&config->providers[k], &i, err) < 0) {
			list_free(fresh);
			return err->code;
		}
		i->config = config_hold(config);
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
