/* The accounts of the configuration, side by side: each with credentials and a budget of its own. */
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/cps/accounts.h"

static const struct config_cps_account *configured(const struct config_cps *cps, const char *name)
{
	for (size_t i = 0; i < cps->account_count; i++)
		if (cps->accounts[i].name && strcmp(cps->accounts[i].name, name) == 0)
			return &cps->accounts[i];
	return NULL;
}

void cps_account_describe(const struct config_cps *cps, const char *name, struct akamai_account *ret)
{
	const struct config_cps_account *own = *name ? configured(cps, name) : NULL;

	*ret = (struct akamai_account){
		.edgerc = own && own->edgerc ? own->edgerc : cps->edgerc,
		.section = own && own->section ? own->section : cps->section,
		.file_first = cps->edgerc_by_hand || own,
		.account_key = own ? own->account_key : cps->account_key,
		.base_url = own && own->base_url ? own->base_url : cps->base_url,
		.ca_file = cps->ca_file,
		.per_minute = own ? own->per_minute : cps->per_minute,
		.burst = own ? own->burst : cps->burst,
		.pause_ms = cps->poll_ms / 30,
	};
}

static void contracts_free(struct cps_account *a)
{
	for (size_t i = 0; a->contracts && a->contracts[i]; i++)
		free(a->contracts[i]);
	free(a->contracts);
	a->contracts = NULL;
}

static void add(struct cps_accounts *list, const struct config_cps *cps, const char *name)
{
	struct cps_account *a = mem_new(1, sizeof(*a));
	struct akamai_account account;

	cps_account_describe(cps, name, &account);
	a->name = mem_dup(name);
	a->client = akamai_client_new(list->loop, list->http, &account);
	list->items = mem_resize(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = a;
}

void cps_accounts_open(struct cps_accounts *list, struct loop *loop, struct http_client *http, const struct config_cps *cps)
{
	*list = (struct cps_accounts){ .loop = loop, .http = http };
	add(list, cps, "");
	for (size_t i = 0; i < cps->account_count; i++)
		add(list, cps, cps->accounts[i].name);
}

void cps_accounts_close(struct cps_accounts *list)
{
	for (size_t i = 0; i < list->count; i++) {
		akamai_client_free(list->items[i]->client);
		contracts_free(list->items[i]);
		free(list->items[i]->name);
		free(list->items[i]);
	}
	free(list->items);
}

struct cps_account *cps_accounts_find(const struct cps_accounts *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i]->name, name ? name : "") == 0)
			return list->items[i];
	return NULL;
}

/* An account that is not configured any more keeps its client for what is under way with it, and its last limits. */
void cps_accounts_reconfigure(struct cps_accounts *list, const struct config_cps *cps)
{
	struct akamai_account account;

	for (size_t i = 0; i < list->count; i++) {
		struct cps_account *a = list->items[i];

		a->gone = *a->name && !configured(cps, a->name);
		cps_account_describe(cps, a->name, &account);
		akamai_client_reconfigure(a->client, &account);
		contracts_free(a);
	}
	for (size_t i = 0; i < cps->account_count; i++)
		if (!cps_accounts_find(list, cps->accounts[i].name))
			add(list, cps, cps->accounts[i].name);
}

char **cps_account_configured(const struct config_cps *cps, const struct cps_account *a)
{
	const struct config_cps_account *own = *a->name ? configured(cps, a->name) : NULL;

	return own ? own->contracts : *a->name ? NULL : cps->contracts;
}

void cps_account_learn(struct cps_account *a, char **contracts, int64_t now_ms)
{
	contracts_free(a);
	a->contracts = contracts;
	a->learned_ms = now_ms;
}
