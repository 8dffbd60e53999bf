#include "solver/conf/characters.h"

#include <string.h>

#include "solver/base/utf8.h"

#define BYTE_ORDER_MARK 0xfeff

/* Where a reader of the text stands; lines and columns count from 1, columns in characters. */
struct position {
	const char *text;
	size_t length, at;
	int line, column;
};

static void position_step(struct position *p, size_t bytes)
{
	char c = p->text[p->at];

	p->at += bytes;
	p->column++;
	if (c == '\n' || (c == '\r' && !(p->at < p->length && p->text[p->at] == '\n'))) {
		p->line++;
		p->column = 1;
	}
}

static bool is_printable(unsigned c)
{
	if (c < 0x20)
		return c == '\t' || c == '\n' || c == '\r';
	return c != 0x7f && (c < 0x80 || c >= 0xa0 || c == 0x85) && c != 0xfffe && c != 0xffff;
}

static int refuse(const struct position *p, const char *file, struct err *err, const char *what, unsigned number, const char *why)
{
	return err_set(err, ERR_INVALID, "%s:%d:%d: %s%0*x %s", file, p->line, p->column, what, *what == 'b' ? 2 : 4, number, why);
}

int characters_check(const char *text, size_t length, const char *file, struct err *err)
{
	struct position p = { text, length, 0, 1, 1 };

	while (p.at < length) {
		unsigned c;
		size_t bytes = utf8_read((const unsigned char *)text + p.at, length - p.at, &c);

		if (bytes == 0)
			return refuse(&p, file, err, "byte 0x", (unsigned char)text[p.at], "is not text (UTF-8 is expected)");
		if (c < 0x80 && !is_printable(c))
			return refuse(&p, file, err, "byte 0x", c, "is a control character, which YAML does not allow");
		if (!is_printable(c))
			return refuse(&p, file, err, "the character U+", c, "is not allowed in YAML");
		if (c == BYTE_ORDER_MARK && p.at > 0)
			return refuse(&p, file, err, "the byte order mark U+", c, "belongs at the start of the file only");
		position_step(&p, bytes);
	}
	return 0;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Bytes at `p` that mean nothing: a white space, a comment, the mark at the start, "..." on a line of its own. */
static size_t empty_length(const struct position *p)
{
	const char *at = p->text + p->at;
	size_t left = p->length - p->at;

	if (is_space(*at))
		return 1;
	if (p->at == 0 && left >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
		return 3;
	if (p->column == 1 && left >= 3 && memcmp(at, "...", 3) == 0 && (left == 3 || is_space(at[3])))
		return 3;
	if (*at != '#')
		return 0;
	for (size_t n = 0; n < left; n++)
		if (at[n] == '\n' || at[n] == '\r')
			return n;
	return left;
}

int characters_check_empty(const char *text, size_t length, const char *file, struct err *err)
{
	struct position p = { text, length, 0, 1, 1 };
	size_t bytes;

	while (p.at < length) {
		bytes = empty_length(&p);
		if (bytes == 0)
			return err_set(err, ERR_INVALID, "%s:%d:%d: the text holds no value, but more than comments", file, p.line, p.column);
		position_step(&p, bytes);
	}
	return 0;
}
