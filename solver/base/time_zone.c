#include "solver/base/time_zone.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/err.h"
#include "solver/base/mem.h"

#define FOLDER "/usr/share/zoneinfo/"
#define NAME_MAX_LENGTH 64
#define FILE_MAX_BYTES 65536
#define HEADER_SIZE 44
#define HOUR 3600
#define DAY (24 * HOUR)
#define OFFSET_MAX (26 * HOUR) /* RFC 9636 section 3.2 */

/* "M3.5.0/2": the fifth (last) Sunday of March, at 2 o'clock. */
struct turn { int month, week, weekday, second; };

struct time_zone {
	int64_t *at;            /* transitions, seconds */
	int32_t *offset;        /* [count + 1]: before the first one, and after each */
	size_t count;
	int32_t standard, summer; /* after the last transition; the same when there is no rule */
	struct turn begin, end;
	bool rule;
};

static bool is_offset(int64_t seconds)
{
	return seconds > -OFFSET_MAX && seconds < OFFSET_MAX;
}

/* ---- the footer: "CET-1CEST,M3.5.0,M10.5.0/3" */

static const char *skip_name(const char *s)
{
	const char *end = s;

	if (*s == '<') {
		end = strchr(s, '>');
		return end ? end + 1 : NULL;
	}
	while ((*end >= 'a' && *end <= 'z') || (*end >= 'A' && *end <= 'Z'))
		end++;
	return end - s >= 3 ? end : NULL;
}

/* "[+-]hh[:mm[:ss]]" in seconds; hours up to 167. */
static const char *read_clock(const char *s, int *ret)
{
	int sign = *s == '-' ? -1 : 1, unit = HOUR, sum = 0;

	if (*s == '-' || *s == '+')
		s++;
	for (; unit; unit /= 60) {
		char *rest;
		long number = *s >= '0' && *s <= '9' ? strtol(s, &rest, 10) : -1;

		if (number < 0 || number > 167)
			return NULL;
		sum += (int)number * unit;
		s = rest;
		if (*s != ':')
			break;
		s++;
	}
	*ret = sign * sum;
	return s;
}

static const char *read_turn(const char *s, struct turn *ret)
{
	int taken = 0;

	*ret = (struct turn){ .second = 2 * HOUR };
	if (sscanf(s, ",M%2d.%1d.%1d%n", &ret->month, &ret->week, &ret->weekday, &taken) != 3 || !taken)
		return NULL;
	if (ret->month < 1 || ret->month > 12 || ret->week < 1 || ret->week > 5 || ret->weekday < 0 || ret->weekday > 6)
		return NULL;
	s += taken;
	return *s == '/' ? read_clock(s + 1, &ret->second) : s;
}

static int read_footer(struct time_zone *z, const char *s)
{
	int standard = 0, summer;

	if (!(s = skip_name(s)) || !(s = read_clock(s, &standard)))
		return ERR_DAMAGED;
	z->standard = z->summer = -standard;
	if (!*s)
		return is_offset(standard) ? 0 : ERR_DAMAGED;
	summer = standard - HOUR;
	if (!(s = skip_name(s)) || (*s && *s != ',' && !(s = read_clock(s, &summer))))
		return ERR_DAMAGED;
	if (!(s = read_turn(s, &z->begin)) || !(s = read_turn(s, &z->end)) || *s)
		return ERR_DAMAGED;
	z->summer = -summer;
	z->rule = true;
	return is_offset(z->standard) && is_offset(z->summer) ? 0 : ERR_DAMAGED;
}

/* ---- the file */

static int64_t number_at(const unsigned char *p, size_t size)
{
	int64_t n = (signed char)p[0];

	for (size_t i = 1; i < size; i++)
		n = n * 256 + p[i];
	return n;
}

struct counts { size_t utc, standard, leap, times, types, letters; };

static bool read_header(const unsigned char *p, size_t length, struct counts *ret)
{
	size_t n[6];

	if (length < HEADER_SIZE || memcmp(p, "TZif", 4) != 0 || p[4] < '2')
		return false;
	for (size_t i = 0; i < ARRAY_LEN(n); i++) {
		n[i] = (size_t)(uint32_t)number_at(p + 20 + 4 * i, 4);
		if (n[i] > FILE_MAX_BYTES)
			return false;
	}
	*ret = (struct counts){ n[0], n[1], n[2], n[3], n[4], n[5] };
	return true;
}

static size_t block_size(const struct counts *c, size_t time_size)
{
	return c->times * (time_size + 1) + c->types * 6 + c->letters + c->leap * (time_size + 4) + c->standard + c->utc;
}

static int take_transitions(struct time_zone *z, const unsigned char *p, const struct counts *c)
{
	const unsigned char *kinds = p + 8 * c->times, *types = kinds + c->times;

	if (!c->types)
		return ERR_DAMAGED;
	z->count = c->times;
	z->at = mem_new(z->count + 1, sizeof(*z->at));
	z->offset = mem_new(z->count + 1, sizeof(*z->offset));
	z->offset[0] = (int32_t)number_at(types, 4);
	for (size_t i = 0; i < z->count; i++) {
		z->at[i] = number_at(p + 8 * i, 8);
		if (kinds[i] >= c->types || (i && z->at[i] < z->at[i - 1]))
			return ERR_DAMAGED;
		z->offset[i + 1] = (int32_t)number_at(types + 6 * kinds[i], 4);
		if (!is_offset(z->offset[i + 1]))
			return ERR_DAMAGED;
	}
	return is_offset(z->offset[0]) ? 0 : ERR_DAMAGED;
}

