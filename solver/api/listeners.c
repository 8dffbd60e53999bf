/* Where the doors stand: plain listeners and those with TLS. */
#include <netinet/in.h>
#include <string.h>

#include "solver/api/audit/audit_sign.h"
#include "solver/api/caller/caller.h"
#include "solver/api/api.h"
#include "solver/api/server.h"
#include "solver/base/limit.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/guard/guard.h"
#include "solver/net/http_claims.h"
#include "solver/net/http_tls.h"

#define HEAD_S 10
#define IDLE_S 60

static size_t count_of(char *const *list)
{
	size_t count = 0;

	while (list && list[count])
		count++;
	return count;
}

static const struct http_tls_names names = {
	"api.tls-certificate", "api.tls-key",
	.trust = { [TRUST_CLIENT] = "api.tls-client-ca", [TRUST_FRONT_PROXY] = "api.front-proxy-ca" },
	.crl = { [TRUST_CLIENT] = "api.tls-client-crl", [TRUST_FRONT_PROXY] = "api.front-proxy-crl" },
};

static struct http_tls_options tls_options(const struct config *config)
{
	const struct config_api *c = &config->api;

	return (struct http_tls_options){ .names = &names, .certificate = c->tls_certificate, .key = c->tls_key,
	                                  .trust = { [TRUST_CLIENT] = c->tls_client_ca, [TRUST_FRONT_PROXY] = c->front_proxy_ca },
	                                  .crl = { [TRUST_CLIENT] = c->tls_client_crl, [TRUST_FRONT_PROXY] = c->front_proxy_crl },
	                                  .crl_soft = c->tls_crl_check == TLS_CRL_SOFT,
	                                  .modern = c->tls_profile == TLS_PROFILE_MODERN,
	                                  .require = c->tls_client_certificate == TLS_CLIENT_REQUIRED };
}

/* Whether the options fit together. */
static int tls_agree(const struct http_tls_options *o, struct err *err)
{
	if (!o->certificate || !o->key)
		return err_set(err, ERR_INVALID, "api.tls-listen needs api.tls-certificate and api.tls-key");
	if (o->require && !o->trust[TRUST_CLIENT] && !o->trust[TRUST_FRONT_PROXY])
		return err_set(err, ERR_INVALID, "api.tls-client-certificate: required needs api.tls-client-ca or api.front-proxy-ca");
	if (count_of(o->crl[TRUST_CLIENT]) && !o->trust[TRUST_CLIENT])
		return err_set(err, ERR_INVALID, "api.tls-client-crl needs api.tls-client-ca, whose certificates it is about");
	if (count_of(o->crl[TRUST_FRONT_PROXY]) && !o->trust[TRUST_FRONT_PROXY])
		return err_set(err, ERR_INVALID, "api.front-proxy-crl needs api.front-proxy-ca, whose certificates it is about");
	return 0;
}

/* NULL where nothing listens with TLS. */
static int tls_open(struct loop *l, const struct config *config, struct http_tls **ret, struct err *err)
{
	const struct http_tls_options options = tls_options(config);

	*ret = NULL;
	if (!count_of(config->api.tls_listen))
		return 0;
	return tls_agree(&options, err) < 0 ? err->code : http_tls_open(l, &options, ret, err);
}

void api_check(const struct config *config, struct buf *mistakes, struct buf *warnings)
{
	const struct http_tls_options options = tls_options(config);
	struct err err;

	if (audit_key_check(config, &err) < 0)
		buf_printf(mistakes, "%s\n", err.text);
	if (!count_of(config->api.tls_listen))
		return;
	if (tls_agree(&options, &err) < 0)
		buf_printf(mistakes, "%s\n", err.text);
	else
		http_tls_check(&options, mistakes, warnings);
}

static bool is_proxy(const struct sockaddr *peer, void *arg)
{
	const struct api *a = arg;
	struct sockaddr_storage address = { 0 };
	char text[ADDRESS_TEXT_SIZE];

	memcpy(&address, peer, peer->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
	return networks_hold(a->proxies, address_host(&address, text));
}

static struct guard *guard_open(struct api *a)
{
	const struct config_api *c = &a->config->api;
	const struct guard_options options = { .listener = "api", .connections = limit_fit((unsigned)c->connections, LIMIT_SHARE_API, "api.connections"),
	                                       .per_address = (unsigned)c->connections_per_address, .head_s = HEAD_S, .idle_s = IDLE_S,
	                                       .is_exempt = is_proxy, .arg = a };

	return guard_new(&options);
}

static int listen_all(struct api *a, char **listen, struct http_tls *tls, const char *option, struct err *err)
{
	const struct http_server_options options = { .max_body = (size_t)a->config->api.max_body, .knows = api_knows, .guard = a->guard, .tls = tls };

	for (; listen && *listen; listen++, a->server_count++)
		if (http_server_start(a->parts.loop, *listen, &options, api_handle, a, &a->servers[a->server_count], err) < 0)
			return err_in(err, "%s", option);
	return 0;
}

int listeners_open(struct api *a, struct err *err)
{
	const struct config_api *c = &a->config->api;

	a->claims = http_claims_new();
	a->guard = guard_open(a);
	a->servers = mem_new(count_of(c->listen) + count_of(c->tls_listen) + 1, sizeof(*a->servers));
	if (tls_open(a->parts.loop, a->config, &a->tls, err) < 0)
		return err->code;
	if (listen_all(a, c->listen, NULL, "api.listen", err) < 0)
		return err->code;
	return listen_all(a, c->tls_listen, a->tls, "api.tls-listen", err);
}

void listeners_reconfigure(struct api *a)
{
	const struct http_tls_options options = tls_options(a->config);
	struct err err = { 0 };

	if (a->tls && options.certificate && options.key && http_tls_reload(a->tls, &options, &err) < 0)
		log_event(LOG_ERROR, "TLS: the new files cannot be used; the old ones stay in force", "error", err.text, NULL);
}

void listeners_close(struct api *a)
{
	for (size_t i = 0; i < a->server_count; i++)
		http_server_stop(a->servers[i]);
	http_tls_close(a->tls);
	http_claims_free(a->claims);
	guard_free(a->guard);
}
