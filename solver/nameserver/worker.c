#include "solver/nameserver/worker.h"

#include <sys/epoll.h>
#include <utlist.h>

#include "solver/base/clock.h"

static int watch_as(struct worker *w, int how, struct source *s, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = s };

	return epoll_ctl(w->epoll, how, s->fd, &e);
}

int worker_watch(struct worker *w, struct source *s, uint32_t events)
{
	return watch_as(w, EPOLL_CTL_ADD, s, events);
}

void worker_rewatch(struct worker *w, struct source *s, uint32_t events)
{
	watch_as(w, EPOLL_CTL_MOD, s, events);
}

/* Sets which events of the listening TCP sockets epoll reports. */
static void watch_listeners(struct worker *w, uint32_t events)
{
	struct listener *l;

	LL_FOREACH(w->listeners, l)
		if (l->source.kind == SOURCE_TCP)
			worker_rewatch(w, &l->source, events);
}

void worker_pause(struct worker *w)
{
	w->paused = clock_monotonic_ms();
	watch_listeners(w, 0);
}

void worker_resume(struct worker *w)
{
	if (!w->paused || clock_monotonic_ms() - w->paused < WORKER_PAUSE_MS)
		return;
	w->paused = 0;
	watch_listeners(w, EPOLLIN);
}
