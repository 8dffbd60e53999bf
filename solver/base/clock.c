#include "solver/base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "solver/base/err.h"

static int64_t read_clock(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_wall_ms(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t clock_monotonic_ms(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

const char *clock_boot(char id[CLOCK_BOOT_SIZE])
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (!f || !fgets(id, CLOCK_BOOT_SIZE, f))
		*id = '\0';
	id[strcspn(id, " \n")] = '\0';
	if (f)
		fclose(f);
	return id;
}

const char *clock_text(int64_t wall_ms, char text[CLOCK_TEXT_SIZE])
{
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm;
	size_t used;

	gmtime_r(&seconds, &tm);
	used = strftime(text, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + used, CLOCK_TEXT_SIZE - used, ".%03dZ", (int)(wall_ms % 1000));
	return text;
}

/* ".123456" -> 123; leaves *at behind the digits. */
static int64_t parse_fraction(const char **at)
{
	int64_t ms = 0, weight = 100;

	if (**at != '.')
		return 0;
	for ((*at)++; **at >= '0' && **at <= '9'; (*at)++, weight /= 10)
		ms += (**at - '0') * weight;
	return ms;
}

/* Digits where the form has zeros, and its own characters elsewhere: strptime() and sscanf() take signs, spaces and fewer digits. */
static bool begins_like(const char *text, const char *form)
{
	for (; *form; text++, form++)
		if (*form == '0' ? *text < '0' || *text > '9' : *text != *form)
			return false;
	return true;
}

int clock_parse(const char *text, int64_t *ret_wall_ms)
{
	struct tm tm = { 0 };
	const char *at = text && begins_like(text, "0000-00-00T00:00:00") ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
	int64_t ms, wall_ms, offset_minutes = 0;
	int hours, minutes;

	if (!at)
		return ERR_INVALID;
	ms = parse_fraction(&at);
	if (*at == '+' || *at == '-') {
		if (!begins_like(at + 1, "00:00") || strlen(at) != 6 || sscanf(at + 1, "%2d:%2d", &hours, &minutes) != 2)
			return ERR_INVALID;
		offset_minutes = (hours * 60 + minutes) * (*at == '-' ? -1 : 1);
	} else if (strcmp(at, "Z") != 0 && strcmp(at, "z") != 0) {
		return ERR_INVALID;
	}
	wall_ms = ((int64_t)timegm(&tm) - offset_minutes * 60) * 1000 + ms;
	if (wall_ms < 0)
		return ERR_INVALID;
	*ret_wall_ms = wall_ms;
	return 0;
}
