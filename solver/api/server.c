/* Start, stop, reconfigure. */
#include <stdlib.h>
#include <string.h>

#include "solver/api/door/door.h"
#include "solver/api/acmedns/acme_dns_accounts.h"
#include "solver/api/audit/audit.h"
#include "solver/api/audit/audit_sign.h"
#include "solver/api/holder.h"
#include "solver/api/api.h"
#include "solver/api/caller/caller.h"
#include "solver/api/notify/callbacks.h"
#include "solver/api/notify/cps_notices.h"
#include "solver/api/rest/rest.h"
#include "solver/api/server.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/net/http_claims.h"

static struct networks *proxies_read(const struct config *config)
{
	struct networks *n = networks_new();
	struct err err;

	for (char **text = config->api.trusted_proxies; text && *text; text++)
		if (networks_add(n, *text, &err) < 0)
			log_event(LOG_ERROR, "api.trusted-proxies: left out", "error", err.text, NULL);
	return n;
}

static void log_key(const struct api *a)
{
	struct err err;

	if (audit_key_check(a->config, &err) < 0)
		log_event(LOG_ERROR, "the head of the audit log will not be signed", "error", err.text, NULL);
}

static void on_cps_event(const struct cps_event *event, void *arg)
{
	struct api *a = arg;

	cps_notices_tell(a->cps_notices, event);
	streams_tell(a, event);
}

int api_start(const struct api_parts *parts, struct api **ret, struct err *err)
{
	struct http_listeners_change *listeners;
	struct api *a = mem_new(1, sizeof(*a));

	a->parts = *parts;
	a->config = parts->config;
	if (client_list_load(parts->store, &a->clients, err) < 0) {
		free(a);
		return err->code;
	}
	a->everything = grants_all();
	a->proxies = proxies_read(a->config);
	a->rates = rate_table_new();
	a->audit = audit_new(a);
	a->callbacks = callbacks_new(a);
	a->claims = http_claims_new();
	a->listeners = listeners_new(a);
	if (accounts_load(parts->store, &a->accounts, err) < 0 || listeners_prepare(a, a->config, &listeners, err) < 0) {
		api_stop(a);
		return err->code;
	}
	http_listeners_commit(listeners);
	audit_retain(a);
	log_key(a);
	callbacks_resume(a->callbacks);
	clients_withdraw_revoked(a);
	a->cps_notices = cps_notices_new(a);
	if (a->parts.cps) {
		cps_on_acknowledged(a->parts.cps, cps_note_acknowledged, a);
		cps_on_event(a->parts.cps, on_cps_event, a);
	}
	*ret = a;
	return 0;
}

void api_stop(struct api *a)
{
	if (!a)
		return;
	if (a->parts.cps) {
		cps_on_acknowledged(a->parts.cps, NULL, NULL);
		cps_on_event(a->parts.cps, NULL, NULL);
	}
	http_listeners_free(a->listeners);
	http_claims_free(a->claims);
	doors_end(a);
	calls_end(a);
	callbacks_free(a->callbacks);
	cps_notices_free(a->cps_notices);
	client_list_free(a->clients);
	accounts_free(a->accounts);
	grants_free(a->everything);
	audit_free(a->audit);
	networks_free(a->proxies);
	rate_table_free(a->rates);
	free(a);
}

int api_prepare(struct api *a, const struct config *config, struct http_listeners_change **ret, struct err *err)
{
	return listeners_prepare(a, config, ret, err);
}

void api_reconfigure(struct api *a, const struct config *config, struct http_listeners_change *listeners)
{
	struct client_list *fresh;
	struct err err;

	a->config = config;
	http_listeners_commit(listeners);
	networks_free(a->proxies);
	a->proxies = proxies_read(config);
	if (client_list_load(a->parts.store, &fresh, &err) < 0) {
		log_event(LOG_ERROR, "the clients cannot be read again", "error", err.text, NULL);
		return;
	}
	client_list_free(a->clients);
	a->clients = fresh;
	audit_retain(a);
	log_key(a);
	streams_check(a);
	clients_withdraw_revoked(a);
}

void api_holders(const struct api *a, struct holders *ret)
{
	*ret = (struct holders){ a->clients, a->accounts, a->config };
}
