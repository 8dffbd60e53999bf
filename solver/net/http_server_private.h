/* What the files of the HTTP server share: http_server.c (connections), http_server_run.c (when libmicrohttpd works), http_exchange.c (requests and replies),
 * http_listen.c (sockets), http_claims.c (how many requests of whom). */
#ifndef SOLVER_NET_HTTP_SERVER_PRIVATE_H
#define SOLVER_NET_HTTP_SERVER_PRIVATE_H

#include <microhttpd.h>

#include "solver/base/buf.h"
#include "solver/guard/guard.h"
#include "solver/net/address.h"
#include "solver/net/http_server.h"
#include "solver/net/http_tls_private.h"

struct http_server {
	struct loop *loop;
	struct MHD_Daemon *daemon;
	struct fd_watch *watch;
	struct timer *timer;
	size_t max_body;
	int port;
	int fd;                 /* it listens on; libmicrohttpd's until it retires */
	bool stopping, running; /* running: inside MHD_run() */
	bool retiring;
	int64_t retired_ms;     /* loop clock */
	bool kicked;            /* MHD_run() is to be called once more */
	unsigned runs_at_once;  /* one behind the other without a pause, as libmicrohttpd asked */
	int64_t burst_ms;       /* since when */
	http_handle_fn handle;
	bool (*knows)(struct http_exchange *x, void *arg); /* or NULL */
	void *arg;
	struct http_tls *tls;   /* or NULL */
	struct guard *guard, *own_guard; /* own_guard: NULL where several servers share one */
	struct timer *sweep;
	struct http_exchange *exchanges;
};

struct header {
	char *name, *value;
	struct header *next;
};

struct peer_watch;
struct claim;

struct http_exchange {
	struct http_server *server;
	struct MHD_Connection *connection;
	struct guard_visit *visit;   /* of the connection */
	struct claim *claim;         /* or NULL */
	const char *method;
	char *path;
	char *prefix;                /* cut off the path; wiped */
	char peer[ADDRESS_TEXT_SIZE];
	bool from_loopback;
	struct tls_session *tls;     /* of the connection, or NULL */
	struct buf body;
	size_t dropped;              /* bytes of a body that is too long */
	bool handled, suspended, streaming, ended;
	bool gone;                   /* the peer hung up, or was cut */
	struct peer_watch *peer_watch;
	struct header *headers;
	struct MHD_Response *response;
	int status;
	struct buf stream;
	void (*on_gone)(void *arg);
	void *on_gone_arg;
	struct http_exchange *prev, *next;
};

/* ---- http_listen.c ---- */
int http_listen_open(const char *listen_text, const struct http_server_options *options, int *ret_fd, int *ret_port, struct err *err);

/* ---- http_server_run.c ---- */
/* Lets libmicrohttpd work; `arg` is the server. */
void server_run(void *arg);
/* Sets the timer for the next run. */
void server_rearm(struct http_server *s);
/* libmicrohttpd looks at resumed connections in its next MHD_run() only, and nothing else may call for one. */
void server_kick(struct http_server *s);

/* ---- http_claims.c ---- */
void claim_release(struct claim *c); /* NULL is allowed */

/* ---- http_exchange.c ---- */
struct http_exchange *exchange_new(struct http_server *s, struct MHD_Connection *connection, const char *path, const char *method);
void exchange_free(struct http_exchange *x);
void exchange_suspend(struct http_exchange *x);
void exchange_resume(struct http_exchange *x);

#endif
