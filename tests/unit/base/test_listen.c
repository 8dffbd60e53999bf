#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "solver/base/listen.h"

static void text_that_is_no_address_with_port_is_refused(void **state)
{
	static const char *const bad[] = { "", ":", "80", "host:80", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:-1", "127.0.0.1:65536", "::1:53", "[::1]53", "[::1]:", "1.2.3:4" };
	struct listen_address a;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(listen_parse(bad[i], "dns.listen", &a, &err), ERR_INVALID);
		assert_non_null(strstr(err.text, "dns.listen"));
	}
}

static void an_address_this_machine_does_not_have_is_an_error_that_names_it(void **state)
{
	struct listen_address a;
	struct err err;
	int fd;

	(void)state;
	assert_int_equal(listen_parse("192.0.2.77:5300", "http.listen", &a, &err), 0);
	assert_true(listen_open(&a, SOCK_STREAM, 1, "http.listen", &fd, &err) < 0);
	assert_non_null(strstr(err.text, "192.0.2.77:5300"));
	assert_non_null(strstr(err.text, "http.listen"));
}

static void addresses_read_and_print_the_same(void **state)
{
	static const char *const good[] = { "127.0.0.1:53", "0.0.0.0:0", "[::1]:80", "[2001:db8::1]:65535" };
	char text[LISTEN_TEXT_SIZE];
	struct listen_address a;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(listen_parse(good[i], "x", &a, NULL), 0);
		assert_string_equal(listen_text(&a, text), good[i]);
	}
}

static void several_sockets_share_a_port_that_nobody_else_gets(void **state)
{
	struct listen_address a, again;
	struct err err;
	int fds[3], other[3];

	(void)state;
	assert_int_equal(listen_parse("127.0.0.1:0", "x", &a, &err), 0);
	assert_int_equal(listen_open(&a, SOCK_DGRAM, 3, "x", fds, &err), 0);
	assert_int_not_equal(a.v4.sin_port, 0);
	again = a;
	assert_int_equal(listen_open(&again, SOCK_DGRAM, 3, "x", other, &err), ERR_EXISTS);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	assert_int_equal(listen_open(&again, SOCK_DGRAM, 1, "x", other, &err), 0);
	close(other[0]);
}

static void an_address_within_one_that_is_about_to_close_can_be_opened_and_is_closed_to_others(void **state)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };
	struct listen_address all, one;
	struct err err;
	int old, fresh, other;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(listen_parse("0.0.0.0:0", "x", &all, &err), 0);
		assert_int_equal(listen_open(&all, types[i], 1, "x", &old, &err), 0);
		assert_int_equal(listen_parse("127.0.0.1:0", "x", &one, &err), 0);
		one.v4.sin_port = all.v4.sin_port;
		assert_int_equal(listen_open_beside(&one, types[i], 1, "x", NULL, 0, &fresh, &err), ERR_EXISTS);
		assert_int_equal(listen_open_beside(&one, types[i], 1, "x", &old, 1, &fresh, &err), 0);
		close(old);
		assert_int_equal(listen_open(&all, types[i], 2, "x", (int[2]){ 0 }, &err), ERR_EXISTS);
		assert_int_equal(listen_open(&one, types[i], 1, "x", &other, &err), ERR_EXISTS);
		close(fresh);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_that_is_no_address_with_port_is_refused),
		cmocka_unit_test(an_address_this_machine_does_not_have_is_an_error_that_names_it),
		cmocka_unit_test(addresses_read_and_print_the_same),
		cmocka_unit_test(an_address_within_one_that_is_about_to_close_can_be_opened_and_is_closed_to_others),
		cmocka_unit_test(several_sockets_share_a_port_that_nobody_else_gets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
