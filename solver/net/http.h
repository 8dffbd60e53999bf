/* HTTP client on the loop: libcurl's multi-socket interface. Redirects are followed only
 * when asked; bodies over the limit end the transfer; credentials never reach a log. */
#ifndef SOLVER_NET_HTTP_H
#define SOLVER_NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "solver/base/err.h"
#include "solver/net/loop.h"

#define HTTP_HEADERS_MAX 65536 /* bytes of reply headers */

struct http_client;
struct http_call;

struct http_request {
	const char *method;          /* NULL: GET */
	const char *url;             /* sent byte for byte (no path normalisation) */
	const char *const *headers;  /* NULL-ended "Name: value" lines, or NULL */
	const void *body;
	size_t body_length;
	size_t max_reply;            /* bytes of body; 0: 1 MiB */
	int timeout_ms;              /* whole call; 0: 30000 */
	int connect_timeout_ms;      /* 0: 10000 */
	int max_redirects;           /* 0: none are followed */
	const char *connect_address; /* "192.0.2.1", "2001:db8::1" or a host: connect there, whatever the URL's host says */
	bool certificate_only;       /* ends with the TLS handshake; the body of the reply is the certificate of the server (PEM) */
	bool cut_at_max;             /* a reply over max_reply is cut there instead of failing */
	bool insecure_tls;           /* an authority ignores certificates during validation */
	const char *ca_file;         /* NULL: the system's */
	const char *unix_socket;     /* or NULL */
	bool redirects_web_ports_only; /* only http/https on 80/443, as an authority does */
	/* For URLs of strangers: asked of each numeric address that is to be connected to, after look-ups and redirects; false fails the
	 * call with ERR_DENIED. No proxy and no older connection is used then. NULL: every address. */
	bool (*may_connect)(const char *address);
};

struct http_reply {
	int status;
	const char *headers;         /* of the last response, "Name: value\r\n" lines */
	const char *body;            /* zero-ended */
	size_t body_length;
	const char *final_url;
	const char *address;         /* that was connected to */
	int redirects;
	long elapsed_ms;
	bool cut;
};

struct http_client *http_client_new(struct loop *l);
void http_client_free(struct http_client *c); /* what is under way is told ERR_CANCELLED */
/* `done` gets the reply (borrowed, NULL on failure) and the error (code 0 on success), as loop.h says; *ret_call is valid until then.
 * Everything in `request` is copied. */
int http_start(struct http_client *c, const struct http_request *request,
               void (*done)(const struct http_reply *reply, const struct err *err, void *arg), void *arg,
               struct http_call **ret_call, struct err *err);
void http_cancel(struct http_call *call); /* NULL is allowed */
/* The value of a header of a reply, case-insensitive; gives (free with free) or NULL. */
char *http_header(const char *headers, const char *name);

#endif
