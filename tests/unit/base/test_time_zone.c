#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "solver/base/clock.h"
#include "solver/base/err.h"
#include "solver/base/mem.h"
#include "solver/base/time_zone.h"

#define HOUR 3600000LL

static int64_t at(const char *text)
{
	int64_t ms = 0;

	assert_int_equal(clock_parse(text, &ms), 0);
	return ms;
}

static void offsets_are_those_of_the_database(void **state)
{
	static const struct { const char *zone, *when; int hours; } rows[] = {
		{ "UTC", "2026-07-01T00:00:00Z", 0 }, { "Europe/Berlin", "2026-01-15T12:00:00Z", 1 }, { "Europe/Berlin", "2026-07-15T12:00:00Z", 2 },
		{ "Europe/Berlin", "2026-03-29T00:59:59Z", 1 }, { "Europe/Berlin", "2026-03-29T01:00:00Z", 2 },
		{ "Europe/Berlin", "2026-10-25T00:59:59Z", 2 }, { "Europe/Berlin", "2026-10-25T01:00:00Z", 1 },
		{ "America/New_York", "2026-07-15T12:00:00Z", -4 }, { "Asia/Tokyo", "2026-07-15T12:00:00Z", 9 },
		{ "Australia/Sydney", "2026-01-15T12:00:00Z", 11 }, { "Australia/Sydney", "2026-07-15T12:00:00Z", 10 },
		/* beyond the transitions of the file: by the rule of its footer */
		{ "Europe/Berlin", "2060-01-15T12:00:00Z", 1 }, { "Europe/Berlin", "2060-07-15T12:00:00Z", 2 },
		{ "Australia/Sydney", "2060-01-15T12:00:00Z", 11 }, { "Australia/Sydney", "2060-07-15T12:00:00Z", 10 },
		{ "Europe/Dublin", "2060-01-15T12:00:00Z", 0 }, { "Europe/Dublin", "2060-07-15T12:00:00Z", 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct time_zone *z;

		assert_int_equal(time_zone_open(rows[i].zone, &z), 0);
		if (time_zone_offset_ms(z, at(rows[i].when)) != rows[i].hours * HOUR)
			fail_msg("%s, %s: %lld ms", rows[i].zone, rows[i].when, (long long)time_zone_offset_ms(z, at(rows[i].when)));
		time_zone_free(z);
	}
}

static void a_local_time_becomes_the_moment_at_which_clocks_show_it(void **state)
{
	static const struct { const char *local, *moment; } rows[] = {
		{ "2026-07-15T08:00:00Z", "2026-07-15T06:00:00Z" }, { "2026-01-15T08:00:00Z", "2026-01-15T07:00:00Z" },
		{ "2026-03-29T02:30:00Z", "2026-03-29T01:30:00Z" }, /* is skipped */
		{ "2026-10-25T02:30:00Z", "2026-10-25T00:30:00Z" }, /* comes twice */
	};
	struct time_zone *z;

	(void)state;
	assert_int_equal(time_zone_open("Europe/Berlin", &z), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(time_zone_moment_ms(z, at(rows[i].local)), at(rows[i].moment));
	time_zone_free(z);
}

static void what_is_no_zone_is_refused(void **state)
{
	static const char *const names[] = { "", "/etc/passwd", "../passwd", "Europe/../../passwd", "a b", "Europe/Berlin\n" };
	struct time_zone *z;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(time_zone_open(names[i], &z), ERR_INVALID);
	assert_int_equal(time_zone_open("Europe/Atlantis", &z), ERR_NOT_FOUND);
	assert_int_equal(time_zone_open("zone.tab", &z), ERR_INVALID); /* no dots */
	assert_int_equal(time_zone_open("leapseconds", &z), ERR_DAMAGED);
}

static void a_file_that_is_cut_anywhere_is_damaged(void **state)
{
	/* One transition, two types, version 2; then the footer. */
	static const char head1[] = "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" "\0\0\0\0" "\0\0\0\0" "\0\0\0\0" "\0\0\0\0" "\0\0\0\1" "\0\0\0\4" "\0\0\0\0\0\0" "CET";
	static const char head2[] = "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" "\0\0\0\0" "\0\0\0\0" "\0\0\0\0" "\0\0\0\1" "\0\0\0\1" "\0\0\0\4"
	                            "\0\0\0\0\0\0\0\0" "\0" "\0\0\x0e\x10\0\0" "CET";
	static const char foot[] = "\nCET-1\n";
	char all[sizeof(head1) + sizeof(head2) + sizeof(foot)];
	size_t length = 0;
	struct time_zone *z;

	(void)state;
	memcpy(all + length, head1, sizeof(head1)), length += sizeof(head1);
	memcpy(all + length, head2, sizeof(head2)), length += sizeof(head2);
	memcpy(all + length, foot, sizeof(foot) - 1), length += sizeof(foot) - 1;
	assert_int_equal(time_zone_parse(all, length, &z), 0);
	assert_int_equal(time_zone_offset_ms(z, 1), HOUR);
	time_zone_free(z);
	for (size_t cut = 0; cut < length; cut++)
		assert_int_equal(time_zone_parse(all, cut, &z), ERR_DAMAGED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offsets_are_those_of_the_database),
		cmocka_unit_test(a_local_time_becomes_the_moment_at_which_clocks_show_it),
		cmocka_unit_test(what_is_no_zone_is_refused),
		cmocka_unit_test(a_file_that_is_cut_anywhere_is_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
