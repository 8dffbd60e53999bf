/* One GET as a validation server makes it: to one address, HTTP/1.1 or HTTPS by stream.h, one request a connection, the response
 * read by http_reader.h. Nothing is followed. */
#ifndef SOLVER_NET_HTTP_FETCH_H
#define SOLVER_NET_HTTP_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "solver/base/err.h"
#include "solver/net/failure.h"
#include "solver/net/loop.h"

struct http_fetch;

/* Texts are copied. `host`, `target`, `user_agent`, `authorization` and `referer` go out byte for byte: they hold no control characters. */
struct http_fetch_request {
	const char *address;          /* "192.0.2.1", "2001:db8::1" */
	int port;
	bool tls;
	const char *sni;              /* or NULL */
	const char *host;             /* for the Host header: "www.example.com", "[2001:db8::1]:80" */
	const char *target;           /* "/path?query" */
	const char *user_agent;
	const char *authorization;    /* "Basic …", or NULL */
	const char *referer;          /* the URL that redirected here, or NULL */
	size_t body_max;              /* bytes; a longer body is cut there */
	int dial_ms, timeout_ms;      /* at most, for the dial and for everything */
};

/* Borrowed. With a status (Go takes 000 for one too) the head of a response came, whatever the failure says about its body. */
struct http_fetch_reply {
	enum http_failure failure;
	const char *why;              /* or NULL */
	int status;
	const char *location, *server, *encoding; /* header values, or NULL; encoding: Content-Encoding */
	const char *body;
	size_t body_length;
	int number;                   /* errno of a dial that failed; 0: not known */
	int64_t elapsed_ms;
};

/* As loop.h says; HTTP_LOCAL when the loop is freed. */
typedef void (*http_fetch_fn)(const struct http_fetch_reply *reply, void *arg);
int http_fetch_start(struct loop *l, const struct http_fetch_request *request, http_fetch_fn done, void *arg, struct http_fetch **ret,
                     struct err *err);
void http_fetch_cancel(struct http_fetch *f);

#endif
