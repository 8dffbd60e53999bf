#include "solver/daemon/https.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/limit.h"
#include "solver/base/mem.h"
#include "solver/daemon/addresses.h"
#include "solver/net/http_listeners.h"
#include "webroot/target.h"

#define BODY_MAX 1024    /* a key authorization is a token, a dot and 43 characters */
#define REQUEST_MAX 1024 /* nobody has a reason to send a body */
#define HEAD_S 10
#define IDLE_S 15

struct https {
	struct answers *answers;
	struct http_listeners *listeners;
	char *redirect; /* or NULL */
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

void https_check(const struct config_http *c, struct buf *mistakes, struct buf *warnings)
{
	const struct http_tls_options options = tls_options(c);
	struct err err;

	if (is_on(c) && tls_agree(&options, &err) < 0)
		buf_printf(mistakes, "%s\n", err.text);
	else if (is_on(c))
		http_tls_check(&options, mistakes, warnings);
}

/* ---- life ---- */

struct https *https_new(struct loop *l, struct answers *answers)
{
	struct https *h = mem_new(1, sizeof(*h));
	const struct http_listeners_parts parts = { .loop = l, .handle = handle, .arg = h, .guard = { .listener = "https", .head_s = HEAD_S, .idle_s = IDLE_S } };

	h->answers = answers;
	h->listeners = http_listeners_new(&parts);
	return h;
}

void https_free(struct https *h)
{
	if (!h)
		return;
	http_listeners_free(h->listeners);
	free(h->redirect);
	free(h);
}

int https_prepare(struct https *h, const struct config_http *c, struct http_listeners_change **ret, struct err *err)
{
	const struct http_tls_options files = tls_options(c);
	unsigned connections = is_on(c) ? limit_fit((unsigned)c->connections, LIMIT_SHARE_HTTPS, "http.tls-listen") : 1;
	CLEANUP(addresses_freep) char **listen = addresses_expand(c->tls_listen);
	const struct http_listeners_options options = { .tls = { listen, "http.tls-listen" }, .files = files, .max_body = REQUEST_MAX,
	                                                .connections = connections, .per_address = connections / 2 + 1 };

	if (is_on(c) && tls_agree(&files, err) < 0)
		return err->code;
	return http_listeners_prepare(h->listeners, &options, ret, err);
}

void https_commit(struct https *h, const struct config_http *c, struct http_listeners_change *change)
{
	http_listeners_commit(change);
	mem_replace(&h->redirect, c->redirect_unknown && *c->redirect_unknown ? c->redirect_unknown : NULL);
}

struct guard *https_guard(const struct https *h)
{
	return http_listeners_is_on(h->listeners) ? http_listeners_guard(h->listeners) : NULL;
}
