#include "solver/nameserver/nameserver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "solver/base/limit.h"
#include "solver/base/listen.h"
#include "solver/base/mem.h"
#include "solver/nameserver/worker.h"

#define OPTION "dns.listen"
#define WORKERS_MAX 64
#define CONNECTIONS 512
#define EVENTS 64
#define PORT_TRIES 20

struct bound {
	struct listen_address address;
	char text[LISTEN_TEXT_SIZE];
};

struct nameserver {
	struct zones *zones;
	struct networks *exempt;
	struct bound *bound;
	size_t bound_count;
	struct worker *workers;
	unsigned worker_count;
	int stop; /* an eventfd: readable when the workers are to end */
};

static bool worker_event(struct worker *w, const struct epoll_event *e)
{
	struct source *s = e->data.ptr;

	switch (s->kind) {
	case SOURCE_STOP:
		return false;
	case SOURCE_UDP:
		udp_serve(w, s->fd);
		return true;
	case SOURCE_TCP:
		tcp_accept(w, s->fd);
		return true;
	case SOURCE_CONNECTION:
		tcp_serve(w, s, e->events);
		return true;
	}
	return true;
}

static void *worker_run(void *arg)
{
	struct worker *w = arg;
	struct epoll_event events[EVENTS];
	bool going = true;

	while (going) {
		int count = epoll_wait(w->epoll, events, EVENTS, tcp_tidy(w));

		for (int i = 0; i < count && going; i++)
			going = worker_event(w, &events[i]);
		worker_resume(w);
	}
	return NULL;
}

static void worker_init(struct worker *w, const struct nameserver *ns, const struct nameserver_options *o, struct answers *a)
{
	const struct rate_options rate = { .per_second = o->rate_limit, .slip = o->rate_limit_slip, .exempt = ns->exempt };

	w->rate = rate_limit_new(&rate);
	w->zones = ns->zones;
	w->answers = a;
	w->epoll = -1;
	w->stop = (struct source){ SOURCE_STOP, ns->stop };
	w->sockets = mem_new(ns->bound_count * 2 + 1, sizeof(*w->sockets));
	w->udp = udp_batch_new();
	w->tcp = tcp_new(limit_fit(CONNECTIONS, LIMIT_SHARE_DNS, "dns.listen over TCP") / ns->worker_count + 1);
}

static void worker_done(struct worker *w)
{
	if (w->running)
		pthread_join(w->thread, NULL);
	for (size_t i = 0; i < w->socket_count; i++)
		close(w->sockets[i].fd);
	if (w->epoll >= 0)
		close(w->epoll);
	tcp_free(w->tcp);
	udp_batch_free(w->udp);
	rate_limit_free(w->rate);
	free(w->sockets);
}

static int worker_start(struct worker *w, struct err *err)
{
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (w->epoll < 0 || worker_watch(w, &w->stop, EPOLLIN) < 0)
		return err_errno(err, "name server: epoll");
	for (size_t i = 0; i < w->socket_count; i++)
		if (worker_watch(w, &w->sockets[i], EPOLLIN) < 0)
			return err_errno(err, "name server: epoll");
	errno = pthread_create(&w->thread, NULL, worker_run, w);
	if (errno)
		return err_errno(err, "name server: cannot start a thread");
	w->running = true;
	return 0;
}

static void workers_take(struct nameserver *ns, enum source_kind kind, const int *fds)
{
	for (unsigned i = 0; i < ns->worker_count; i++) {
		struct worker *w = &ns->workers[i];

		w->sockets[w->socket_count++] = (struct source){ kind, fds[i] };
		if (kind == SOURCE_UDP)
			udp_prepare(fds[i]);
	}
}

static void close_all(const int *fds, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		close(fds[i]);
}

/* UDP and TCP on one address. When the kernel chooses the port for UDP, somebody may hold the same one
 * for TCP: then another is chosen. */
static int bind_both(struct nameserver *ns, struct bound *b, struct err *err)
{
	struct listen_address asked = b->address;
	bool any_port = asked.v4.sin_port == 0; /* at the same place in sockaddr_in6 */
	int udp[WORKERS_MAX], tcp[WORKERS_MAX];

	for (int tries = any_port ? PORT_TRIES : 1; tries > 0; tries--) {
		b->address = asked;
		if (listen_open(&b->address, SOCK_DGRAM, ns->worker_count, OPTION, udp, err) < 0)
			return err->code;
		if (listen_open(&b->address, SOCK_STREAM, ns->worker_count, OPTION, tcp, err) == 0) {
			workers_take(ns, SOURCE_UDP, udp);
			workers_take(ns, SOURCE_TCP, tcp);
			listen_text(&b->address, b->text);
			return 0;
		}
		close_all(udp, ns->worker_count);
	}
	return err->code;
}

static int bind_addresses(struct nameserver *ns, const struct nameserver_options *o, struct err *err)
{
	for (size_t i = 0; i < ns->bound_count; i++)
		if (listen_parse(o->listen[i], OPTION, &ns->bound[i].address, err) < 0 || bind_both(ns, &ns->bound[i], err) < 0)
			return err->code;
	return 0;
}

static int read_exempt(struct nameserver *ns, const struct nameserver_options *o, struct err *err)
{
	ns->exempt = networks_new();
	for (const char *const *text = o->rate_limit_exempt; text && *text; text++)
		if (networks_add(ns->exempt, *text, err) < 0)
			return err_in(err, "dns.rate-limit-exempt");
	return 0;
}

static int start(struct nameserver *ns, const struct nameserver_options *o, struct answers *a, struct err *err)
{
	if (zones_new(o, &ns->zones, err) < 0 || read_exempt(ns, o, err) < 0)
		return err->code;
	ns->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ns->stop < 0)
		return err_errno(err, "name server: eventfd");
	ns->worker_count = o->workers == 0 ? 1 : o->workers > WORKERS_MAX ? WORKERS_MAX : o->workers;
	while (o->listen && o->listen[ns->bound_count])
		ns->bound_count++;
	ns->bound = mem_new(ns->bound_count + 1, sizeof(*ns->bound));
	ns->workers = mem_new(ns->worker_count, sizeof(*ns->workers));
	for (unsigned i = 0; i < ns->worker_count; i++)
		worker_init(&ns->workers[i], ns, o, a);
	if (bind_addresses(ns, o, err) < 0)
		return err->code;
	for (unsigned i = 0; i < ns->worker_count; i++)
		if (worker_start(&ns->workers[i], err) < 0)
			return err->code;
	return 0;
}

int nameserver_start(const struct nameserver_options *options, struct answers *a, struct nameserver **ret, struct err *err)
{
	struct nameserver *ns = mem_new(1, sizeof(*ns));
	struct err scratch;

	if (!err)
		err = &scratch;
	ns->stop = -1;
	if (start(ns, options, a, err) < 0) {
		nameserver_stop(ns);
		return err->code;
	}
	*ret = ns;
	return 0;
}

void nameserver_stop(struct nameserver *ns)
{
	if (!ns)
		return;
	if (ns->stop >= 0)
		eventfd_write(ns->stop, 1);
	for (unsigned i = 0; ns->workers && i < ns->worker_count; i++)
		worker_done(&ns->workers[i]);
	if (ns->stop >= 0)
		close(ns->stop);
	zones_free(ns->zones);
	networks_free(ns->exempt);
	free(ns->workers);
	free(ns->bound);
	free(ns);
}

const char *nameserver_bound(const struct nameserver *ns, size_t index)
{
	return index < ns->bound_count ? ns->bound[index].text : NULL;
}
