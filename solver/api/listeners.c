/* Opens the listeners of the API, with and without TLS. */
#include <netinet/in.h>
#include <string.h>

#include "solver/api/audit/audit_sign.h"
#include "solver/api/caller/caller.h"
#include "solver/api/api.h"
#include "solver/api/server.h"
#include "solver/base/limit.h"
#include "solver/base/mem.h"
#include "solver/guard/guard.h"

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

struct http_listeners *listeners_new(struct api *a)
{
	const struct http_listeners_parts parts = { .loop = a->parts.loop, .handle = api_handle, .knows = api_knows, .arg = a,
	                                            .guard = { .listener = "api", .head_s = HEAD_S, .idle_s = IDLE_S, .is_exempt = is_proxy, .arg = a } };

	return http_listeners_new(&parts);
}

int listeners_prepare(struct api *a, const struct config *config, struct http_listeners_change **ret, struct err *err)
{
	const struct config_api *c = &config->api;
	const struct http_tls_options files = tls_options(config);
	const struct http_listeners_options options = {
		.plain = { c->listen, "api.listen" }, .tls = { c->tls_listen, "api.tls-listen" }, .files = files, .max_body = (size_t)c->max_body,
		.connections = limit_fit((unsigned)c->connections, LIMIT_SHARE_API, "api.connections"), .per_address = (unsigned)c->connections_per_address,
	};

	if (count_of(c->tls_listen) && tls_agree(&files, err) < 0)
		return err->code;
	return http_listeners_prepare(a->listeners, &options, ret, err);
}
