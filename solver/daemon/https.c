#include "solver/daemon/https.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/limit.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/daemon/addresses.h"
#include "solver/guard/guard.h"
#include "solver/net/http_server.h"
#include "solver/net/http_tls.h"
#include "webroot/target.h"

#define BODY_MAX 1024    /* a key authorization is a token, a dot and 43 characters */
#define REQUEST_MAX 1024 /* nobody has a reason to send a body */
#define HEAD_S 10
#define IDLE_S 15

struct https {
	struct answers *answers;
	struct http_tls *tls;
	struct guard *guard;
	struct http_server **servers;
	size_t count;
	char *redirect;
};

static void reply_text(struct http_exchange *x, int status, const char *text)
{
	http_exchange_reply(x, status, "text/plain", text, strlen(text));
}

static void reply_unknown(const struct https *h, struct http_exchange *x, const char *token)
{
	CLEANUP(mem_freep) char *where = NULL;

	if (!h->redirect) {
		reply_text(x, 404, "not found\n");
		return;
	}
	where = mem_printf("%.*s%s%s", (int)(strlen(h->redirect) - (h->redirect[strlen(h->redirect) - 1] == '/')), h->redirect, TARGET_PATH, token);
	http_exchange_header(x, "Location", where);
	http_exchange_reply(x, 302, NULL, "", 0);
}

/* As webroot/responder.c answers. */
static void handle(struct http_exchange *x, void *arg)
{
	const struct https *h = arg;
	const char *path = http_exchange_path(x), *token = target_token(path);
	char host[TARGET_HOST_SIZE], body[BODY_MAX];
	long length;

	if (strcmp(http_exchange_method(x), "GET") != 0) {
		http_exchange_header(x, "Allow", "GET, HEAD");
		reply_text(x, 405, "method not allowed: this port answers ACME HTTP-01 challenges to GET and HEAD, and nothing else; the API (and httpreq) has one of its own\n");
	} else if (!target_host(path, http_exchange_request_header(x, "Host"), host)) {
		reply_text(x, 400, "bad request\n");
	} else if (!token) {
		reply_text(x, 404, "not found: this port answers ACME HTTP-01 challenges and nothing else; the API has one of its own\n");
	} else if ((length = answers_get_http(h->answers, host, token, body, sizeof(body))) >= 0) {
		http_exchange_reply(x, 200, "text/plain", body, (size_t)length);
	} else {
		reply_unknown(h, x, token);
	}
}

static struct guard *guard_open(const struct config_http *c)
{
	unsigned connections = limit_fit((unsigned)c->connections, LIMIT_SHARE_HTTPS, "http.tls-listen");
	const struct guard_options options = { .listener = "https", .connections = connections, .per_address = connections / 2 + 1,
	                                       .head_s = HEAD_S, .idle_s = IDLE_S };

	return guard_new(&options);
}

static int listen_all(struct https *h, struct loop *l, char **listen, struct err *err)
{
	const struct http_server_options options = { .max_body = REQUEST_MAX, .guard = h->guard, .tls = h->tls };

	while (listen[h->count])
		h->count++;
	h->servers = mem_new(h->count, sizeof(*h->servers));
	for (size_t i = 0; i < h->count; i++)
		if (http_server_start(l, listen[i], &options, handle, h, &h->servers[i], err) < 0)
			return err_in(err, "http.tls-listen");
	return 0;
}

static const struct http_tls_names names = { "http.tls-certificate", "http.tls-key" };

static struct http_tls_options tls_options(const struct config_http *c)
{
	return (struct http_tls_options){ .names = &names, .certificate = c->tls_certificate, .key = c->tls_key,
	                                  .modern = c->tls_profile == TLS_PROFILE_MODERN };
}

static bool is_on(const struct config_http *c)
{
	return c->tls_listen && c->tls_listen[0];
}

static int tls_agree(const struct http_tls_options *o, struct err *err)
{
	return o->certificate && o->key ? 0 : err_set(err, ERR_INVALID, "http.tls-listen needs http.tls-certificate and http.tls-key");
}

/* NULL where TLS is off. */
static int tls_open(struct loop *l, const struct config_http *c, struct http_tls **ret, struct err *err)
{
	const struct http_tls_options options = tls_options(c);

	*ret = NULL;
	if (!is_on(c))
		return 0;
	return tls_agree(&options, err) < 0 ? err->code : http_tls_open(l, &options, ret, err);
}

void https_check(const struct config_http *c, struct buf *mistakes, struct buf *warnings)
{
	const struct http_tls_options options = tls_options(c);
	struct err err;

	if (is_on(c) && tls_agree(&options, &err) < 0)
		buf_printf(mistakes, "%s\n", err.text);
	else if (is_on(c))
		http_tls_check(&options, mistakes, warnings);
}

int https_open(struct loop *l, const struct config_http *c, struct answers *answers, struct https **ret, struct err *err)
{
	struct http_tls *tls;
	char **listen;
	struct https *h;
	int code;

	if (tls_open(l, c, &tls, err) < 0)
		return err->code;
	if (!tls)
		return 0;
	h = mem_new(1, sizeof(*h));
	h->answers = answers;
	h->redirect = c->redirect_unknown && *c->redirect_unknown ? mem_dup(c->redirect_unknown) : NULL;
	listen = addresses_expand(c->tls_listen);
	h->tls = tls;
	h->guard = guard_open(c);
	code = listen_all(h, l, listen, err);
	addresses_free(listen);
	if (code < 0)
		https_close(h);
	else
		*ret = h;
	return code;
}

void https_reconfigure(struct https *h, const struct config_http *c)
{
	const struct http_tls_options options = tls_options(c);
	struct err err = { 0 };

	if (h && options.certificate && options.key && http_tls_reload(h->tls, &options, &err) < 0)
		log_event(LOG_ERROR, "TLS: the new files cannot be used; the old ones stay in force", "error", err.text, NULL);
}

struct guard *https_guard(const struct https *h)
{
	return h ? h->guard : NULL;
}

void https_close(struct https *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->count; i++)
		http_server_stop(h->servers[i]);
	http_tls_close(h->tls);
	guard_free(h->guard);
	free(h->servers);
	free(h->redirect);
	free(h);
}
