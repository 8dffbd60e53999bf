#include "solver/nameserver/bound.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "solver/base/mem.h"

#define OPTION "dns.listen"
#define PORT_TRIES 20

/* The descriptors of ours that are about to go. */
struct going {
	int *fds;
	size_t count;
};

static struct going going_of(struct bound *const *old, size_t old_count, unsigned worker_count)
{
	struct going g = { mem_new(old_count * 2 * worker_count + 1, sizeof(*g.fds)), 0 };

	for (size_t i = 0; i < old_count; i++)
		for (unsigned k = 0; !old[i]->keep && k < 2 * worker_count; k++)
			g.fds[g.count++] = old[i]->listeners[k]->source.fd;
	return g;
}

static void close_all(const int *fds, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		close(fds[i]);
}

/* UDP and TCP on one address. When the kernel chooses the port for UDP, somebody may hold the same one
 * for TCP: then another is chosen. */
static int open_both(struct bound *b, unsigned count, const struct going *g, int *udp, int *tcp, struct err *err)
{
	struct listen_address asked = b->address;
	bool any_port = asked.v4.sin_port == 0; /* at the same place in sockaddr_in6 */

	for (int tries = any_port ? PORT_TRIES : 1; tries > 0; tries--) {
		b->address = asked;
		if (listen_open_beside(&b->address, SOCK_DGRAM, count, OPTION, g->fds, g->count, udp, err) < 0)
			return err->code;
		if (listen_open_beside(&b->address, SOCK_STREAM, count, OPTION, g->fds, g->count, tcp, err) == 0)
			return 0;
		close_all(udp, count);
	}
	return err->code;
}

/* Watched for nothing yet, so that all that can fail has not failed. */
static int add(struct bound *b, unsigned at, struct worker *w, enum source_kind kind, int fd, struct err *err)
{
	struct listener *l = b->listeners[at] = mem_new(1, sizeof(*l));

	l->source = (struct source){ kind, fd };
	if (kind == SOURCE_UDP)
		udp_prepare(fd);
	return worker_watch(w, &l->source, 0) < 0 ? err_errno(err, "name server: epoll") : 0;
}

static int open_all(struct bound *b, struct worker *workers, unsigned worker_count, const struct going *g, struct err *err)
{
	int udp[WORKERS_MAX], tcp[WORKERS_MAX], code = 0;

	if (open_both(b, worker_count, g, udp, tcp, err) < 0)
		return err->code;
	listen_text(&b->address, b->text);
	for (unsigned i = 0; i < worker_count; i++) {
		if (add(b, 2 * i, &workers[i], SOURCE_UDP, udp[i], err) < 0)
			code = err->code;
		if (add(b, 2 * i + 1, &workers[i], SOURCE_TCP, tcp[i], err) < 0)
			code = err->code;
	}
	return code;
}

int bound_open(const char *listen, struct worker *workers, unsigned worker_count, struct bound *const *old, size_t old_count, struct bound **ret, struct err *err)
{
	struct bound *b = mem_new(1, sizeof(*b));
	struct going g = going_of(old, old_count, worker_count);
	int code;

	b->asked = mem_dup(listen);
	code = listen_parse(listen, OPTION, &b->address, err);
	if (code == 0)
		code = open_all(b, workers, worker_count, &g, err);
	free(g.fds);
	if (code < 0)
		bound_abandon(b, workers, worker_count);
	else
		*ret = b;
	return code;
}

void bound_abandon(struct bound *b, struct worker *workers, unsigned worker_count)
{
	for (unsigned i = 0; i < 2 * worker_count; i++) {
		struct listener *l = b->listeners[i];

		if (!l)
			continue;
		epoll_ctl(workers[i / 2].epoll, EPOLL_CTL_DEL, l->source.fd, NULL);
		close(l->source.fd);
		free(l);
	}
	bound_free(b);
}

void bound_close(struct bound *b, unsigned worker_count)
{
	for (unsigned i = 0; i < 2 * worker_count; i++)
		b->listeners[i]->closing = true;
}

void bound_free(struct bound *b)
{
	free(b->asked);
	free(b);
}
