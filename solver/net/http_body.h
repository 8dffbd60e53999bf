/* The body of an HTTP/1 response: divided by length, chunks (RFC 9112 section 7.1) or the end of the connection; gzip decoded.
 * As strict as Go's net/http; http_reader.c alone includes this. Pure. */
#ifndef SOLVER_NET_HTTP_BODY_H
#define SOLVER_NET_HTTP_BODY_H

#include <stdint.h>
#include <zlib.h>

#include "solver/base/buf.h"
#include "solver/net/http_fields.h"

enum http_body_kind { HTTP_BODY_NONE, HTTP_BODY_LENGTH, HTTP_BODY_CHUNKED, HTTP_BODY_TO_END };
enum http_body_state { HTTP_BODY_MORE, HTTP_BODY_WHOLE, HTTP_BODY_CUT, HTTP_BODY_BAD };

struct http_body {
	enum http_body_kind kind;
	enum http_body_state state;
	const char *why;             /* when it is bad: in Go's words, static */
	struct buf content;          /* its max is where it is cut */
	uint64_t left;               /* bytes of the body, or of this chunk */
	enum { CHUNK_LINE, CHUNK_DATA, CHUNK_CR, CHUNK_LF, CHUNK_TRAILER } step;
	struct buf line;             /* of a chunk; the trailer */
	int64_t excess;              /* what chunks cost beyond their data */
	bool gzip, member_open;      /* a gzip member has begun */
	z_stream zlib;
};

void http_body_init(struct http_body *b, size_t content_max);
void http_body_done(struct http_body *b);
/* `length` matters for HTTP_BODY_LENGTH. */
void http_body_begin(struct http_body *b, enum http_body_kind kind, uint64_t length, bool gzip);
/* Goes on while the state is HTTP_BODY_MORE. */
void http_body_feed(struct http_body *b, const char *bytes, size_t length);
void http_body_end(struct http_body *b); /* the connection ended */

#endif
