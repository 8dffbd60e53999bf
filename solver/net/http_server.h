/* HTTP server for the front doors: libmicrohttpd driven by our loop, no thread of its own.
 *
 * `handle` is called on the loop thread, once per request, when the whole (bounded) body is there. It answers
 * now or later: exactly one http_exchange_reply(), or http_exchange_stream() … http_exchange_end(). A body over
 * the maximum is refused with 413 (problem details, RFC 9457) before `handle` hears of it, and so is with 400, 411 or 417 what could be
 * read in two ways (solver/guard).
 *
 * An exchange lives until its on-gone callback returns: the reply was sent, or the peer went away first. Who
 * keeps `x` after `handle` returned sets that callback and forgets `x` there. Replying twice is a bug. */
#ifndef SOLVER_NET_HTTP_SERVER_H
#define SOLVER_NET_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "solver/base/err.h"
#include "solver/net/loop.h"

#define HTTP_STREAM_MAX (1024 * 1024) /* bytes a slow reader of a stream may be behind before it is cut */

#define HTTP_STRANGER_BODY 65536

struct http_server;
struct http_exchange;
struct http_tls;
struct guard;

/* The certificate of a TLS client. Only what is trusted[] says anything: the rest is a claim. */
#define HTTP_TRUST_MAX 2
struct http_certificate {
	char *subject;               /* RFC 4514 */
	char *cn;                    /* or NULL */
	char *fingerprint;           /* SHA-256 of the whole, lower-case hex */
	bool trusted[HTTP_TRUST_MAX]; /* by the CA file of that number (http_tls.h), now, as a client's */
	char *why_not;               /* a sentence when none trusts it */
};

struct http_server_options {
	size_t max_body;         /* bytes; 0: 1 MiB */
	/* Whether it is known, from the head alone, who sends the request: its body may have max_body bytes, others' HTTP_STRANGER_BODY, so
	 * that strangers cannot fill the memory. With the `arg` of the handler. NULL: everybody is known. */
	bool (*knows)(struct http_exchange *x, void *arg);
	struct guard *guard;     /* limits and deadlines, shared with other servers; borrowed. NULL: one of its own */
	struct http_tls *tls;    /* NULL: plain HTTP. Borrowed until http_server_stop() */
	const char *option;      /* where the address stands, for the sentence of an error; or NULL */
	const int *going;        /* http_server_fd() of servers that retire soon and may hold a part of the address; or NULL */
	size_t going_count;
};

typedef void (*http_handle_fn)(struct http_exchange *x, void *arg);

/* `listen`: "address:port", "[v6]:port", or "port" (loopback only). `options` may be NULL. A port that is taken
 * is ERR_EXISTS with a sentence that names address, port and why. Gives *ret (free with http_server_stop). */
int http_server_start(struct loop *l, const char *listen, const struct http_server_options *options,
                      http_handle_fn handle, void *arg, struct http_server **ret, struct err *err);
/* Closes all connections; exchanges in flight get their on-gone call. NULL is allowed. */
void http_server_stop(struct http_server *s);
/* At a reload that takes its address away: accepts nothing more, ends streams, finishes the answers that are under way, and answers each
 * connection once more, with "Connection: close". Stop it once it is over: nobody is connected, or only peers that have been silent for a minute. */
void http_server_retire(struct http_server *s);
bool http_server_is_over(const struct http_server *s);
void http_server_set_max_body(struct http_server *s, size_t max_body); /* of requests that begin from now on; never 0 */
int http_server_fd(const struct http_server *s);
/* The port listened on; useful after port 0. */
int http_server_port(const struct http_server *s);

/* All text is borrowed for the life of the exchange. HEAD is given as "GET": the body is dropped by the server. */
const char *http_exchange_method(const struct http_exchange *x);
const char *http_exchange_path(const struct http_exchange *x);  /* percent-decoded, without the query */
/* Takes the first `length` bytes off the path: a token that is no part of the resource and must not reach a log. */
void http_exchange_cut_path(struct http_exchange *x, size_t length);
const char *http_exchange_prefix(const struct http_exchange *x); /* what was cut off, or NULL */
const char *http_exchange_query(struct http_exchange *x, const char *name);  /* percent-decoded, or NULL; "" for a bare name */
const char *http_exchange_request_header(struct http_exchange *x, const char *name); /* or NULL */
/* All headers of that name in the order in which they came, joined by ", "; NULL: none. Gives (free with free). */
char *http_exchange_request_header_all(struct http_exchange *x, const char *name);
const char *http_exchange_body(const struct http_exchange *x);  /* zero-ended */
size_t http_exchange_body_length(const struct http_exchange *x);
const char *http_exchange_peer(const struct http_exchange *x);  /* "192.0.2.1" */
bool http_exchange_from_loopback(const struct http_exchange *x);
bool http_exchange_tls(const struct http_exchange *x);
/* NULL: without TLS, or none was sent. */
const struct http_certificate *http_exchange_client_certificate(const struct http_exchange *x);

/* Adds a header to the reply to come; ERR_INVALID when it holds a line break. */
int http_exchange_header(struct http_exchange *x, const char *name, const char *value);
/* Copies the body. `content_type` may be NULL. From the loop thread. */
void http_exchange_reply(struct http_exchange *x, int status, const char *content_type, const void *body, size_t length);
/* Starts a reply of unknown length (200). */
void http_exchange_stream(struct http_exchange *x, const char *content_type);
/* 0, or ERR_TOO_LARGE when the reader is HTTP_STREAM_MAX behind, or its client certificate is trusted no longer: it is being cut and
 * nothing more is sent. */
int http_exchange_write(struct http_exchange *x, const char *text);
void http_exchange_end(struct http_exchange *x);
/* Called once, on the loop thread; `x` is gone when it returns. */
void http_exchange_on_gone(struct http_exchange *x, void (*fn)(void *arg), void *arg);

#endif
