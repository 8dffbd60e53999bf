#include "solver/net/http_reader.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/base/mem.h"
#include "solver/net/http_body.h"

#define HEAD_MAX (10 * 1024 * 1024) /* bytes, 1xx responses included */
#define SWITCHING_PROTOCOLS 101
#define REDIRECT_BODY 2048          /* what is read of a redirect's body */

/* What the head of one response says. */
struct head {
	int status, major, minor;
	char *location, *server, *encoding, *length; /* the first of each name; NULL: none */
	bool lengths_differ, chunked, trailer_forbidden;
	size_t transfer_encodings;
};

struct http_reader {
	enum http_read read;
	const char *why;
	size_t head_bytes, body_max;
	bool in_fields;             /* the status line is over */
	struct http_line line;      /* the status line */
	struct http_fields fields;
	struct head head;
	struct http_body body;
};

static void head_reset(struct head *h)
{
	free(h->location);
	free(h->server);
	free(h->encoding);
	free(h->length);
	*h = (struct head){ 0 };
}

/* ---- the status line ---- */

/* "HTTP/1.1": one digit each. */
static bool read_version(const char *text, size_t length, struct head *h)
{
	if (length != strlen("HTTP/1.1") || memcmp(text, "HTTP/", 5) != 0 || !isdigit((unsigned char)text[5]) || text[6] != '.' ||
	    !isdigit((unsigned char)text[7]))
		return false;
	h->major = text[5] - '0';
	h->minor = text[7] - '0';
	return true;
}

/* Three characters that read as a number which is not negative: "+20" is one. */
static bool read_status(const char *text, size_t length, struct head *h)
{
	bool sign = text[0] == '+' || text[0] == '-';

	h->status = 0;
	for (size_t i = sign; i < 3 && i < length; i++) {
		if (!isdigit((unsigned char)text[i]))
			return false;
		h->status = 10 * h->status + text[i] - '0';
	}
	return length == 3 && (text[0] != '-' || h->status == 0);
}

static const char *read_status_line(const char *line, size_t length, struct head *h)
{
	const char *space = memchr(line, ' ', length), *end = line + length, *code, *stop;

	if (!space)
		return "its first line is no status line";
	for (code = space; code < end && *code == ' ';)
		code++;
	stop = memchr(code, ' ', (size_t)(end - code));
	if (!read_status(code, (size_t)((stop ? stop : end) - code), h))
		return "its status code is no number of three digits";
	return read_version(line, (size_t)(space - line), h) ? NULL : "it begins with no HTTP version such as HTTP/1.1";
}

/* A SETTINGS frame of HTTP/2, where Boulder recognises it: its length below 256 and no printable character, no flags, stream 0, and
 * no space up to the next line feed. */
static bool begins_http2(const char *bytes, size_t length)
{
	static const unsigned char rest[] = { 4, 0, 0, 0, 0, 0 };
	unsigned char size = length > 2 ? (unsigned char)bytes[2] : ' ';

	return length >= 9 && !memchr(bytes, ' ', length) && !bytes[0] && !bytes[1] && memcmp(bytes + 3, rest, sizeof(rest)) == 0 &&
	       (size < 7 || (size > 13 && size < ' ') || size >= 0x7f);
}

static void refuse_head(struct http_reader *r, const char *why)
{
	r->read = HTTP_READ_BAD_HEAD;
	r->why = why;
}

static void take_status_line(struct http_reader *r)
{
	const char *line = buf_text(&r->line.kept), *why = read_status_line(line, r->line.kept.length, &r->head);

	r->in_fields = true;
	if (!why)
		return;
	refuse_head(r, why);
	if (begins_http2(line, r->line.kept.length))
		r->read = HTTP_READ_HTTP2;
	else if (strncmp(line, "HTTP/", 5) != 0)
		r->read = HTTP_READ_NO_HTTP;
}

/* ---- header fields ---- */

static void set_once(char **slot, const char *value)
{
	if (!*slot)
		*slot = mem_dup(value);
}

