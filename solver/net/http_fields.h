/* The header fields of an HTTP/1 message, line by line (RFC 9112 section 5), as strictly and as leniently as Go's net/textproto
 * reads them: a line may end with a bare LF and be folded; a name holds token characters (and spaces, which make it an unknown
 * name), a value no control characters. Pure. */
#ifndef SOLVER_NET_HTTP_FIELDS_H
#define SOLVER_NET_HTTP_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "solver/base/buf.h"

#define HTTP_LINE_KEPT 16384 /* bytes of a line that are read for its name and value; the rest is only checked */

/* Collects the bytes of a line. */
struct http_line {
	struct buf kept;
	bool bad;     /* a control character stands behind the kept bytes */
	bool ends_cr; /* the last byte was a CR, which belongs to the end of the line if LF follows */
};

struct http_fields {
	struct http_line line;
	struct buf field; /* a whole field whose next line may continue it; empty: none */
	bool field_bad;
	/* Gets each field, its value without white space around it. Gives NULL, or what is wrong. */
	const char *(*take)(const char *name, const char *value, void *arg);
	void *arg;
};

enum http_fields_state { HTTP_FIELDS_MORE, HTTP_FIELDS_END, HTTP_FIELDS_BAD };

void http_line_init(struct http_line *l);
void http_line_done(struct http_line *l);
/* Whether the line is whole: then `kept` has it without its end, until http_line_reset. */
bool http_line_feed(struct http_line *l, char c);
void http_line_reset(struct http_line *l);

void http_fields_init(struct http_fields *f, const char *(*take)(const char *name, const char *value, void *arg), void *arg);
void http_fields_done(struct http_fields *f);
/* The empty line ends them. HTTP_FIELDS_BAD: *ret_why, a static text, says what is wrong. */
enum http_fields_state http_fields_feed(struct http_fields *f, char c, const char **ret_why);

#endif
