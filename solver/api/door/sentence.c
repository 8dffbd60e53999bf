#include "solver/api/door/sentence.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "solver/base/err.h"
#include "solver/base/id.h"
#include "solver/base/mem.h"

#define HIDDEN_MIN 8 /* characters: shorter ones could be any word */

static const char dots[] = "…";

struct writer {
	char *text;
	size_t length, room;
};

static void add(struct writer *w, const char *bytes, size_t length)
{
	if (length >= w->room - w->length)
		length = w->room - w->length - 1;
	memcpy(w->text + w->length, bytes, length);
	w->length += length;
	w->text[w->length] = '\0';
}

/* How many bytes at `p` are one of the hidden texts. */
static size_t hidden_at(const char *p, const char *const *hidden)
{
	for (; hidden && *hidden; hidden++) {
		size_t length = strlen(*hidden);

		if (length >= HIDDEN_MIN && strncmp(p, *hidden, length) == 0)
			return length;
	}
	return 0;
}

/* "ch_" or "or_" and 26 characters. */
static size_t id_at(const char *p)
{
	size_t length = 0;

	if (strncmp(p, "ch_", 3) != 0 && strncmp(p, "or_", 3) != 0)
		return 0;
	while (islower((unsigned char)p[3 + length]) || isdigit((unsigned char)p[3 + length]))
		length++;
	return 3 + length == ID_SIZE - 1 ? 3 + length : 0;
}

/* "2026-11-21T14:20:00.123Z" */
static size_t time_at(const char *p)
{
	if (strspn(p, "0123456789") != 4 || p[4] != '-' || strspn(p + 5, "0123456789") != 2 || p[7] != '-' ||
	    strspn(p + 8, "0123456789") != 2 || !strchr("Tt", p[10]) || !p[10])
		return 0;
	return 11 + strspn(p + 11, "0123456789:.+-Zz");
}

static size_t unit_at(const char *p)
{
	static const char *const units[] = { "milliseconds", "seconds", "minutes", "hours", "ms", "min", "s", "h" };

	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		size_t length = strlen(units[i]);

		if (strncmp(p, units[i], length) == 0 && !isalnum((unsigned char)p[length]))
			return length;
	}
	return 0;
}

/* "600 s", "1.5s", "20 minutes" */
static size_t duration_at(const char *p)
{
	size_t digits = strspn(p, "0123456789."), space;

	if (!isdigit((unsigned char)*p))
		return 0;
	space = p[digits] == ' ';
	return unit_at(p + digits + space) ? digits + space + unit_at(p + digits + space) : 0;
}

static size_t changing_at(const char *p)
{
	size_t length = id_at(p);

	if (!length)
		length = time_at(p);
	return length ? length : duration_at(p);
}

void sentence_settle(const char *text, const char *const *hidden, char *ret_text, size_t room)
{
	struct writer w = { .text = ret_text, .room = room };
	bool in_word = false;
	size_t length;

	*ret_text = '\0';
	for (const char *p = text; *p; p += length) {
		length = hidden_at(p, hidden);
		if (!length && !in_word)
			length = changing_at(p);
		in_word = !length && (isalnum((unsigned char)*p) || strchr("-_.:", *p));
		if (length) {
			add(&w, dots, sizeof(dots) - 1);
			continue;
		}
		length = 1;
		add(&w, p, 1);
	}
}
