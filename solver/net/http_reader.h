/* An HTTP/1 response to a GET, read as a validation server reads it: as Go's net/http does (measured with Go 1.27), which most
 * authorities fetch with. What it refuses is refused, what it lets pass is let pass: framing by Content-Length and
 * Transfer-Encoding, only "gzip" decoded, up to 10 MiB of head with all 1xx responses in it. Pure: bytes in, a response out.
 *
 * A response is read no further than a validation server would: one that redirects until 2 kB of its body came. */
#ifndef SOLVER_NET_HTTP_READER_H
#define SOLVER_NET_HTTP_READER_H

#include <stdbool.h>
#include <stddef.h>

enum http_read {
	HTTP_READ_HEAD, HTTP_READ_BODY,         /* under way */
	HTTP_READ_WHOLE,
	HTTP_READ_CUT,                          /* enough of the body came */
	HTTP_READ_BAD_HEAD, HTTP_READ_BAD_BODY, /* what a validation server refuses; `why` says it */
	HTTP_READ_NO_HTTP, HTTP_READ_HTTP2,     /* no HTTP/1 at all */
};

/* What was read so far; borrowed until the reader gets more or is freed. */
struct http_response {
	enum http_read read;
	const char *why;                  /* of a bad head, or of a bad body in the words of Go; NULL else */
	int status;                       /* of the final response; 0 until its head is whole, or as it says */
	const char *location, *server, *encoding; /* the first header of this name, or NULL; encoding: Content-Encoding */
	const char *body;                 /* decoded, zero-ended, at most body_max bytes */
	size_t body_length;
};

struct http_reader;
struct http_reader *http_reader_new(size_t body_max);
void http_reader_free(struct http_reader *r); /* NULL is allowed */
/* Whether more is wanted. */
bool http_reader_feed(struct http_reader *r, const void *bytes, size_t length);
/* The connection ended: a response that had to go on is bad (of a head that had not begun, nothing is said). */
void http_reader_end(struct http_reader *r);
void http_reader_response(const struct http_reader *r, struct http_response *ret);

#endif
