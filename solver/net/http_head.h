/* The head of an HTTP/1 request and the chunks of its body (RFC 9112), as strict as a careful front end: two readers that understand
 * a request differently are how requests are smuggled, so whatever could be read in two ways is refused. Refused are bare CR and LF,
 * folded lines, white space before a colon, control characters, several or odd Content-Length fields, any Transfer-Encoding but
 * exactly "chunked", both together, no Host or several, a Host that is another than the target's, chunk extensions and trailers.
 * Pure. */
#ifndef SOLVER_NET_HTTP_HEAD_H
#define SOLVER_NET_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_HEAD_FIELDS_MAX 100

enum http_framing { HTTP_FRAMING_NONE, HTTP_FRAMING_LENGTH, HTTP_FRAMING_CHUNKED };

struct http_head {
	char *bytes;              /* what all texts below point into */
	size_t size;
	const char *method;
	const char *target;       /* path without scheme and authority, as it was sent: "/a%20b"; or "*" */
	const char *query;        /* what follows "?", or NULL */
	bool http10, close, expects_continue;
	enum http_framing framing;
	uint64_t length;          /* of HTTP_FRAMING_LENGTH */
	struct { const char *name, *value; } fields[HTTP_HEAD_FIELDS_MAX];
	size_t count;
};

/* Bytes of the head with the empty line that ends it; 0: more are needed. Negative: these bytes cannot become a head, *ret_why says
 * why in a static sentence. The first `from` bytes were looked at before. */
long http_head_length(const char *bytes, size_t length, size_t from, const char **ret_why);
/* Reads a head of exactly `length` bytes. 0, or the status to refuse it with (400, 417, 431) and *ret_why. Gives its bytes (free with
 * http_head_done), also when it is refused. */
int http_head_parse(const char *bytes, size_t length, struct http_head *ret, const char **ret_why);
void http_head_done(struct http_head *h);
/* The first field of that name, or NULL. */
const char *http_head_field(const struct http_head *h, const char *name);

/* A body in chunks. */
struct http_chunks {
	enum { CHUNK_SIZE, CHUNK_BYTES, CHUNK_END, CHUNK_LAST } step;
	uint64_t left;
};
/* Takes the next piece off `bytes`: returns what was used (0: more bytes are needed, negative: they are wrong), and the piece of the
 * body in *ret_data. *ret_done: the body is whole. */
long http_chunks_next(struct http_chunks *c, const char *bytes, size_t length, const char **ret_data, size_t *ret_length, bool *ret_done);

#endif
