#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/conf/window.h"

static int64_t at(const char *text)
{
	int64_t ms = 0;

	assert_int_equal(clock_parse(text, &ms), 0);
	return ms;
}

static void read_window(const char *text, struct window *w)
{
	const char *wrong = window_parse(text, w);

	if (wrong)
		fail_msg("%s: %s", text, wrong);
}

static void a_window_holds_what_lies_in_it(void **state)
{
	/* 2026-11-26 is a Thursday; Berlin is an hour ahead then. */
	static const struct { const char *window, *when; bool holds; } rows[] = {
		{ "Mon-Thu 08:00-16:00 Europe/Berlin", "2026-11-26T07:00:00Z", true }, { "Mon-Thu 08:00-16:00 Europe/Berlin", "2026-11-26T06:59:59Z", false },
		{ "Mon-Thu 08:00-16:00 Europe/Berlin", "2026-11-26T15:00:00Z", false }, { "Mon-Thu 08:00-16:00 Europe/Berlin", "2026-11-27T08:00:00Z", false },
		{ "Sat,Sun 22:00-04:00", "2026-11-28T23:00:00Z", true }, { "Sat,Sun 22:00-04:00", "2026-11-30T03:59:00Z", true },
		{ "Sat,Sun 22:00-04:00", "2026-11-28T03:00:00Z", false }, { "09:00-17:00 UTC", "2026-11-29T10:00:00Z", true },
		{ "00:00-24:00", "2026-11-29T23:59:59Z", true }, { "Fri-Mon 01:00-02:00", "2026-11-30T01:30:00Z", true },
		{ "Fri-Mon 01:00-02:00", "2026-12-01T01:30:00Z", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct window w;

		read_window(rows[i].window, &w);
		if (window_holds(&w, at(rows[i].when)) != rows[i].holds)
			fail_msg("%s, %s", rows[i].window, rows[i].when);
		window_done(&w);
	}
}

static void the_next_begin_is_after_now_also_inside_of_a_window(void **state)
{
	static const struct { const char *window, *when, *next; } rows[] = {
		{ "Mon-Thu 08:00-16:00 Europe/Berlin", "2026-11-26T06:00:00Z", "2026-11-26T07:00:00Z" },
		{ "Mon-Thu 08:00-16:00 Europe/Berlin", "2026-11-26T07:00:00Z", "2026-11-30T07:00:00Z" },
		{ "Sun 03:00-04:00 Europe/Berlin", "2026-03-27T00:00:00Z", "2026-03-29T01:00:00Z" },
		{ "Sun 03:00-04:00 Europe/Berlin", "2026-03-29T01:00:00Z", "2026-04-05T01:00:00Z" },
		{ "12:00-13:00", "2026-11-26T12:30:00Z", "2026-11-27T12:00:00Z" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct window w;
		char text[CLOCK_TEXT_SIZE];

		read_window(rows[i].window, &w);
		if (window_next(&w, at(rows[i].when)) != at(rows[i].next))
			fail_msg("%s, %s: %s", rows[i].window, rows[i].when, clock_text(window_next(&w, at(rows[i].when)), text));
		window_done(&w);
	}
}

static void what_is_no_window_is_refused(void **state)
{
	static const char *const texts[] = { "", "Mon", "Mon-Thu", "08:00", "Mon 8-16", "Noday 08:00-16:00", "Mon-Noday 08:00-16:00", "Mon, 08:00-16:00",
	                                     "Mon 25:00-26:00", "Mon 08:60-09:00", "Mon 08:00-24:01", "Mon 08:00-16:00 Europe/Atlantis",
	                                     "Mon 08:00-16:00 UTC again", "08:00-16:00 Mon" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (!check_window(texts[i]))
			fail_msg("\"%s\" was taken", texts[i]);
	assert_null(check_window("Mon-Thu 08:00-16:00 Europe/Berlin"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_window_holds_what_lies_in_it),
		cmocka_unit_test(the_next_begin_is_after_now_also_inside_of_a_window),
		cmocka_unit_test(what_is_no_window_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
