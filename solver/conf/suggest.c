#include "solver/conf/suggest.h"

#include <stdio.h>
#include <string.h>

#define WORD_MAX 40 /* longer words are not looked at */

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;

	return least < c ? least : c;
}

/* Insertions, deletions, replacements, and swaps of neighbours: what fingers do. */
static unsigned edit_distance(const char *a, const char *b)
{
	unsigned rows[3][WORD_MAX + 1];
	unsigned *before = rows[0], *above = rows[1], *row = rows[2], *spare;
	size_t wide = strlen(b);

	for (size_t j = 0; j <= wide; j++)
		above[j] = (unsigned)j;
	for (size_t i = 1; i <= strlen(a); i++) {
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= wide; j++) {
			row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		spare = before;
		before = above;
		above = row;
		row = spare;
	}
	return above[wide];
}

void suggestion_consider(struct suggestion *s, const char *candidate)
{
	size_t length = strlen(s->word);
	unsigned limit = length < 4 ? 1 : 2, distance;

	if (!*candidate || length > WORD_MAX || strlen(candidate) > WORD_MAX)
		return;
	if (length / 3 > limit)
		limit = (unsigned)length / 3;
	distance = edit_distance(s->word, candidate);
	if (distance > limit || (s->nearest && distance >= s->distance))
		return;
	s->nearest = candidate;
	s->distance = distance;
}

const char *suggestion_text(const struct suggestion *s, char text[96])
{
	text[0] = '\0';
	if (s->nearest)
		snprintf(text, 96, "; did you mean '%s'?", s->nearest);
	return text;
}
