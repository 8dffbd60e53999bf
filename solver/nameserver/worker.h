/* Inside of the name server: one worker is one thread with its own epoll, UDP and TCP sockets. */
#ifndef SOLVER_NAMESERVER_WORKER_H
#define SOLVER_NAMESERVER_WORKER_H

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>

#include "solver/nameserver/rate.h"
#include "solver/nameserver/zones.h"

enum source_kind { SOURCE_WAKE, SOURCE_UDP, SOURCE_TCP, SOURCE_CONNECTION };

/* What an epoll event points to; the first member of what it is part of. */
struct source {
	enum source_kind kind;
	int fd;
};

/* A listening socket of one worker, which closes and frees it. */
struct listener {
	struct source source;
	struct listener *next; /* of the worker */
	bool closing;
};

/* What a worker takes over between two turns. */
struct worker_change {
	const struct zones *zones;
	struct rate_limit *rate;   /* NULL: the one before stays */
	struct listener *opened;   /* watched already, for nothing */
};

struct udp_batch;
struct tcp;

struct worker {
	pthread_t thread;
	bool running;
	const struct zones *zones;
	struct answers *answers;
	int epoll;
	struct source wake;      /* an eventfd */
	bool stopping;           /* it ends at the next wake */
	struct worker_change *change; /* to take at the next wake, and `changed` when it is taken */
	sem_t changed;
	struct listener *listeners;
	struct udp_batch *udp;
	struct rate_limit *rate;
	struct tcp *tcp;
	int64_t paused;          /* no descriptor was left: since when nothing is accepted, ms; 0: accepting */
};

/* thread.c */
/* Starts its thread, which serves nothing before a change brings it something. */
int worker_start(struct worker *w, struct answers *a, unsigned connections, struct err *err);
/* Hands the change over and waits until it is taken: the time of one turn. Listeners that are `closing` are closed, when what had arrived there is answered. */
void worker_take(struct worker *w, struct worker_change *change);
void worker_stop(struct worker *w); /* also what did not start; closes its listeners */

/* worker.c */
int worker_watch(struct worker *w, struct source *s, uint32_t events);
void worker_rewatch(struct worker *w, struct source *s, uint32_t events); /* other events */
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
