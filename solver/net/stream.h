/* A connection to one address as a validation server makes it: TCP, and TLS as Go's client does it in its present release (TLS 1.2
 * and 1.3, its cipher suites, curves and signature algorithms; nothing about the certificate verified). For requests to the web
 * servers of others; the HTTP client of dcvd itself is http.h. */
#ifndef SOLVER_NET_STREAM_H
#define SOLVER_NET_STREAM_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

#include "solver/base/err.h"
#include "solver/net/failure.h"
#include "solver/net/loop.h"

struct stream;

struct stream_request {
	const char *address;          /* "192.0.2.1", "2001:db8::1" */
	int port;
	bool tls;
	const char *sni;              /* server name, or NULL */
	const unsigned char *alpn;    /* protocols as TLS lists them, or NULL; kept by pointer */
	size_t alpn_length;
	int dial_ms, timeout_ms;      /* at most, for the dial and for everything */
};

/* All come from the loop, never from within a function below. */
struct stream_events {
	void (*opened)(void *arg);    /* connected, the TLS handshake is over */
	void (*bytes)(const void *bytes, size_t length, void *arg);
	/* The last one, also after stream_end(), not after stream_cancel(): how it ended. HTTP_CLOSED: the other side closed it, in order;
	 * HTTP_LOCAL: the loop was freed. The session can still be asked. */
	void (*ended)(enum http_failure failure, const char *why, void *arg);
};

/* Texts are copied. *ret is valid until `ended`. */
int stream_open(struct loop *l, const struct stream_request *request, const struct stream_events *events, void *arg, struct stream **ret,
                struct err *err);
void stream_write(struct stream *s, const void *bytes, size_t length); /* once it is open */
/* Ends it; `why` (or NULL) comes back in `ended`. After the first time it does nothing. */
void stream_end(struct stream *s, enum http_failure failure, const char *why);
void stream_cancel(struct stream *s); /* nothing comes any more; *s is no longer to be used */
int stream_errno(const struct stream *s);      /* of a dial that failed; 0: not known */
SSL *stream_session(const struct stream *s);   /* NULL without TLS */

#endif