/* The second block, and the footer behind it. */
static int take_block(struct time_zone *z, const unsigned char *p, size_t length)
{
	struct counts c;
	size_t size;
	const char *text, *end;
	CLEANUP(mem_freep) char *footer = NULL;

	if (!read_header(p, length, &c) || (size = HEADER_SIZE + block_size(&c, 8)) + 2 > length || take_transitions(z, p + HEADER_SIZE, &c) < 0)
		return ERR_DAMAGED;
	text = (const char *)p + size + 1;
	end = memchr(text, '\n', length - size - 1);
	if (text[-1] != '\n' || !end)
		return ERR_DAMAGED;
	footer = mem_dup_n(text, (size_t)(end - text));
	if (*footer)
		return read_footer(z, footer);
	z->standard = z->summer = z->offset[z->count];
	return 0;
}

int time_zone_parse(const void *bytes, size_t length, struct time_zone **ret)
{
	const unsigned char *p = bytes;
	struct time_zone *z = mem_new(1, sizeof(*z));
	struct counts first;
	size_t size = read_header(p, length, &first) ? HEADER_SIZE + block_size(&first, 4) : length;

	if (size >= length || take_block(z, p + size, length - size) < 0) {
		time_zone_free(z);
		return ERR_DAMAGED;
	}
	*ret = z;
	return 0;
}

static bool is_name(const char *name)
{
	return *name && *name != '/' && strlen(name) <= NAME_MAX_LENGTH && !strstr(name, "..") &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-_/") == strlen(name);
}

int time_zone_open(const char *name, struct time_zone **ret)
{
	CLEANUP(mem_freep) char *path = is_name(name) ? mem_printf(FOLDER "%s", name) : NULL;
	CLEANUP(mem_freep) char *bytes = NULL;
	size_t length;
	FILE *f;

	if (!path)
		return ERR_INVALID;
	if (strcmp(name, "UTC") == 0) {
		*ret = mem_new(1, sizeof(**ret));
		return 0;
	}
	f = fopen(path, "re");
	if (!f)
		return ERR_NOT_FOUND;
	bytes = mem_new(1, FILE_MAX_BYTES);
	length = fread(bytes, 1, FILE_MAX_BYTES, f);
	fclose(f);
	return time_zone_parse(bytes, length, ret);
}

void time_zone_free(struct time_zone *z)
{
	if (!z)
		return;
	free(z->at);
	free(z->offset);
	free(z);
}

/* ---- asking it */

/* Days since 1970 of a date (Howard Hinnant's days_from_civil). */
static int64_t days_of(int64_t year, int month, int day)
{
	int64_t y = year - (month <= 2), era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t year_of(int64_t days)
{
	int64_t year = 1970 + days / 366;

	while (days_of(year + 1, 1, 1) <= days)
		year++;
	return year;
}

/* The local second at which a rule turns in that year. */
static int64_t turn_in(const struct turn *t, int64_t year)
{
	int64_t first = days_of(year, t->month, 1), next = t->month == 12 ? days_of(year + 1, 1, 1) : days_of(year, t->month + 1, 1);
	int64_t weekday = ((first + 4) % 7 + 7) % 7, day = first + (t->weekday - weekday + 7) % 7 + 7 * (t->week - 1);

	while (day >= next)
		day -= 7;
	return day * DAY + t->second;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int32_t by_rule(const struct time_zone *z, int64_t second)
{
	int64_t year = year_of(floor_div(second + z->standard, DAY));
	int64_t begin = turn_in(&z->begin, year) - z->standard, end = turn_in(&z->end, year) - z->summer;
	bool summer = begin < end ? second >= begin && second < end : second >= begin || second < end;

	return summer ? z->summer : z->standard;
}

int64_t time_zone_offset_ms(const struct time_zone *z, int64_t wall_ms)
{
	int64_t second = floor_div(wall_ms, 1000);
	size_t low = 0, high = z->count;

	if (!z->count || second >= z->at[z->count - 1])
		return 1000LL * (z->rule ? by_rule(z, second) : z->count ? z->offset[z->count] : z->standard);
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (z->at[middle] <= second)
			low = middle + 1;
		else
			high = middle;
	}
	return 1000LL * z->offset[low];
}

int64_t time_zone_moment_ms(const struct time_zone *z, int64_t local_ms)
{
	int64_t before = time_zone_offset_ms(z, local_ms - DAY * 1000LL), after = time_zone_offset_ms(z, local_ms + DAY * 1000LL);

	if (time_zone_offset_ms(z, local_ms - before) == before)
		return local_ms - before;
	if (time_zone_offset_ms(z, local_ms - after) == after)
		return local_ms - after;
	return local_ms - before; /* skipped */
}
