#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "solver/base/clock.h"
#include "solver/base/err.h"
#include "solver/base/mem.h"

static void reads_rfc_3339(void **state)
{
	static const struct { const char *text; int64_t ms; } times[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2026-11-21T14:20:00.123456Z", 1795270800123 },
		{ "2026-11-21T14:20:00z", 1795270800000 },
		{ "2026-11-21T16:20:00+02:00", 1795270800000 },
		{ "2026-11-21T08:50:00-05:30", 1795270800000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		int64_t ms = -1;

		assert_int_equal(clock_parse(times[i].text, &ms), 0);
		assert_int_equal(ms, times[i].ms);
	}
}

static void refuses_what_only_looks_like_a_time(void **state)
{
	static const char *const texts[] = {
		"", "2026-11-21", "2026-11-21T14:20:00", "02-11-21T14:20:00Z", "2026-1-2T3:4:5Z", " 2026-11-21T14:20:00Z", "+2026-11-21T14:20:00Z",
		"2026-11-21T14:20:00Zx", "2026-11-21T14:20:00+-1:-1", "2026-11-21T14:20:00+1:30", "2026-13-01T00:00:00Z", "1969-12-31T23:59:59Z",
		"1970-01-01T00:00:00+00:01",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		int64_t ms;

		if (clock_parse(texts[i], &ms) != ERR_INVALID)
			fail_msg("\"%s\" is taken", texts[i]);
	}
	assert_int_equal(clock_parse(NULL, &(int64_t){ 0 }), ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_rfc_3339),
		cmocka_unit_test(refuses_what_only_looks_like_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
