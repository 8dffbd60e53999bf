#include "solver/conf/window.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "solver/base/err.h"
#include "solver/base/mem.h"

#define DAY_MINUTES (24 * 60)
#define MINUTE_MS 60000LL
#define DAY_MS (DAY_MINUTES * MINUTE_MS)
#define SHAPE "expected days, times and a zone, as \"Mon-Thu 08:00-16:00 Europe/Berlin\""

static int day_number(const char *text)
{
	static const char *const names[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strncasecmp(text, names[i], 3) == 0)
			return (int)i;
	return -1;
}

/* "Mon-Thu", "Sat,Sun", "Mon-Wed,Fri" */
static bool read_days(const char *text, unsigned *ret)
{
	for (*ret = 0;; text++) {
		int from = day_number(text), to = from;

		if (from < 0)
			return false;
		text += 3;
		if (*text == '-') {
			to = day_number(text + 1);
			text += 4;
		}
		if (to < 0)
			return false;
		for (int day = from;; day = (day + 1) % 7) {
			*ret |= 1u << day;
			if (day == to)
				break;
		}
		if (*text != ',')
			return !*text;
	}
}

static bool read_times(const char *text, struct window *w)
{
	int h1, m1, h2, m2, taken = 0;

	if (sscanf(text, "%2d:%2d-%2d:%2d%n", &h1, &m1, &h2, &m2, &taken) != 4 || text[taken] || h1 < 0 || h1 > 23 || h2 < 0 || h2 > 24 || m1 < 0 ||
	    m1 > 59 || m2 < 0 || m2 > 59 || (h2 == 24 && m2))
		return false;
	w->from = h1 * 60 + m1;
	w->to = h2 * 60 + m2;
	if (w->to <= w->from)
		w->to += DAY_MINUTES;
	return true;
}

const char *window_parse(const char *text, struct window *ret)
{
	char words[3][72] = { "", "", "" }, rest[2];
	int count = sscanf(text, "%71s %71s %71s %1s", words[0], words[1], words[2], rest);
	int times = count > 0 && words[0][0] >= '0' && words[0][0] <= '9' ? 0 : 1;

	*ret = (struct window){ .days = 0x7f };
	if (count < 1 || count > times + 2 || (times && !read_days(words[0], &ret->days)) || !read_times(words[times], ret))
		return SHAPE;
	switch (time_zone_open(count > times + 1 ? words[times + 1] : "UTC", &ret->zone)) {
	case 0:
		return NULL;
	case ERR_INVALID:
		return SHAPE;
	case ERR_NOT_FOUND:
		return "there is no such time zone below /usr/share/zoneinfo (package tzdata)";
	default:
		return "the file of that time zone below /usr/share/zoneinfo cannot be read";
	}
}

const char *check_window(const char *text)
{
	struct window w;
	const char *wrong = window_parse(text, &w);

	window_done(&w);
	return wrong;
}

void window_done(struct window *w)
{
	time_zone_free(w->zone);
	w->zone = NULL;
}

/* The local midnight of the day that is so many days away. */
static int64_t midnight(const struct window *w, int64_t wall_ms, int days)
{
	int64_t local = wall_ms + time_zone_offset_ms(w->zone, wall_ms);

	return local - ((local % DAY_MS) + DAY_MS) % DAY_MS + days * DAY_MS;
}

static bool begins_on(const struct window *w, int64_t local_ms)
{
	return w->days >> ((local_ms / DAY_MS + 4) % 7) & 1;
}

bool window_holds(const struct window *w, int64_t wall_ms)
{
	for (int days = -1; days <= 0; days++) {
		int64_t day = midnight(w, wall_ms, days);

		if (begins_on(w, day) && wall_ms >= time_zone_moment_ms(w->zone, day + w->from * MINUTE_MS) &&
		    wall_ms < time_zone_moment_ms(w->zone, day + w->to * MINUTE_MS))
			return true;
	}
	return false;
}

int64_t window_next(const struct window *w, int64_t wall_ms)
{
	for (int days = 0;; days++) {
		int64_t day = midnight(w, wall_ms, days), begin = time_zone_moment_ms(w->zone, day + w->from * MINUTE_MS);

		if (begins_on(w, day) && begin > wall_ms)
			return begin;
	}
}
