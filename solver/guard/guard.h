/* The guard of one or several listeners that libmicrohttpd serves: strict framing, limits and deadlines.
 *
 * Its functions are the callbacks of libmicrohttpd, or are called from them, with the guard as their argument:
 *   accept policy -> guard_accept; MHD_OPTION_NOTIFY_CONNECTION -> guard_enter and guard_leave; MHD_OPTION_URI_LOG_CALLBACK ->
 *   guard_target; the first call of the access handler -> guard_judge.
 * MHD_OPTION_CONNECTION_LIMIT must be at least guard_limit() for each thread, so that libmicrohttpd itself never stops accepting. */
#ifndef SOLVER_GUARD_GUARD_H
#define SOLVER_GUARD_GUARD_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "solver/base/buf.h"
#include "solver/guard/framing.h"

struct guard;
struct connection;

struct guard_options {
	const char *listener;                   /* "api": in metrics and in the log. Must live as long as the guard */
	unsigned connections, per_address;      /* at once; as connections_new() has them */
	unsigned head_s;                        /* for the TLS handshake and the first request head, and for the start of a body */
	unsigned idle_s;                        /* for the next request head */
	bool (*is_exempt)(const struct sockaddr *peer, void *arg); /* from the limit of an address; NULL: only loopback */
	void *arg;
};

/* A connection, as its socket context. */
struct guard_visit {
	struct guard *guard;
	struct connection *connection;
	struct framing framing;
	void *own; /* of whoever runs the listener */
};

struct guard *guard_new(const struct guard_options *options); /* gives (free with guard_free once all have left) */
void guard_free(struct guard *g); /* NULL is allowed */
unsigned guard_limit(const struct guard *g);
unsigned guard_count(struct guard *g); /* connections now */
void guard_set_limits(struct guard *g, unsigned connections, unsigned per_address); /* other ones, at a reload */

enum MHD_Result guard_accept(void *guard, const struct sockaddr *peer, socklen_t length);
struct guard_visit *guard_enter(struct guard *g, struct MHD_Connection *c);
void guard_leave(struct guard_visit *v);
struct guard_visit *guard_visit(struct MHD_Connection *c);
void *guard_target(void *guard, const char *target, struct MHD_Connection *c); /* NULL */

/* 0: the request is in order, and its body has a deadline now. Else the status of the refusal, with its reason in *ret_why: the reply must
 * be queued in this same first call of the access handler, because libmicrohttpd closes the connection after it then. */
int guard_judge(struct MHD_Connection *c, const char *url, const char *method, const char *version, const char **ret_why);
/* As its Content-Length says; of a request that is in order. */
uint64_t guard_body_length(const struct guard_visit *v);
/* The request is there and we owe the reply: the connection is not given up. */
void guard_work(struct guard_visit *v);
/* The reply is on its way, as fast as its peer reads. */
void guard_reply(struct guard_visit *v);
/* The next request may come, until idle_s have passed. */
void guard_idle(struct guard_visit *v);

/* To be called each second, from any thread: deadlines, and a line in the log at most once a minute when somebody was refused. */
void guard_sweep(struct guard *g);
/* In the Prometheus text format, a row for each of the guards (ends with NULL). */
void guard_metrics(struct guard *const *guards, struct buf *out);

/* The value of MHD_OPTION_STRICT_FOR_CLIENT for the libmicrohttpd that runs. */
int guard_strictness(void);

#endif
