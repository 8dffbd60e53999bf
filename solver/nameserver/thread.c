/* One thread with its own sockets. Everything of it is touched by its thread alone; a change comes in between two of its turns. */
#include "solver/nameserver/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utlist.h>

#include "solver/base/mem.h"

#define EVENTS 64

/* ---- a change ---- */

static void listeners_open(struct worker *w, struct listener *opened)
{
	struct listener *l;

	LL_CONCAT(w->listeners, opened);
	LL_FOREACH(opened, l)
		worker_rewatch(w, &l->source, w->paused && l->source.kind == SOURCE_TCP ? 0 : EPOLLIN);
}

static void listener_close(struct worker *w, struct listener *l)
{
	epoll_ctl(w->epoll, EPOLL_CTL_DEL, l->source.fd, NULL);
	close(l->source.fd);
	LL_DELETE(w->listeners, l);
	free(l);
}

static void serve_last(struct worker *w, const struct listener *l)
{
	if (l->source.kind == SOURCE_UDP)
		udp_serve(w, l->source.fd);
	else
		tcp_accept(w, l->source.fd);
}

static void listeners_close(struct worker *w)
{
	struct listener *l, *next;

	LL_FOREACH_SAFE(w->listeners, l, next)
		if (l->closing) {
			serve_last(w, l);
			listener_close(w, l);
		}
}

static void take(struct worker *w)
{
	struct worker_change *change;

	eventfd_read(w->wake.fd, &(eventfd_t){ 0 });
	change = __atomic_exchange_n(&w->change, NULL, __ATOMIC_ACQUIRE);
	if (!change)
		return;
	w->zones = change->zones;
	if (change->rate) {
		rate_limit_free(w->rate);
		w->rate = change->rate;
	}
	listeners_open(w, change->opened);
	listeners_close(w);
	sem_post(&w->changed);
}

void worker_take(struct worker *w, struct worker_change *change)
{
	__atomic_store_n(&w->change, change, __ATOMIC_RELEASE);
	eventfd_write(w->wake.fd, 1);
	while (sem_wait(&w->changed) < 0 && errno == EINTR)
		;
}

/* ---- turns ---- */

static void serve(struct worker *w, const struct epoll_event *e)
{
	struct source *s = e->data.ptr;

	switch (s->kind) {
	case SOURCE_WAKE:
		return;
	case SOURCE_UDP:
		udp_serve(w, s->fd);
		return;
	case SOURCE_TCP:
		tcp_accept(w, s->fd);
		return;
	case SOURCE_CONNECTION:
		tcp_serve(w, s, e->events);
	}
}

/* The change comes last, when no event points to a listener that it closes. */
static void turn(struct worker *w)
{
	struct epoll_event events[EVENTS];
	int count = epoll_wait(w->epoll, events, EVENTS, tcp_tidy(w));
	bool woken = false;

	for (int i = 0; i < count; i++) {
		woken |= ((struct source *)events[i].data.ptr)->kind == SOURCE_WAKE;
		serve(w, &events[i]);
	}
	if (woken)
		take(w);
	worker_resume(w);
}

static void *run(void *arg)
{
	struct worker *w = arg;

	while (!__atomic_load_n(&w->stopping, __ATOMIC_ACQUIRE))
		turn(w);
	return NULL;
}

/* ---- life ---- */

int worker_start(struct worker *w, struct answers *a, unsigned connections, struct err *err)
{
	w->answers = a;
	w->udp = udp_batch_new();
	w->tcp = tcp_new(connections);
	sem_init(&w->changed, 0, 0);
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	w->wake = (struct source){ SOURCE_WAKE, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
	if (w->epoll < 0 || w->wake.fd < 0 || worker_watch(w, &w->wake, EPOLLIN) < 0)
		return err_errno(err, "name server: epoll");
	errno = pthread_create(&w->thread, NULL, run, w);
	if (errno)
		return err_errno(err, "name server: cannot start a thread");
	w->running = true;
	return 0;
}

void worker_stop(struct worker *w)
{
	if (!w->udp)
		return; /* it was never started */
	__atomic_store_n(&w->stopping, true, __ATOMIC_RELEASE);
	if (w->running) {
		eventfd_write(w->wake.fd, 1);
		pthread_join(w->thread, NULL);
	}
	while (w->listeners)
		listener_close(w, w->listeners);
	if (w->wake.fd >= 0)
		close(w->wake.fd);
	if (w->epoll >= 0)
		close(w->epoll);
	sem_destroy(&w->changed);
	tcp_free(w->tcp);
	udp_batch_free(w->udp);
	rate_limit_free(w->rate);
}
