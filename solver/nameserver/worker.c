#include "solver/nameserver/worker.h"

#include <sys/epoll.h>

#include "solver/base/clock.h"

int worker_watch(struct worker *w, struct source *s, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = s };

	return epoll_ctl(w->epoll, EPOLL_CTL_ADD, s->fd, &e);
}

/* Sets which events of the listening TCP sockets epoll reports. */
static void watch_listeners(struct worker *w, uint32_t events)
{
	for (size_t i = 0; i < w->socket_count; i++) {
		struct epoll_event e = { .events = events, .data.ptr = &w->sockets[i] };

		if (w->sockets[i].kind == SOURCE_TCP)
			epoll_ctl(w->epoll, EPOLL_CTL_MOD, w->sockets[i].fd, &e);
	}
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
