/* What the files of the HTTP server share: http_server.c (accepting, limits, deadlines), http_connection.c (bytes of one connection),
 * http_exchange.c (a request and its reply), http_listen.c (sockets). */
#ifndef SOLVER_NET_HTTP_SERVER_PRIVATE_H
#define SOLVER_NET_HTTP_SERVER_PRIVATE_H

#include <sys/socket.h>
#include <uthash.h>
#include <uv.h>

#include "solver/base/buf.h"
#include "solver/net/address.h"
#include "solver/net/http_head.h"
#include "solver/net/http_server.h"
#include "solver/net/http_tls_private.h"

/* How many connections come from one address (of IPv6: one /64). */
struct source {
	unsigned char key[8];
	unsigned count;
	UT_hash_handle hh;
};

struct http_server {
	struct loop *loop;
	struct fd_watch *watch;
	struct timer *sweep, *pause, *kick;
	struct http_server_options options; /* no member is 0 but per_address and tls */
	int fd, port;
	http_handle_fn handle;
	void *arg;
	struct connection *waiting; /* the peer's turn: the one that has waited longest first */
	struct connection *busy;    /* our turn: a reply is awaited or being sent */
	struct connection *kicked;  /* changed outside of their own events */
	unsigned count;
	struct source *sources;
};

enum phase {
	PHASE_HANDSHAKE, PHASE_HEAD, PHASE_BODY, /* the peer's turn */
	PHASE_REPLY,                             /* ours */
	PHASE_LINGER,                            /* refused: what the peer still sends is read for a moment, so that it can read why */
};

struct connection {
	struct http_server *server;
	struct connection *prev, *next;
	struct connection *kicked_next;
	uv_poll_t uv;
	int fd, events;
	struct sockaddr_storage peer;
	struct source *source;
	gnutls_session_t session;    /* or NULL */
	struct tls_session *tls;     /* or NULL */
	enum phase phase;
	int64_t since_ms;            /* the phase began; or, of PHASE_REPLY, the peer took bytes */
	bool closed, kicked, close_after, head_only;
	bool served;                 /* a request before this one */
	bool handling;               /* inside of handle(): whoever called it goes on */
	bool lingers;                /* our side is shut */
	struct buf in;               /* not looked at yet */
	size_t scanned;
	struct http_head head;
	struct http_chunks chunks;
	struct buf body;
	size_t received;             /* bytes of the body, with those that were dropped */
	struct buf out;
	size_t sent;                 /* of out */
	struct http_exchange *exchange;
};

struct header {
	char *name, *value;
	struct header *next;
};

struct http_exchange {
	struct connection *connection;
	char *path;
	char *prefix;                /* cut off the path; wiped */
	char peer[ADDRESS_TEXT_SIZE];
	struct header *arguments;    /* of the query, decoded when they are asked for */
	bool arguments_read, answered, streaming, ended;
	bool gone;                   /* the peer hung up, or was cut */
	struct header *headers;      /* of the reply */
	void (*on_gone)(void *arg);
	void *on_gone_arg;
};

/* ---- http_listen.c ---- */
int http_listen_open(const char *listen_text, int *ret_fd, int *ret_port, struct err *err);

/* ---- http_server.c ---- */
/* Soon, from the loop: connection_go_on(). */
void server_kick(struct connection *c);
void server_move(struct connection *c, enum phase phase); /* sets since_ms */
void server_forget(struct connection *c);

/* ---- http_connection.c ---- */
/* Takes `fd`. */
void connection_new(struct http_server *s, int fd, const struct sockaddr_storage *peer, struct source *source);
void connection_close(struct connection *c);
/* Does what can be done now: sends, and reads the next request when a reply is through. */
void connection_go_on(struct connection *c);
/* Refuses what came with a problem (RFC 9457); nothing more is read as a request. */
void connection_refuse(struct connection *c, int status, const char *why);

/* ---- http_exchange.c ---- */
struct http_exchange *exchange_new(struct connection *c);
void exchange_free(struct http_exchange *x);
const char *exchange_status_text(int status);

#endif
