/* Responses, and what Go's net/http of Go 1.27.3 (transport as Boulder's validation authority makes it) said of the same bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/base/mem.h"
#include "solver/net/http_reader.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

static char *said(const struct http_response *r)
{
	switch (r->read) {
	case HTTP_READ_WHOLE:
	case HTTP_READ_CUT:
		return mem_printf("%d%s %s", r->status, r->read == HTTP_READ_CUT ? " cut" : "", r->body);
	case HTTP_READ_BAD_BODY:
		return mem_printf("%d bad body: %s", r->status, r->why);
	case HTTP_READ_BAD_HEAD:
		return mem_printf("bad: %s", r->why);
	default:
		return mem_dup(r->read == HTTP_READ_HTTP2 ? "HTTP/2" : r->read == HTTP_READ_NO_HTTP ? "no HTTP" : "nothing");
	}
}

static void expect_bytes(const char *bytes, size_t length, const char *wanted)
{
	struct http_reader *r = http_reader_new(16);
	struct http_response response;
	char *text;

	if (http_reader_feed(r, bytes, length))
		http_reader_end(r);
	http_reader_response(r, &response);
	text = said(&response);
	assert_string_equal(text, wanted);
	free(text);
	http_reader_free(r);
}

#define expect(bytes, wanted) expect_bytes((bytes), sizeof(bytes) - 1, (wanted))

static void a_status_line_is_read_as_go_reads_it(void **state)
{
	(void)state;
	expect("HTTP/1.1 200\r\n\r\nbody", "200 body");
	expect("HTTP/1.1  200 \r\n\r\nbody", "200 body");
	expect("HTTP/1.1 200 OK\n\nbody", "200 body");
	expect("HTTP/0.9 200 OK\r\n\r\nbody", "200 body");
	expect("HTTP/2.0 200 OK\r\n\r\nbody", "200 body");
	expect("HTTP/1.1 000 OK\r\n\r\nbody", "0 body");
	expect("HTTP/1.1 +20 OK\r\n\r\nbody", "20 body");
	expect("HTTP/1.1 20 OK\r\n\r\n", "bad: its status code is no number of three digits");
	expect("HTTP/1.1 0200 OK\r\n\r\n", "bad: its status code is no number of three digits");
	expect("HTTP/1.1 -20 OK\r\n\r\n", "bad: its status code is no number of three digits");
	expect("HTTP/1.1 200\tOK\r\n\r\n", "bad: its status code is no number of three digits");
	expect("HTTP/1.10 200 OK\r\n\r\n", "bad: it begins with no HTTP version such as HTTP/1.1");
	expect("HTTP/2 200\r\n\r\n", "bad: it begins with no HTTP version such as HTTP/1.1");
	expect("HTTP/1.1\r\n\r\n", "bad: its first line is no status line");
	expect("ICY 200 OK\r\n\r\nbody", "no HTTP");
	expect("220 mail.example ESMTP\r\n", "no HTTP");
	expect("\r\nHTTP/1.1 200 OK\r\n\r\n", "no HTTP");
	expect("\0\0\x12\4\0\0\0\0\0\0\3\0\0\0\200", "HTTP/2");
	expect("", "nothing");
}

static void header_lines_are_read_as_go_reads_them(void **state)
{
	(void)state;
	expect(OK "X: y\r\n folded\r\n\t\r\nZ: z\n\r\nbody", "200 body");
	expect(OK "Content-Length : 3\r\n\r\nbody", "200 body"); /* another name than Content-Length */
	expect(OK "X y: \xe9\r\n\r\nbody", "200 body");
	expect(OK "NoColon\r\n\r\nbody", "bad: a header line has no colon");
	expect(OK " X: y\r\n\r\nbody", "bad: the first header line begins with white space");
	expect(OK "X: a\0b\r\n\r\nbody", "bad: a header line has a control character");
	expect(OK "X: a\rb\r\n\r\nbody", "bad: a header line has a control character");
	expect(OK ": y\r\n\r\nbody", "bad: a header line has an invalid name");
	expect(OK "X(y): z\r\n\r\nbody", "bad: a header line has an invalid name");
	expect(OK "X: y\r\n", "bad: it ends within its head");
}

static void only_digits_are_a_content_length(void **state)
{
	(void)state;
	expect(OK "Content-Length: 4\r\n\r\nbody and more", "200 body");
	expect(OK "Content-Length: 04\r\nContent-Length:04 \r\n\r\nbody", "200 body");
	expect(OK "Content-Length: 4\r\nContent-Length: 04\r\n\r\nbody", "bad: its Content-Length headers differ");
	expect(OK "Content-Length: +4\r\n\r\nbody", "bad: its Content-Length is no number");
	expect(OK "Content-Length: 4, 4\r\n\r\nbody", "bad: its Content-Length is no number");
	expect(OK "Content-Length: 0x4\r\n\r\nbody", "bad: its Content-Length is no number");
	expect(OK "Content-Length:\r\n\r\nbody", "bad: its Content-Length is no number");
	expect(OK "Content-Length: 9223372036854775808\r\n\r\nbody", "bad: its Content-Length is no number");
	expect(OK "Content-Length: 9223372036854775807\r\n\r\nbody", "200 bad body: unexpected EOF");
	expect("HTTP/1.1 204 No\r\nContent-Length: x\r\n\r\n", "bad: its Content-Length is no number");
}

