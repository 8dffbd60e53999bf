/* Which heads could be read in two ways. The table of what a listener refuses stands in tests/integration/framing/requests.txt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "solver/guard/framing.h"

#define FIELDS_MAX 8

/* A head as libmicrohttpd 0.9.75 leaves it in its memory: a zero in place of each byte that ends a part. */
struct head {
	char bytes[1024];
	size_t length;
	const char *target, *version, *names[FIELDS_MAX], *values[FIELDS_MAX];
	size_t count;
};

static char *cut(char *at, const char *end)
{
	char *found = strstr(at, end);

	memset(found, 0, strlen(end));
	return found + strlen(end);
}

/* Each line of `text` ends with CR LF. */
static void read_head(struct head *h, const char *text)
{
	char *at = h->bytes;

	h->length = strlen(text);
	memcpy(h->bytes, text, h->length + 1);
	h->target = at = cut(at, " ");
	h->version = at = cut(at, " ");
	for (at = cut(at, "\r\n"); *at != '\r'; at = cut(at, "\r\n")) {
		h->names[h->count] = at;
		at = cut(at, ":");
		h->values[h->count++] = at += strspn(at, " \t");
	}
}

static int judge(const struct head *h, bool lines, const char **ret_why)
{
	struct framing f;
	int status;

	framing_target(&f, h->target);
	framing_line(&f, h->bytes, h->target, h->version, lines);
	for (size_t i = 0; i < h->count; i++)
		framing_field(&f, h->names[i], strlen(h->names[i]), h->values[i], strlen(h->values[i]));
	status = framing_end(&f, h->length);
	*ret_why = f.why;
	return status;
}

static int judge_text(const char *text, const char **ret_why)
{
	struct head h = { .count = 0 };

	read_head(&h, text);
	return judge(&h, true, ret_why);
}

static void a_plain_head_is_in_order(void **state)
{
	const char *why;

	(void)state;
	assert_int_equal(judge_text("GET /a?b=c HTTP/1.1\r\nHost: x:80\r\nEmpty:\r\nSpaced: \t a \t\r\nContent-Length: 5\r\n\r\n", &why), 0);
	assert_null(why);
	assert_int_equal(judge_text("GET https://x/a HTTP/1.1\r\nHost: X\r\n\r\n", &why), 0);
	assert_int_equal(judge_text("GET /a HTTP/1.0\r\n\r\n", &why), 0);
}

static void the_first_reason_is_told(void **state)
{
	const char *why;

	(void)state;
	assert_int_equal(judge_text("GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", &why), 400);
	assert_string_equal(why, "there are several Content-Length fields");
	assert_int_equal(judge_text("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", &why), 411);
	assert_string_equal(why, "a body in chunks is not taken here; send its Content-Length");
	assert_int_equal(judge_text("POST /a HTTP/1.1\r\nHost: x\r\nExpect: more\r\n\r\n", &why), 417);
}

#define HEAD "POST /a HTTP/1.1\r\nHost: x\r\n"

static void each_head_that_could_be_read_in_two_ways_is_refused(void **state)
{
	static const struct { const char *text, *why; } heads[] = {
		{ HEAD "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", "contradict each other" },
		{ HEAD "Content-Length: +1\r\n", "the Content-Length is no number" },
		{ HEAD "Content-Length: 1 1\r\n", "the Content-Length is no number" },
		{ HEAD "Content-Length: 1234567890123456789\r\n", "the Content-Length is no number" },
		{ HEAD "Transfer-Encoding: xchunked\r\n", "not exactly chunked" },
		{ HEAD "Transfer-Encoding: gzip, chunked\r\n", "not exactly chunked" },
		{ HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "not exactly chunked" },
		{ "POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n", "HTTP/1.0 knows no Transfer-Encoding" },
		{ HEAD "Host: x\r\n", "several Host fields" },
		{ "GET /a HTTP/1.1\r\n", "the Host field is missing" },
		{ "GET /a HTTP/1.1\r\nHost: x y\r\n", "what no host has" },
		{ "GET http://y/a HTTP/1.1\r\nHost: x\r\n", "another host than the request target" },
		{ "GET http://xy/a HTTP/1.1\r\nHost: x\r\n", "another host than the request target" },
		{ HEAD "Authorization: a\r\nAuthorization: b\r\n", "credentials came twice" },
		{ HEAD "X-Api-Key: a\r\nX-Api-User: u\r\nx-api-key: b\r\n", "credentials came twice" },
		{ HEAD "A: b\x01\r\n", "a control character" },
		{ HEAD "A b: c\r\n", "no token" },
		{ "GET a HTTP/1.1\r\nHost: x\r\n", "neither a path nor an absolute URL" },
		{ "GET /a\x01 HTTP/1.1\r\nHost: x\r\n", "neither a path nor an absolute URL" },
		{ "GET /a#b HTTP/1.1\r\nHost: x\r\n", "neither a path nor an absolute URL" },
		{ "G(T /a HTTP/1.1\r\nHost: x\r\n", "the method is no token" },
		{ "GET /a HTTP/1.2\r\nHost: x\r\n", "neither HTTP/1.1 nor HTTP/1.0" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		const char *why = NULL;
		char text[512];
		int status;

		snprintf(text, sizeof(text), "%s\r\n", heads[i].text);
		status = judge_text(text, &why);
		if (status != 400 || !why || !strstr(why, heads[i].why))
			fail_msg("%d, %s: not refused because of \"%s\": %s", status, why ? why : "no reason", heads[i].why, text);
	}
}

/* Moves everything from `at` on by one byte: what stood before it had one byte less, or one more, than it should. */
static void distances_tell_what_stood_between_the_lines(void **state)
{
	static const char text[] = "GET /a HTTP/1.1\r\nHost: x\r\nAb: c\r\n\r\n";
	const char *why;

	(void)state;
	for (int part = 0; part < 6; part++) {
		struct head h = { .count = 0 };

		read_head(&h, text);
		if (part == 0)
			h.target++;       /* two spaces before the target */
		else if (part == 1)
			h.version++;      /* a zero byte in the target */
		else if (part == 2)
			h.names[0]--;     /* LF behind the request line */
		else if (part == 3)
			h.names[1]--;     /* LF behind the first field */
		else if (part == 4)
			h.names[1]++;     /* a space before the name: the line is folded */
		else
			h.length--;       /* LF at the end */
		assert_int_equal(judge(&h, true, &why), 400);
		assert_non_null(why);
	}
}

static void distances_are_not_looked_at_where_the_library_tells(void **state)
{
	struct head h = { .count = 0 };
	const char *why;

	(void)state;
	read_head(&h, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
	h.length = 7;
	assert_int_equal(judge(&h, false, &why), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_head_is_in_order),
		cmocka_unit_test(the_first_reason_is_told),
		cmocka_unit_test(each_head_that_could_be_read_in_two_ways_is_refused),
		cmocka_unit_test(distances_tell_what_stood_between_the_lines),
		cmocka_unit_test(distances_are_not_looked_at_where_the_library_tells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
