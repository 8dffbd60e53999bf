/* An address of dns.listen with its sockets: UDP and TCP in each worker. */
#ifndef SOLVER_NAMESERVER_BOUND_H
#define SOLVER_NAMESERVER_BOUND_H

#include "solver/base/listen.h"
#include "solver/nameserver/worker.h"

#define WORKERS_MAX 64

struct bound {
	char *asked;                   /* as in dns.listen */
	struct listen_address address;
	char text[LISTEN_TEXT_SIZE];
	struct listener *listeners[2 * WORKERS_MAX]; /* of each worker its UDP and its TCP */
	bool keep;                     /* the options of a change have it too */
};

/* Opens the sockets, which the workers do not look at yet. Those of `old` that are not kept may hold a part of the address. Gives *ret (free with
 * bound_abandon, or with bound_close and bound_free). */
int bound_open(const char *listen, struct worker *workers, unsigned worker_count, struct bound *const *old, size_t old_count, struct bound **ret, struct err *err);
/* Before a worker took it: closes all. */
void bound_abandon(struct bound *b, struct worker *workers, unsigned worker_count);
/* Marks its sockets for the workers, who close them. */
void bound_close(struct bound *b, unsigned worker_count);
void bound_free(struct bound *b); /* its sockets are the workers' */

#endif