static bool is_forbidden_trailer(const char *name, size_t length)
{
	static const char *const names[] = { "Transfer-Encoding", "Trailer", "Content-Length" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (length == strlen(names[i]) && strncasecmp(name, names[i], length) == 0)
			return true;
	return false;
}

static bool trailer_is_forbidden(const char *list)
{
	while (*list) {
		size_t skip = strspn(list, " \t"), length = strcspn(list + skip, " \t,");

		if (is_forbidden_trailer(list + skip, length))
			return true;
		list += skip + strcspn(list + skip, ",");
		list += *list == ',';
	}
	return false;
}

static const char *take_field(const char *name, const char *value, void *arg)
{
	struct head *h = arg;

	if (strcasecmp(name, "Location") == 0)
		set_once(&h->location, value);
	else if (strcasecmp(name, "Server") == 0)
		set_once(&h->server, value);
	else if (strcasecmp(name, "Content-Encoding") == 0)
		set_once(&h->encoding, value);
	else if (strcasecmp(name, "Trailer") == 0)
		h->trailer_forbidden = h->trailer_forbidden || trailer_is_forbidden(value);
	if (strcasecmp(name, "Transfer-Encoding") == 0) {
		h->chunked = strcasecmp(value, "chunked") == 0;
		h->transfer_encodings++;
	}
	if (strcasecmp(name, "Content-Length") == 0) {
		set_once(&h->length, value);
		h->lengths_differ = h->lengths_differ || strcmp(h->length, value) != 0;
	}
	return NULL;
}

/* ---- framing: RFC 9112 section 6.3, with only one transfer coding ---- */

/* Digits alone, below 2^63. */
static bool read_length(const char *text, uint64_t *ret)
{
	*ret = 0;
	for (const char *c = text; *c; c++) {
		if (!isdigit((unsigned char)*c) || *ret > (INT64_MAX - (uint64_t)(*c - '0')) / 10)
			return false;
		*ret = 10 * *ret + (uint64_t)(*c - '0');
	}
	return *text != '\0';
}

/* A transfer coding of HTTP/1.0 is ignored. */
static bool knows_codings(const struct head *h)
{
	return h->major > 1 || (h->major == 1 && h->minor > 0) || (h->major == 0 && h->minor == 0);
}

static const char *framing_problem(struct head *h, uint64_t *ret_length)
{
	*ret_length = 0;
	if (!knows_codings(h))
		h->transfer_encodings = h->chunked = 0;
	if (h->transfer_encodings > 1)
		return "it has more than one Transfer-Encoding header";
	if (h->transfer_encodings && !h->chunked)
		return "its Transfer-Encoding is another than \"chunked\"";
	if (h->lengths_differ)
		return "its Content-Length headers differ";
	if (h->length && !read_length(h->length, ret_length))
		return "its Content-Length is no number";
	return h->chunked && h->trailer_forbidden ? "its Trailer header names a header that frames the message" : NULL;
}

static bool has_no_body(int status)
{
	return status / 100 == 1 || status == 204 || status == 304;
}

static bool is_redirect(const struct head *h)
{
	bool status = h->status == 301 || h->status == 302 || h->status == 303 || h->status == 307 || h->status == 308;

	return status && h->location && *h->location;
}

static void begin_body(struct http_reader *r, uint64_t length)
{
	struct head *h = &r->head;
	bool gzip = h->encoding && strcasecmp(h->encoding, "gzip") == 0;
	enum http_body_kind kind = has_no_body(h->status) ? HTTP_BODY_NONE : h->chunked ? HTTP_BODY_CHUNKED :
	                           h->length ? HTTP_BODY_LENGTH : HTTP_BODY_TO_END;

	if (is_redirect(h) && kind == HTTP_BODY_LENGTH && length > REDIRECT_BODY)
		kind = HTTP_BODY_NONE; /* a long body of a redirect is not waited for */
	http_body_begin(&r->body, kind, length, gzip);
	r->read = HTTP_READ_BODY;
}

static void finish_head(struct http_reader *r)
{
	uint64_t length;
	const char *why = framing_problem(&r->head, &length);

	if (why) {
		refuse_head(r, why);
	} else if (r->head.status / 100 == 1 && r->head.status != SWITCHING_PROTOCOLS) {
		head_reset(&r->head); /* the final response follows */
		http_line_reset(&r->line);
		r->in_fields = false;
	} else {
		begin_body(r, length);
	}
}

/* ---- the whole ---- */

struct http_reader *http_reader_new(size_t body_max)
{
	struct http_reader *r = mem_new(1, sizeof(*r));

	http_line_init(&r->line);
	http_fields_init(&r->fields, take_field, &r->head);
	http_body_init(&r->body, body_max);
	return r;
}

void http_reader_free(struct http_reader *r)
{
	if (!r)
		return;
	http_line_done(&r->line);
	http_fields_done(&r->fields);
	http_body_done(&r->body);
	head_reset(&r->head);
	free(r);
}

static void feed_head(struct http_reader *r, char c)
{
	enum http_fields_state state;

	if (++r->head_bytes > HEAD_MAX) {
		refuse_head(r, "its head is longer than 10 MiB");
	} else if (!r->in_fields) {
		if (http_line_feed(&r->line, c))
			take_status_line(r);
	} else {
		state = http_fields_feed(&r->fields, c, &r->why);
		if (state == HTTP_FIELDS_END)
			finish_head(r);
		else if (state == HTTP_FIELDS_BAD)
			refuse_head(r, r->why);
	}
}

static void follow_body(struct http_reader *r)
{
	static const enum http_read reads[] = { HTTP_READ_BODY, HTTP_READ_WHOLE, HTTP_READ_CUT, HTTP_READ_BAD_BODY };

	r->read = reads[r->body.state];
	r->why = r->body.state == HTTP_BODY_BAD ? r->body.why : NULL;
}

bool http_reader_feed(struct http_reader *r, const void *bytes, size_t length)
{
	const char *at = bytes, *end = at + length;

	while (r->read == HTTP_READ_HEAD && at < end)
		feed_head(r, *at++);
	if (r->read == HTTP_READ_BODY) {
		http_body_feed(&r->body, at, (size_t)(end - at));
		follow_body(r);
	}
	return r->read == HTTP_READ_HEAD || r->read == HTTP_READ_BODY;
}

void http_reader_end(struct http_reader *r)
{
	if (r->read == HTTP_READ_BODY) {
		http_body_end(&r->body);
		follow_body(r);
	} else if (r->read == HTTP_READ_HEAD && r->head_bytes) {
		if (!r->in_fields && r->line.kept.length)
			take_status_line(r);
		if (r->read == HTTP_READ_HEAD)
			refuse_head(r, "it ends within its head");
	}
}

void http_reader_response(const struct http_reader *r, struct http_response *ret)
{
	bool head = r->read == HTTP_READ_BODY || r->read == HTTP_READ_WHOLE || r->read == HTTP_READ_CUT || r->read == HTTP_READ_BAD_BODY;

	*ret = (struct http_response){ .read = r->read, .why = r->why, .status = head ? r->head.status : 0 };
	ret->location = head ? r->head.location : NULL;
	ret->server = head ? r->head.server : NULL;
	ret->encoding = head ? r->head.encoding : NULL;
	ret->body = buf_text(&r->body.content);
	ret->body_length = r->body.content.length;
}
