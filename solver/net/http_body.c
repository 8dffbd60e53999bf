#include "solver/net/http_body.h"

#include <string.h>

#include "solver/base/mem.h"

#define LINE_MAX_BYTES 4096  /* of a chunk's line, and of a trailer */
#define EXCESS_MAX 16384
#define INFLATED 4096
#define GZIP_ONLY (16 + MAX_WBITS)
#define EARLY_END "unexpected EOF"

void http_body_init(struct http_body *b, size_t content_max)
{
	*b = (struct http_body){ .state = HTTP_BODY_WHOLE, .content = BUF_INIT(content_max), .line = BUF_INIT(LINE_MAX_BYTES) };
}

void http_body_done(struct http_body *b)
{
	buf_done(&b->content);
	buf_done(&b->line);
	if (b->gzip)
		inflateEnd(&b->zlib);
}

void http_body_begin(struct http_body *b, enum http_body_kind kind, uint64_t length, bool gzip)
{
	bool empty = kind == HTTP_BODY_NONE || (kind == HTTP_BODY_LENGTH && length == 0);

	b->kind = kind;
	b->left = length;
	b->state = empty ? HTTP_BODY_WHOLE : HTTP_BODY_MORE;
	b->gzip = gzip && !empty && inflateInit2(&b->zlib, GZIP_ONLY) == Z_OK;
}

static void fail(struct http_body *b, const char *why)
{
	if (b->state != HTTP_BODY_MORE)
		return;
	b->state = HTTP_BODY_BAD;
	b->why = why;
}

/* ---- the content ---- */

static void keep(struct http_body *b, const void *bytes, size_t length)
{
	size_t room = b->content.max - b->content.length;

	buf_add(&b->content, bytes, length < room ? length : room);
	if (b->content.length == b->content.max)
		b->state = HTTP_BODY_CUT;
}

static const char *gzip_problem(const z_stream *z)
{
	const char *said = z->msg ? z->msg : "";

	if (strstr(said, "header") || strstr(said, "compression method"))
		return "gzip: invalid header";
	return strstr(said, "check") ? "gzip: invalid checksum" : "flate: corrupt input";
}

/* One step of inflate; whether it can go on. */
static bool inflate_some(struct http_body *b)
{
	unsigned char out[INFLATED];
	int rc;

	if (!b->member_open)
		inflateReset(&b->zlib); /* members may follow one another: RFC 1952 section 2.2 */
	b->member_open = true;
	b->zlib.next_out = out;
	b->zlib.avail_out = sizeof(out);
	rc = inflate(&b->zlib, Z_NO_FLUSH);
	keep(b, out, sizeof(out) - b->zlib.avail_out);
	b->member_open = rc != Z_STREAM_END;
	if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
		fail(b, gzip_problem(&b->zlib));
	return b->state == HTTP_BODY_MORE && rc != Z_BUF_ERROR && (b->zlib.avail_in || !b->zlib.avail_out);
}

static void take_content(struct http_body *b, const char *bytes, size_t length)
{
	if (!b->gzip) {
		keep(b, bytes, length);
		return;
	}
	b->zlib.next_in = (unsigned char *)bytes; /* zlib only reads there */
	b->zlib.avail_in = (unsigned)length;
	while (b->zlib.avail_in && inflate_some(b))
		;
}

static void finish(struct http_body *b)
{
	if (b->gzip && b->member_open)
		fail(b, EARLY_END);
	if (b->state == HTTP_BODY_MORE)
		b->state = HTTP_BODY_WHOLE;
}

/* ---- chunks ---- */

static const char *read_hex(const char *text, size_t length, uint64_t *ret)
{
	static const char digits[] = "0123456789abcdef";

	*ret = 0;
	if (!length)
		return "empty hex number for chunk length";
	for (size_t i = 0; i < length; i++) {
		char c = text[i] >= 'A' && text[i] <= 'F' ? (char)(text[i] - 'A' + 'a') : text[i];
		const char *digit = c ? strchr(digits, c) : NULL;

		if (!digit)
			return "invalid byte in chunk length";
		if (i == 16)
			return "http chunk length too large";
		*ret = *ret << 4 | (uint64_t)(digit - digits);
	}
	return NULL;
}