static void only_chunked_is_a_transfer_encoding(void **state)
{
	(void)state;
	expect(OK "Transfer-Encoding: Chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", "200 body");
	expect(OK "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", "200 body");
	expect("HTTP/1.0 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nbody", "200 body");
	expect(OK "Content-Length: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "bad: its Content-Length is no number");
	expect(OK "Transfer-Encoding: identity\r\n\r\nbody", "bad: its Transfer-Encoding is another than \"chunked\"");
	expect(OK "Transfer-Encoding: gzip, chunked\r\n\r\nbody", "bad: its Transfer-Encoding is another than \"chunked\"");
	expect(OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", "bad: it has more than one Transfer-Encoding header");
	expect(OK "Transfer-Encoding: chunked\r\nTrailer: X, content-length\r\n\r\n0\r\n\r\n",
	       "bad: its Trailer header names a header that frames the message");
}

static void chunks_are_counted_exactly(void **state)
{
	(void)state;
	expect(CHUNKED "2;a=b\r\nbo\r\n2 \r\ndy\r\n0\r\nX: y\r\n\r\n", "200 body");
	expect(CHUNKED " 4\r\nbody\r\n0\r\n\r\n", "200 bad body: invalid byte in chunk length");
	expect(CHUNKED "4\nbody\r\n0\r\n\r\n", "200 bad body: chunked line ends with bare LF");
	expect(CHUNKED "4;\rx\r\nbody\r\n0\r\n\r\n", "200 bad body: invalid CR in chunked line");
	expect(CHUNKED "\r\n", "200 bad body: empty hex number for chunk length");
	expect(CHUNKED "4\r\nbody0\r\n\r\n", "200 bad body: malformed chunked encoding");
	expect(CHUNKED "00000000000000004\r\nbody\r\n0\r\n\r\n", "200 bad body: http chunk length too large");
	expect(CHUNKED "4\r\nbo", "200 bad body: unexpected EOF");
	expect(CHUNKED "4\r\nbody\r\n0\r\n", "200 bad body: http: unexpected EOF reading trailer");
	expect(CHUNKED "4\r\nbody\r\n0\r\nXy\r\n\r\n", "200 bad body: a header line has no colon");
}

static void informational_responses_come_before_the_final_one(void **state)
{
	(void)state;
	expect("HTTP/1.1 103 Early\r\nLocation: /x\r\n\r\nHTTP/1.1 100 Go\r\nContent-Length: 3\r\n\r\n" OK "\r\nbody", "200 body");
	expect("HTTP/1.1 100 Go\r\nTransfer-Encoding: gzip\r\n\r\n" OK "\r\nbody", "bad: its Transfer-Encoding is another than \"chunked\"");
	expect("HTTP/1.1 100 Go\r\n\r\n", "bad: it ends within its head");
	expect("HTTP/1.1 101 Switch\r\n\r\nbytes", "101 ");
}

static void gzip_alone_is_decoded(void **state)
{
#define GZIP_BO "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\x4b\xca\x07\x00\x13\x67\x1f\xcb\x02\x00\x00\x00"
	(void)state;
	expect(OK "Content-Encoding: br\r\n\r\nbody", "200 body");
	expect(OK "Content-Encoding: gzip, gzip\r\n\r\nbody", "200 body");
	expect(OK "Content-Encoding: identity\r\nContent-Encoding: gzip\r\n\r\nbody", "200 body");
	expect(OK "Content-Encoding: gzip\r\n\r\nbody", "200 bad body: gzip: invalid header");
	expect(OK "Content-Encoding: gzip\r\n\r\n", "200 ");
	expect(OK "Content-Encoding: GZIP\r\n\r\n" GZIP_BO, "200 bo");
	expect(OK "Content-Encoding: gzip\r\n\r\n" GZIP_BO GZIP_BO, "200 bobo");
	expect(OK "Content-Encoding: gzip\r\n\r\n" GZIP_BO "xx", "200 bad body: gzip: invalid header");
	expect(OK "Content-Encoding: gzip\r\nContent-Length: 20\r\n\r\n" GZIP_BO, "200 bad body: unexpected EOF");
}

static void a_body_is_cut_where_nobody_reads_on(void **state)
{
	(void)state;
	expect(OK "\r\n0123456789abcdefg", "200 cut 0123456789abcdef");
	expect("HTTP/1.1 302 F\r\nLocation: /y\r\nContent-Length: 4000\r\n\r\n", "302 ");
	expect("HTTP/1.1 302 F\r\nLocation: /y\r\nContent-Length: 2000\r\n\r\n", "302 bad body: unexpected EOF");
}

static void a_head_has_a_limit(void **state)
{
	struct http_reader *r = http_reader_new(16);
	static const char line[] = "X: 0123456789\r\n";
	struct http_response response;
	size_t lines = 1;

	(void)state;
	assert_true(http_reader_feed(r, OK, sizeof(OK) - 1));
	while (http_reader_feed(r, line, sizeof(line) - 1))
		lines++;
	assert_int_equal(lines, (10 * 1024 * 1024 - (sizeof(OK) - 1)) / (sizeof(line) - 1) + 1);
	http_reader_response(r, &response);
	assert_int_equal(response.read, HTTP_READ_BAD_HEAD);
	http_reader_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_status_line_is_read_as_go_reads_it),
		cmocka_unit_test(header_lines_are_read_as_go_reads_them),
		cmocka_unit_test(only_digits_are_a_content_length),
		cmocka_unit_test(only_chunked_is_a_transfer_encoding),
		cmocka_unit_test(chunks_are_counted_exactly),
		cmocka_unit_test(informational_responses_come_before_the_final_one),
		cmocka_unit_test(gzip_alone_is_decoded),
		cmocka_unit_test(a_body_is_cut_where_nobody_reads_on),
		cmocka_unit_test(a_head_has_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
