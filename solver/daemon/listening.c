#include "solver/daemon/listening.h"

#include <stdlib.h>
#include <utlist.h>

#include "solver/base/limit.h"
#include "solver/base/mem.h"
#include "solver/daemon/addresses.h"
#include "solver/daemon/https.h"
#include "solver/net/http_listeners.h"
#include "solver/nameserver/nameserver.h"
#include "webroot/responder.h"

#define SWEEP_MS 1000
#define RETIRE_MS 60000 /* for the last replies of a responder that has a successor */

struct retired {
	struct responder *responder;
	int64_t until_ms; /* loop clock */
	struct retired *next;
};

struct listening {
	struct loop *loop;
	struct answers *answers;
	struct nameserver *nameserver;
	struct responder *responder;
	struct retired *retired;
	struct https *https;
	struct guard *guards[3]; /* the last is NULL */
	struct timer *sweep;
};

struct listening_change {
	struct listening *l;
	const struct config *fresh;    /* borrowed */
	struct nameserver_change *dns; /* NULL: nothing changes */
	struct responder *http;        /* the same */
	struct http_listeners_change *https;
};

static struct nameserver_options dns_options(const struct config_dns *c, char **listen)
{
	return (struct nameserver_options){ .listen = (const char *const *)listen, .zones = (const char *const *)c->zones,
	                                    .name_servers = (const char *const *)c->name_servers, .contact = c->contact,
	                                    .negative_ttl_s = (unsigned)(c->negative_ttl_ms / 1000),
	                                    .rate_limit = (unsigned)c->rate_limit, .rate_limit_slip = (unsigned)c->rate_limit_slip,
	                                    .rate_limit_exempt = (const char *const *)c->rate_limit_exempt };
}

/* Also where nothing listens: a reload may change that. */
static int open_nameserver(struct listening *l, const struct config_dns *c, struct err *err)
{
	CLEANUP(addresses_freep) char **listen = addresses_expand(c->listen);
	const struct nameserver_options options = dns_options(c, listen);

	return nameserver_start(&options, l->answers, &l->nameserver, err);
}

/* In the place of the one before, where there is one. */
static int open_responder(struct listening *l, const struct config_http *c, struct responder **ret, struct err *err)
{
	CLEANUP(addresses_freep) char **listen = addresses_expand(c->listen);
	const struct responder_options options = { .listen = (const char *const *)listen, .redirect_unknown = c->redirect_unknown,
	                                           .threads = (unsigned)c->threads,
	                                           .connections = limit_fit((unsigned)c->connections, LIMIT_SHARE_HTTP, "http.connections"),
	                                           .before = l->responder };

	return responder_start(&options, l->answers, ret, err);
}

static void retired_free(struct listening *l, struct retired *r)
{
	LL_DELETE(l->retired, r);
	responder_stop(r->responder);
	free(r);
}

static void sweep_retired(struct listening *l)
{
	struct retired *r, *next;

	LL_FOREACH_SAFE(l->retired, r, next)
		if (responder_idle(r->responder) || loop_now_ms(l->loop) >= r->until_ms)
			retired_free(l, r);
		else
			guard_sweep(responder_guard(r->responder));
}

/* One after the other in a burst of reloads, so that they do not pile up. */
static void retire(struct listening *l, struct responder *responder)
{
	struct retired *r = mem_new(1, sizeof(*r));

	sweep_retired(l);
	*r = (struct retired){ responder, loop_now_ms(l->loop) + RETIRE_MS, NULL };
	responder_retire(responder);
	LL_APPEND(l->retired, r);
}

/* The responder has threads of its own, none of which has a timer. */
static void on_sweep(void *arg)
{
	struct listening *l = arg;

	l->sweep = timer_start(l->loop, SWEEP_MS, on_sweep, l);
	guard_sweep(responder_guard(l->responder));
	sweep_retired(l);
}

static void note_guards(struct listening *l)
{
	l->guards[0] = responder_guard(l->responder);
	l->guards[1] = https_guard(l->https);
}

static int open_https(struct listening *l, const struct config_http *c, struct err *err)
{
	struct http_listeners_change *change;

	l->https = https_new(l->loop, l->answers);
	if (https_prepare(l->https, c, &change, err) < 0)
		return err->code;
	https_commit(l->https, c, change);
	return 0;
}

int listening_open(struct loop *l, const struct config *config, struct answers *answers, struct listening **ret, struct err *err)
{
	struct listening *n = mem_new(1, sizeof(*n));

	n->loop = l;
	n->answers = answers;
	if (open_nameserver(n, &config->dns, err) < 0 || open_responder(n, &config->http, &n->responder, err) < 0 || open_https(n, &config->http, err) < 0) {
		listening_close(n);
		return err->code;
	}
	note_guards(n);
	on_sweep(n);
	*ret = n;
	return 0;
}

void listening_close(struct listening *l)
{
	if (!l)
		return;
	timer_stop(l->sweep);
	while (l->retired)
		retired_free(l, l->retired);
	responder_stop(l->responder);
	https_free(l->https);
	nameserver_stop(l->nameserver);
	free(l);
}

struct guard **listening_guards(struct listening *l)
{
	return l->guards;
}

const char *listening_http(const struct listening *l)
{
	const char *bound = responder_bound(l->responder, 0);

	return bound ? bound : "off";
}

const char *listening_dns(const struct listening *l)
{
	const char *bound = nameserver_bound(l->nameserver, 0);

	return bound ? bound : "off";
}

/* ---- a reload ---- */

static int prepare_dns(struct listening_change *c, struct err *err)
{
	CLEANUP(addresses_freep) char **listen = addresses_expand(c->fresh->dns.listen);
	const struct nameserver_options options = dns_options(&c->fresh->dns, listen);

	return nameserver_prepare(c->l->nameserver, &options, &c->dns, err);
}

int listening_prepare(struct listening *l, const struct config *old, const struct config *fresh, struct listening_change **ret, struct err *err)
{
	struct listening_change *c = mem_new(1, sizeof(*c));

	*c = (struct listening_change){ .l = l, .fresh = fresh };
	if ((!config_section_is_same(old, fresh, "dns") && prepare_dns(c, err) < 0) ||
	    (!config_section_is_same(old, fresh, "http") && open_responder(l, &fresh->http, &c->http, err) < 0) ||
	    https_prepare(l->https, &fresh->http, &c->https, err) < 0) {
		listening_abort(c);
		return err->code;
	}
	*ret = c;
	return 0;
}

void listening_abort(struct listening_change *c)
{
	if (!c)
		return;
	nameserver_abort(c->dns);
	responder_abandon(c->http);
	http_listeners_abort(c->https);
	free(c);
}

void listening_commit(struct listening_change *c)
{
	if (c->dns)
		nameserver_commit(c->dns);
	if (c->http) {
		retire(c->l, c->l->responder);
		c->l->responder = c->http;
	}
	https_commit(c->l->https, &c->fresh->http, c->https);
	note_guards(c->l);
	free(c);
}
