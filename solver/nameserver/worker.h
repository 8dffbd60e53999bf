/* Inside of the name server: one worker is one thread with its own epoll, UDP and TCP sockets. */
#ifndef SOLVER_NAMESERVER_WORKER_H
#define SOLVER_NAMESERVER_WORKER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "solver/nameserver/rate.h"
#include "solver/nameserver/zones.h"

enum source_kind { SOURCE_STOP, SOURCE_UDP, SOURCE_TCP, SOURCE_CONNECTION };

/* What an epoll event points to; the first member of what it is part of. */
struct source {
	enum source_kind kind;
	int fd;
};

struct udp_batch;
struct tcp;

struct worker {
	pthread_t thread;
	bool running;
	const struct zones *zones;
	struct answers *answers;
	int epoll;
	struct source stop;
	struct source *sockets;  /* UDP and TCP, two an address */
	size_t socket_count;
	struct udp_batch *udp;
	struct rate_limit *rate;
	struct tcp *tcp;
	int64_t paused;          /* no descriptor was left: since when nothing is accepted, ms; 0: accepting */
};

int worker_watch(struct worker *w, struct source *s, uint32_t events);
/* Ignores the listening TCP sockets for a moment: they stay readable while no descriptor is left, and polling them would only spin. */
#define WORKER_PAUSE_MS 100
void worker_pause(struct worker *w);
void worker_resume(struct worker *w); /* once the moment is over */

/* udp.c */
struct udp_batch *udp_batch_new(void);
void udp_batch_free(struct udp_batch *b);
int udp_prepare(int fd);             /* asks for the address each query came to, to answer from it */
void udp_serve(struct worker *w, int fd);

/* tcp.c */
struct tcp *tcp_new(unsigned connections);
void tcp_free(struct tcp *t);
void tcp_accept(struct worker *w, int fd);
void tcp_serve(struct worker *w, struct source *connection, uint32_t events);
/* Closes what was idle too long and frees what is closed; returns ms until it wants to be called again, or -1. */
int tcp_tidy(struct worker *w);

#endif
