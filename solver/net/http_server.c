#include "solver/net/http_server.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#include "solver/base/clock.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/net/http_server_private.h"

#define ACCEPTS 64      /* before other descriptors get their turn */
#define SWEEP_MS 1000
#define PAUSE_MS 100    /* without a free descriptor */
#define LINGER_MS 2000
#define BODY_RATE 16384 /* bytes that a body must bring in each second beyond body_seconds */

/* The kernel says when bytes or an end are there (level-triggered, so none is missed); deadlines that start with a phase, and not with
 * the last byte, end those who drip. */

/* ---- who may come ---- */

static void source_key(const struct sockaddr_storage *peer, unsigned char key[8])
{
	memset(key, 0, 8);
	if (peer->ss_family == AF_INET6)
		memcpy(key, &((const struct sockaddr_in6 *)peer)->sin6_addr, 8);
	else
		memcpy(key, &((const struct sockaddr_in *)peer)->sin_addr, 4);
}

static struct source *source_of(struct http_server *s, const struct sockaddr_storage *peer)
{
	unsigned char key[8];
	struct source *found;

	source_key(peer, key);
	HASH_FIND(hh, s->sources, key, sizeof(key), found);
	if (found)
		return found;
	found = mem_new(1, sizeof(*found));
	memcpy(found->key, key, sizeof(key));
	HASH_ADD(hh, s->sources, key, sizeof(found->key), found);
	return found;
}

static void source_leave(struct http_server *s, struct source *source)
{
	if (--source->count > 0)
		return;
	HASH_DEL(s->sources, source);
	free(source);
}

/* Whoever has let us wait longest makes room; nobody whose reply we owe. */
static bool make_room(struct http_server *s)
{
	if (!s->waiting)
		return false;
	connection_close(s->waiting);
	return true;
}

static void admit(struct http_server *s, int fd, const struct sockaddr_storage *peer)
{
	struct source *source;

	if ((s->options.tls && !tls_keys_now(s->options.tls)) || (s->count >= s->options.connections && !make_room(s))) {
		close(fd);
		return;
	}
	source = source_of(s, peer);
	source->count++;
	if (s->options.per_address && source->count > s->options.per_address && !address_is_loopback(peer)) {
		source_leave(s, source);
		close(fd);
		return;
	}
	connection_new(s, fd, peer, source);
}

static void on_accept(void *arg);

static void on_pause_over(void *arg)
{
	struct http_server *s = arg;

	s->pause = NULL;
	s->watch = loop_watch_fd(s->loop, s->fd, on_accept, s);
}

/* No descriptor is left: the listening socket stays readable, and watching it would only spin. */
static void pause_accepting(struct http_server *s)
{
	make_room(s);
	loop_unwatch_fd(s->watch);
	s->watch = NULL;
	s->pause = timer_start(s->loop, PAUSE_MS, on_pause_over, s);
}

