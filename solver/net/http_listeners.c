#include "solver/net/http_listeners.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "solver/base/log.h"
#include "solver/base/mem.h"

#define SWEEP_MS 1000

struct listener {
	char *listen; /* as in the options */
	bool tls;
	bool keep;    /* stays, in the change that is under way */
	struct http_server *server;
	struct listener *next;
};

struct http_listeners {
	struct http_listeners_parts parts;
	struct guard *guard;
	struct http_tls *tls;      /* as long as there are servers with TLS; or NULL */
	struct listener *list;
	struct listener *retired;
	struct timer *sweep;       /* while there are retired ones */
};

struct http_listeners_change {
	struct http_listeners *l;
	bool with_tls;
	struct http_tls_options files;
	size_t max_body;
	unsigned connections, per_address;
	struct http_tls *tls;      /* new; or NULL: that of before is kept */
	struct listener *opened;
};

static bool is_empty(const struct http_addresses *a)
{
	return !a->listen || !*a->listen;
}

static void listener_free(struct listener *n)
{
	http_server_stop(n->server);
	free(n->listen);
	free(n);
}

static void list_free(struct listener *list)
{
	struct listener *n, *next;

	LL_FOREACH_SAFE(list, n, next)
		listener_free(n);
}

static struct listener *listener_find(struct listener *list, const char *listen, bool tls)
{
	struct listener *n;

	LL_FOREACH(list, n)
		if (n->tls == tls && strcmp(n->listen, listen) == 0)
			return n;
	return NULL;
}

/* ---- life ---- */

struct http_listeners *http_listeners_new(const struct http_listeners_parts *parts)
{
	struct http_listeners *l = mem_new(1, sizeof(*l));

	l->parts = *parts;
	l->guard = guard_new(&parts->guard);
	return l;
}

void http_listeners_free(struct http_listeners *l)
{
	if (!l)
		return;
	timer_stop(l->sweep);
	list_free(l->list);
	list_free(l->retired);
	http_tls_close(l->tls);
	guard_free(l->guard);
	free(l);
}

/* ---- what is retired ---- */

static bool has_tls(struct listener *list)
{
	struct listener *n;

	LL_FOREACH(list, n)
		if (n->tls)
			return true;
	return false;
}

/* Files that nobody uses are not looked at. */
static void close_unused_tls(struct http_listeners *l)
{
	if (has_tls(l->list) || has_tls(l->retired))
		return;
	http_tls_close(l->tls);
	l->tls = NULL;
}

static void sweep(struct http_listeners *l)
{
	struct listener *n, *next;

	LL_FOREACH_SAFE(l->retired, n, next) {
		if (!http_server_is_over(n->server))
			continue;
		LL_DELETE(l->retired, n);
		listener_free(n);
	}
	close_unused_tls(l);
}

static void on_sweep(void *arg)
{
	struct http_listeners *l = arg;

	l->sweep = NULL;
	sweep(l);
	if (l->retired)
		l->sweep = timer_start(l->parts.loop, SWEEP_MS, on_sweep, l);
}

static void retire(struct http_listeners *l, struct listener *n)
{
	http_server_retire(n->server);
	LL_APPEND(l->retired, n);
	if (!l->sweep)
		l->sweep = timer_start(l->parts.loop, SWEEP_MS, on_sweep, l);
}

/* ---- preparing ---- */

static void mark_kept(struct http_listeners *l, const struct http_addresses *a, bool tls)
{
	for (char *const *listen = a->listen; listen && *listen; listen++) {
		struct listener *n = listener_find(l->list, *listen, tls);

		if (n)
			n->keep = true;
	}
}

static void mark(struct http_listeners *l, const struct http_listeners_options *o)
{
	struct listener *n;

	LL_FOREACH(l->list, n)
		n->keep = false;
	mark_kept(l, &o->plain, false);
	mark_kept(l, &o->tls, true);
}

