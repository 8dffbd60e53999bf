#include "solver/conf/duration.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "solver/base/err.h"
#include "solver/base/mem.h"

static const struct {
	const char *name;
	int64_t ms;
} units[] = { { "d", 86400000 }, { "h", 3600000 }, { "ms", 1 }, { "m", 60000 }, { "s", 1000 } };

/* One "12h"; moves *text behind it. */
static int part_parse(const char **text, int64_t *ret_ms)
{
	size_t digits = strspn(*text, "0123456789"), length;
	int64_t number = 0;

	if (digits == 0 || digits > 15)
		return ERR_INVALID;
	for (size_t i = 0; i < digits; i++)
		number = number * 10 + (*text)[i] - '0';
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		length = strlen(units[i].name);
		if (strncmp(*text + digits, units[i].name, length) != 0)
			continue;
		*text += digits + length;
		return __builtin_mul_overflow(number, units[i].ms, ret_ms) ? ERR_INVALID : 0;
	}
	return ERR_INVALID;
}

int duration_parse(const char *text, int64_t *ret_ms)
{
	int64_t sum = 0, part;

	if (strcmp(text, "0") == 0) {
		*ret_ms = 0;
		return 0;
	}
	do {
		if (part_parse(&text, &part) < 0 || __builtin_add_overflow(sum, part, &sum))
			return ERR_INVALID;
	} while (*text);
	*ret_ms = sum;
	return 0;
}

const char *duration_text(int64_t ms, char text[DURATION_TEXT_SIZE])
{
	size_t best = 2; /* "ms" */

	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (ms % units[i].ms == 0 && units[i].ms > units[best].ms)
			best = i;
	if (ms == 0)
		snprintf(text, DURATION_TEXT_SIZE, "0");
	else
		snprintf(text, DURATION_TEXT_SIZE, "%" PRId64 "%s", ms / units[best].ms, units[best].name);
	return text;
}