static void on_accept(void *arg)
{
	struct http_server *s = arg;

	for (int i = 0; i < ACCEPTS; i++) {
		struct sockaddr_storage peer = { 0 };
		socklen_t length = sizeof(peer);
		int fd = accept4(s->fd, (struct sockaddr *)&peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0)
			admit(s, fd, &peer);
		else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			return pause_accepting(s);
		else if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

/* ---- deadlines ---- */

static int64_t allowed_ms(const struct connection *c)
{
	const struct http_server_options *o = &c->server->options;

	switch (c->phase) {
	case PHASE_HEAD:
		return c->in.length || !c->served ? o->head_seconds * INT64_C(1000) : o->idle_seconds * INT64_C(1000);
	case PHASE_BODY:
		return o->body_seconds * INT64_C(1000) + (int64_t)(c->received / BODY_RATE) * 1000;
	case PHASE_LINGER:
		return LINGER_MS;
	default:
		return o->head_seconds * INT64_C(1000);
	}
}

static bool is_late(const struct connection *c, int64_t now)
{
	if (c->phase == PHASE_REPLY && c->sent >= c->out.length)
		return false; /* nothing to send: we are the ones who are slow */
	return now - c->since_ms >= (c->phase == PHASE_REPLY ? c->server->options.idle_seconds * INT64_C(1000) : allowed_ms(c));
}

static void on_sweep(void *arg)
{
	struct http_server *s = arg;
	struct connection *c, *tmp;
	int64_t now = clock_monotonic_ms();

	DL_FOREACH_SAFE(s->waiting, c, tmp)
		if (is_late(c, now))
			connection_close(c);
	DL_FOREACH_SAFE(s->busy, c, tmp)
		if (is_late(c, now))
			connection_close(c);
	s->sweep = timer_start(s->loop, SWEEP_MS, on_sweep, s);
}

/* ---- the lists ---- */

static struct connection **list_of(struct connection *c)
{
	return c->phase == PHASE_REPLY ? &c->server->busy : &c->server->waiting;
}

void server_move(struct connection *c, enum phase phase)
{
	struct connection **from = list_of(c), **to;

	DL_DELETE(*from, c);
	c->phase = phase;
	c->since_ms = clock_monotonic_ms();
	to = list_of(c);
	DL_APPEND(*to, c);
}

static void on_kick(void *arg)
{
	struct http_server *s = arg;
	struct connection *c;

	s->kick = NULL;
	while ((c = s->kicked)) {
		LL_DELETE2(s->kicked, c, kicked_next);
		c->kicked = false;
		connection_go_on(c);
	}
}

void server_kick(struct connection *c)
{
	struct http_server *s = c->server;

	if (c->kicked || c->closed || c->handling)
		return;
	c->kicked = true;
	LL_PREPEND2(s->kicked, c, kicked_next);
	if (!s->kick)
		s->kick = timer_start(s->loop, 0, on_kick, s);
}

void server_forget(struct connection *c)
{
	struct http_server *s = c->server;
	struct connection **list = list_of(c);

	if (c->kicked)
		LL_DELETE2(s->kicked, c, kicked_next);
	c->kicked = false;
	DL_DELETE(*list, c);
	s->count--;
	source_leave(s, c->source);
}

/* ---- starting and stopping ---- */

static struct http_server_options with_defaults(const struct http_server_options *o)
{
	static const struct http_server_options none = { 0 };
	struct http_server_options full = o ? *o : none;

	full.max_body = full.max_body ? full.max_body : 1024 * 1024;
	full.max_head = full.max_head ? full.max_head : 32768;
	full.connections = full.connections ? full.connections : 1000;
	full.idle_seconds = full.idle_seconds ? full.idle_seconds : 60;
	full.head_seconds = full.head_seconds ? full.head_seconds : 10;
	full.body_seconds = full.body_seconds ? full.body_seconds : 30;
	return full;
}

struct http_server *http_server_start_on(struct loop *l, int fd, const struct http_server_options *options, http_handle_fn handle, void *arg)
{
	struct http_server *s = mem_new(1, sizeof(*s));

	*s = (struct http_server){ .loop = l, .fd = fd, .handle = handle, .arg = arg, .options = with_defaults(options) };
	s->watch = loop_watch_fd(l, fd, on_accept, s);
	s->sweep = timer_start(l, SWEEP_MS, on_sweep, s);
	return s;
}

int http_server_start(struct loop *l, const char *listen, const struct http_server_options *options,
                      http_handle_fn handle, void *arg, struct http_server **ret, struct err *err)
{
	int fd, port, rc = http_listen_open(listen, &fd, &port, err);

	if (rc < 0)
		return rc;
	*ret = http_server_start_on(l, fd, options, handle, arg);
	(*ret)->port = port;
	return 0;
}

void http_server_stop(struct http_server *s)
{
	if (!s)
		return;
	if (s->watch)
		loop_unwatch_fd(s->watch);
	timer_stop(s->sweep);
	timer_stop(s->pause);
	close(s->fd);
	while (s->waiting)
		connection_close(s->waiting);
	while (s->busy)
		connection_close(s->busy);
	timer_stop(s->kick);
	free(s);
}

int http_server_port(const struct http_server *s)
{
	return s->port;
}