/* Descriptors of those that go. */
static int *going_of(struct http_listeners *l, size_t *ret_count)
{
	struct listener *n;
	size_t count = 0;
	int *fds;

	LL_COUNT(l->list, n, count);
	fds = mem_new(count + 1, sizeof(*fds));
	*ret_count = 0;
	LL_FOREACH(l->list, n)
		if (!n->keep)
			fds[(*ret_count)++] = http_server_fd(n->server);
	return fds;
}

static int open_one(struct http_listeners_change *c, const char *listen, const char *option, bool tls, struct err *err)
{
	struct http_listeners *l = c->l;
	size_t going_count;
	CLEANUP(mem_freep) int *going = going_of(l, &going_count);
	const struct http_server_options options = { .max_body = c->max_body, .knows = l->parts.knows, .guard = l->guard, .option = option,
	                                             .tls = !tls ? NULL : c->tls ? c->tls : l->tls, .going = going, .going_count = going_count };
	struct listener *n = mem_new(1, sizeof(*n));

	*n = (struct listener){ .listen = mem_dup(listen), .tls = tls, .keep = true };
	LL_APPEND(c->opened, n);
	return http_server_start(l->parts.loop, listen, &options, l->parts.handle, l->parts.arg, &n->server, err) < 0 ? err_in(err, "%s", option) : 0;
}

static int open_new(struct http_listeners_change *c, const struct http_addresses *a, bool tls, struct err *err)
{
	for (char *const *listen = a->listen; listen && *listen; listen++)
		if (!listener_find(c->l->list, *listen, tls) && open_one(c, *listen, a->option, tls, err) < 0)
			return err->code;
	return 0;
}

static int open_tls(struct http_listeners_change *c, struct err *err)
{
	if (!c->with_tls || c->l->tls)
		return 0;
	return http_tls_open(c->l->parts.loop, &c->files, &c->tls, err);
}

int http_listeners_prepare(struct http_listeners *l, const struct http_listeners_options *options, struct http_listeners_change **ret, struct err *err)
{
	struct http_listeners_change *c = mem_new(1, sizeof(*c));

	*c = (struct http_listeners_change){ .l = l, .with_tls = !is_empty(&options->tls), .files = options->files, .max_body = options->max_body,
	                                     .connections = options->connections, .per_address = options->per_address };
	sweep(l); /* in a burst of reloads they do not pile up */
	mark(l, options);
	if (open_tls(c, err) < 0 || open_new(c, &options->plain, false, err) < 0 || open_new(c, &options->tls, true, err) < 0) {
		http_listeners_abort(c);
		return err->code;
	}
	*ret = c;
	return 0;
}

void http_listeners_abort(struct http_listeners_change *c)
{
	if (!c)
		return;
	list_free(c->opened);
	http_tls_close(c->tls);
	free(c);
}

/* ---- committing ---- */

static void take_tls(struct http_listeners_change *c)
{
	struct http_listeners *l = c->l;
	struct err err = { 0 };

	if (c->tls)
		l->tls = c->tls;
	else if (c->with_tls && http_tls_reload(l->tls, &c->files, &err) < 0)
		log_event(LOG_ERROR, "TLS: the new files cannot be used; the old ones stay in force", "error", err.text, NULL);
}

void http_listeners_commit(struct http_listeners_change *c)
{
	struct http_listeners *l = c->l;
	struct listener *n, *next;

	take_tls(c);
	LL_FOREACH_SAFE(l->list, n, next) {
		if (n->keep)
			continue;
		LL_DELETE(l->list, n);
		retire(l, n);
	}
	LL_CONCAT(l->list, c->opened);
	LL_FOREACH(l->list, n)
		http_server_set_max_body(n->server, c->max_body);
	guard_set_limits(l->guard, c->connections, c->per_address);
	free(c);
}

/* ---- what there is ---- */

struct guard *http_listeners_guard(const struct http_listeners *l)
{
	return l->guard;
}

bool http_listeners_is_on(const struct http_listeners *l)
{
	return l->list;
}
