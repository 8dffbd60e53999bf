/* What commands print. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/cli/common/common.h"

#define COLUMNS_MAX 12
#define CELL_MAX 60

struct table {
	size_t columns, rows;
	char **cells; /* rows * columns */
	int width[COLUMNS_MAX];
};

int text_columns(const char *text)
{
	int columns = 0;

	for (; *text; text++)
		columns += ((unsigned char)*text & 0xc0) != 0x80;
	return columns;
}

void print_json(const json_t *j)
{
	char *text = json_dumps(j, JSON_INDENT(2));

	puts(text ? text : "null");
	free(text);
}

const char *json_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

const char *state_colour(const char *state)
{
	if (!isatty(STDOUT_FILENO))
		return "";
	if (strcmp(state, "ready") == 0 || strcmp(state, "done") == 0)
		return "\033[32m";
	return strcmp(state, "failed") == 0 ? "\033[31m" : "\033[33m";
}

const char *colour_end(void)
{
	return isatty(STDOUT_FILENO) ? "\033[0m" : "";
}

const char *challenge_why(const json_t *challenge)
{
	return json_text(challenge, *json_text(challenge, "reason") ? "reason" : "waiting_for");
}

const char *age_text(const char *time, char text[16])
{
	int64_t at, s;

	snprintf(text, 16, "-");
	if (clock_parse(time, &at) < 0)
		return text;
	s = (clock_wall_ms() - at) / 1000;
	if (s < 120)
		snprintf(text, 16, "%ds", (int)s);
	else if (s < 7200)
		snprintf(text, 16, "%dm", (int)(s / 60));
	else if (s < 172800)
		snprintf(text, 16, "%dh", (int)(s / 3600));
	else
		snprintf(text, 16, "%dd", (int)(s / 86400));
	return text;
}

struct table *table_new(const char *const *headings)
{
	struct table *t = mem_new(1, sizeof(*t));

	while (headings[t->columns] && t->columns < COLUMNS_MAX)
		t->columns++;
	table_row(t, headings);
	return t;
}

/* What came from outside must not steer the terminal. */
static char *cell_copy(const char *text)
{
	char *copy = mem_dup(text ? text : "");

	for (char *c = copy; *c; c++)
		if ((unsigned char)*c < 32 || *c == 127)
			*c = '?';
	return copy;
}

void table_row(struct table *t, const char *const *cells)
{
	t->cells = mem_resize(t->cells, (t->rows + 1) * t->columns, sizeof(*t->cells));
	for (size_t i = 0; i < t->columns; i++) {
		char *copy = cell_copy(cells[i]);
		int length = text_columns(copy);

		t->cells[t->rows * t->columns + i] = copy;
		if (length > t->width[i])
			t->width[i] = length > CELL_MAX ? CELL_MAX : length;
	}
	t->rows++;
}

static int padding(int width, const char *text)
{
	int columns = text_columns(text);

	return columns < width ? width - columns : 0;
}

void table_free(struct table *t)
{
	for (size_t i = 0; i < t->rows * t->columns; i++)
		free(t->cells[i]);
	free(t->cells);
	free(t);
}

void table_print_free(struct table *t)
{
	for (size_t i = 0; i < t->rows * t->columns; i++) {
		bool last = (i + 1) % t->columns == 0;

		if (last)
			printf("%s\n", t->cells[i]);
		else
			printf("%s%*s  ", t->cells[i], padding(t->width[i % t->columns], t->cells[i]), "");
	}
	table_free(t);
}