/* Too much around too little data is refused: 16 bytes a chunk are free, and twice its data. */
static void count_excess(struct http_body *b, size_t line)
{
	uint64_t free_bytes = b->left < EXCESS_MAX ? 16 + 2 * b->left : 4 * EXCESS_MAX;

	b->excess += (int64_t)line + 2 - (int64_t)free_bytes;
	if (b->excess < 0)
		b->excess = 0;
	if (b->excess > EXCESS_MAX)
		fail(b, "chunked encoding contains too much non-data");
}

/* The line of a chunk, with its LF: its length, and extensions that nobody reads. */
static void begin_chunk(struct http_body *b)
{
	const char *line = buf_text(&b->line), *cr = memchr(line, '\r', b->line.length), *stop;
	size_t length = b->line.length - 2;

	if (!cr || cr != line + length) {
		fail(b, cr ? "invalid CR in chunked line" : "chunked line ends with bare LF");
		return;
	}
	while (length && (line[length - 1] == ' ' || line[length - 1] == '\t'))
		length--;
	stop = memchr(line, ';', length);
	b->why = read_hex(line, stop ? (size_t)(stop - line) : length, &b->left);
	if (b->why)
		fail(b, b->why);
	count_excess(b, b->line.length - 2);
	b->step = b->left ? CHUNK_DATA : CHUNK_TRAILER;
	buf_reset(&b->line);
}

static const char *ignore_field(const char *name, const char *value, void *arg)
{
	(void)name, (void)value, (void)arg;
	return NULL;
}

static const char *trailer_problem(const char *text, size_t length)
{
	struct http_fields fields;
	enum http_fields_state state = HTTP_FIELDS_MORE;
	const char *why = NULL;

	http_fields_init(&fields, ignore_field, NULL);
	for (size_t i = 0; i < length && state == HTTP_FIELDS_MORE; i++)
		state = http_fields_feed(&fields, text[i], &why);
	http_fields_done(&fields);
	return why;
}

static void add_to_trailer(struct http_body *b, char c)
{
	const char *why;

	buf_add_char(&b->line, c);
	if (b->line.length == 2 && memcmp(b->line.data, "\r\n", 2) == 0) {
		finish(b);
	} else if (b->line.length >= 4 && memcmp(b->line.data + b->line.length - 4, "\r\n\r\n", 4) == 0) {
		why = trailer_problem(b->line.data, b->line.length);
		if (why)
			fail(b, why);
		finish(b);
	} else if (b->line.length == LINE_MAX_BYTES) {
		fail(b, "http: suspiciously long trailer after chunked body");
	}
}

static void add_to_line(struct http_body *b, char c)
{
	buf_add_char(&b->line, c);
	if (c == '\n')
		begin_chunk(b);
	else if (b->line.length == LINE_MAX_BYTES)
		fail(b, "header line too long");
}

static void expect(struct http_body *b, char c, char wanted, int step)
{
	if (c != wanted)
		fail(b, "malformed chunked encoding");
	b->step = step;
}

static void feed_framing(struct http_body *b, char c)
{
	switch (b->step) {
	case CHUNK_CR:
		expect(b, c, '\r', CHUNK_LF);
		return;
	case CHUNK_LF:
		expect(b, c, '\n', CHUNK_LINE);
		return;
	case CHUNK_TRAILER:
		add_to_trailer(b, c);
		return;
	default:
		add_to_line(b, c);
	}
}

/* ---- the whole ---- */

/* Content of known length; gives how much of it was used. */
static size_t take_counted(struct http_body *b, const char *bytes, size_t length)
{
	size_t n = length < b->left ? length : (size_t)b->left;

	take_content(b, bytes, n);
	b->left -= n;
	if (!b->left && b->kind == HTTP_BODY_LENGTH)
		finish(b);
	else if (!b->left)
		b->step = CHUNK_CR;
	return n;
}

void http_body_feed(struct http_body *b, const char *bytes, size_t length)
{
	while (length && b->state == HTTP_BODY_MORE) {
		size_t used = 1;

		if (b->kind == HTTP_BODY_TO_END) {
			take_content(b, bytes, length);
			return;
		}
		if (b->kind == HTTP_BODY_LENGTH || b->step == CHUNK_DATA)
			used = take_counted(b, bytes, length);
		else
			feed_framing(b, *bytes);
		bytes += used;
		length -= used;
	}
}

void http_body_end(struct http_body *b)
{
	if (b->kind == HTTP_BODY_TO_END)
		finish(b);
	else
		fail(b, b->kind == HTTP_BODY_CHUNKED && b->step == CHUNK_TRAILER ? "http: unexpected EOF reading trailer" : EARLY_END);
}
