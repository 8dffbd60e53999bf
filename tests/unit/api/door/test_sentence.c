/* What a door says twice is the same twice, and never the value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "solver/api/door/sentence.h"

static const char value[] = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0";

static void settles(const char *text, const char *expected)
{
	const char *const hidden[] = { value, NULL };
	char settled[512];

	sentence_settle(text, hidden, settled, sizeof(settled));
	assert_string_equal(settled, expected);
}

static void the_value_is_taken_out_wherever_it_stands(void **state)
{
	(void)state;
	settles("LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0", "…");
	settles("refused TXT \"LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0\"", "refused TXT \"…\"");
	settles("xLoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0x", "x…x");
}

static void ids_and_times_are_taken_out(void **state)
{
	(void)state;
	settles("challenge ch_abcdefghijklmnopqrstuvwx23 failed", "challenge … failed");
	settles("at 2026-11-21T14:20:00.123Z it was there", "at … it was there");
	settles("deadline passed after 600 s: no", "deadline passed after …: no");
	settles("waited 1.5s, then 20 minutes", "waited …, then …");
}

static void names_addresses_and_numbers_stay(void **state)
{
	(void)state;
	settles("ns1.example.org (192.0.2.53) says NXDOMAIN", "ns1.example.org (192.0.2.53) says NXDOMAIN");
	settles("host3s.example.org, 12 servers", "host3s.example.org, 12 servers");
	settles("ch_short or_", "ch_short or_");
}

static void a_short_room_is_never_passed(void **state)
{
	char small[8];

	(void)state;
	memset(small, 'x', sizeof(small));
	sentence_settle("a longer text than that", NULL, small, 6);
	assert_string_equal(small, "a lon");
	assert_int_equal(small[6], 'x');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_value_is_taken_out_wherever_it_stands),
		cmocka_unit_test(ids_and_times_are_taken_out),
		cmocka_unit_test(names_addresses_and_numbers_stay),
		cmocka_unit_test(a_short_room_is_never_passed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
