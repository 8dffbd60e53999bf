/* The loop drives libmicrohttpd. */
#include "solver/base/clock.h"
#include "solver/net/http_server_private.h"

#define RUNS_WITHOUT_PAUSE 8
#define PAUSE_FACTOR 4

/* libmicrohttpd works only inside MHD_run(), which our loop calls when its epoll descriptor is readable or its
 * time is up. An exchange without a reply is a suspended connection, which libmicrohttpd does not look at: a watch
 * of our own notices when its peer hangs up.
 *
 * libmicrohttpd 0.9.75 misses the end of a connection that comes together with its last bytes: it reads once for each
 * event of its edge-triggered epoll. The deadlines of the guard cover that: it shuts the socket down, which wakes the epoll
 * in any case. */

void server_run(void *arg)
{
	struct http_server *s = arg;

	s->running = true;
	s->kicked = false;
	MHD_run(s->daemon);
	s->running = false;
	server_rearm(s);
}

static void on_time(void *arg)
{
	struct http_server *s = arg;

	s->timer = NULL;
	server_run(s);
}

/* libmicrohttpd asks to be called again at once while it has something to do, and before 1.0 also all the while a TLS handshake waits for
 * its peer. A timer that is always due would let our loop see nothing else: after some runs there is a pause, four times as long as they took. */
static int64_t server_pause_ms(struct http_server *s, MHD_UNSIGNED_LONG_LONG after_ms)
{
	int64_t took_ms;

	if (after_ms || s->runs_at_once == 0)
		s->burst_ms = clock_monotonic_ms();
	if (after_ms) {
		s->runs_at_once = 0;
		return (int64_t)after_ms;
	}
	if (++s->runs_at_once < RUNS_WITHOUT_PAUSE)
		return 0;
	took_ms = clock_monotonic_ms() - s->burst_ms;
	s->runs_at_once = 0;
	return took_ms ? took_ms * PAUSE_FACTOR : 1;
}

void server_rearm(struct http_server *s)
{
	MHD_UNSIGNED_LONG_LONG after_ms;

	timer_stop(s->timer);
	s->timer = NULL;
	if (s->kicked)
		s->timer = timer_start(s->loop, 0, on_time, s);
	else if (MHD_get_timeout(s->daemon, &after_ms) == MHD_YES)
		s->timer = timer_start(s->loop, server_pause_ms(s, after_ms), on_time, s);
}

void server_kick(struct http_server *s)
{
	s->kicked = true;
	if (!s->stopping && !s->running)
		server_rearm(s);
}
