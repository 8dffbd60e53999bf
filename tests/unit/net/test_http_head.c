/* What a request head says; the table of what is refused stands in tests/integration/framing/requests.txt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "solver/net/http_head.h"

static int parse(const char *text, struct http_head *head, const char **ret_why)
{
	long length = http_head_length(text, strlen(text), 0, ret_why);

	assert_int_equal(length, strlen(text));
	return http_head_parse(text, (size_t)length, head, ret_why);
}

static void splits_a_head_into_its_parts(void **state)
{
	struct http_head h;
	const char *why;

	(void)state;
	assert_int_equal(parse("PUT /a%20b?c=d&e HTTP/1.1\r\nHost: x\r\nX-One:\t 1 2 \t\r\nContent-Length: 7\r\n\r\n", &h, &why), 0);
	assert_string_equal(h.method, "PUT");
	assert_string_equal(h.target, "/a%20b");
	assert_string_equal(h.query, "c=d&e");
	assert_string_equal(http_head_field(&h, "x-one"), "1 2");
	assert_null(http_head_field(&h, "X-Two"));
	assert_int_equal(h.framing, HTTP_FRAMING_LENGTH);
	assert_int_equal(h.length, 7);
	assert_false(h.close);
	http_head_done(&h);
}

static void takes_scheme_and_authority_off_an_absolute_target(void **state)
{
	struct http_head h;
	const char *why;

	(void)state;
	assert_int_equal(parse("GET https://x:8/y?z HTTP/1.1\r\nHost: X:8\r\nConnection: a,CLOSE\r\n\r\n", &h, &why), 0);
	assert_string_equal(h.target, "/y");
	assert_string_equal(h.query, "z");
	assert_true(h.close);
	http_head_done(&h);
}

static void says_what_is_wrong(void **state)
{
	struct http_head h;
	const char *why = NULL;

	(void)state;
	assert_true(http_head_length("GET / HTTP/1.1\n", 15, 0, &why) < 0);
	assert_string_equal(why, "a line of the request head ends with a bare LF");
	assert_int_equal(parse("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", &h, &why), 400);
	assert_string_equal(why, "there are several Content-Length fields");
	http_head_done(&h);
}

static void waits_for_the_end_of_the_head(void **state)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\nbody";
	const char *why = NULL;

	(void)state;
	for (size_t length = 0; length < 27; length++)
		assert_int_equal(http_head_length(text, length, length / 2, &why), 0);
	assert_int_equal(http_head_length(text, strlen(text), 20, &why), 27);
}

static void reads_chunks_however_they_are_cut(void **state)
{
	static const char text[] = "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n";

	(void)state;
	for (size_t piece = 1; piece <= strlen(text); piece++) {
		struct http_chunks c = { 0 };
		char body[16] = "";
		bool done = false;

		for (size_t at = 0, end = piece; !done; end = end + piece < strlen(text) ? end + piece : strlen(text)) {
			const char *data = NULL;
			size_t length;
			long used = 1;

			while (!done && used > 0) {
				used = http_chunks_next(&c, text + at, end - at, &data, &length, &done);
				assert_true(used >= 0);
				if (length)
					strncat(body, data, length);
				at += (size_t)used;
			}
		}
		assert_string_equal(body, "hello!");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits_a_head_into_its_parts),
		cmocka_unit_test(takes_scheme_and_authority_off_an_absolute_target),
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(waits_for_the_end_of_the_head),
		cmocka_unit_test(reads_chunks_however_they_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
