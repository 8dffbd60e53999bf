#include "solver/net/http_fields.h"

#include <string.h>

#include "solver/base/mem.h"

/* ---- lines ---- */

void http_line_init(struct http_line *l)
{
	*l = (struct http_line){ .kept = BUF_INIT(HTTP_LINE_KEPT) };
}

void http_line_done(struct http_line *l)
{
	buf_done(&l->kept);
}

void http_line_reset(struct http_line *l)
{
	buf_reset(&l->kept);
	l->bad = l->ends_cr = false;
}

static bool is_value_byte(unsigned char c)
{
	return c == '\t' || (c >= ' ' && c != 0x7f);
}

static void keep(struct http_line *l, char c)
{
	if (l->kept.length < HTTP_LINE_KEPT)
		buf_add_char(&l->kept, c);
	else if (!is_value_byte((unsigned char)c))
		l->bad = true;
}

bool http_line_feed(struct http_line *l, char c)
{
	if (c == '\n')
		return true;
	if (l->ends_cr)
		keep(l, '\r');
	l->ends_cr = c == '\r';
	if (!l->ends_cr)
		keep(l, c);
	return false;
}

/* ---- fields ---- */

void http_fields_init(struct http_fields *f, const char *(*take)(const char *name, const char *value, void *arg), void *arg)
{
	*f = (struct http_fields){ .field = BUF_INIT(2 * HTTP_LINE_KEPT), .take = take, .arg = arg };
	http_line_init(&f->line);
}

void http_fields_done(struct http_fields *f)
{
	http_line_done(&f->line);
	buf_done(&f->field);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_token_byte(unsigned char c)
{
	return c > ' ' && c < 0x7f && !strchr("\"(),/:;<=>?@[\\]{}", c);
}

static bool name_is_valid(const char *name, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (name[i] != ' ' && !is_token_byte((unsigned char)name[i]))
			return false;
	return length > 0;
}

static bool value_is_valid(const char *value, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!is_value_byte((unsigned char)value[i]))
			return false;
	return true;
}

/* The field that was held back until it was known to be whole. */
static const char *give_field(struct http_fields *f)
{
	const char *text = buf_text(&f->field), *value = memchr(text, ':', f->field.length);
	size_t length = value ? (size_t)(value - text) : 0, left = f->field.length - length;
	CLEANUP(mem_freep) char *name = NULL;

	if (!f->field.length)
		return NULL;
	if (!name_is_valid(text, length))
		return "a header line has an invalid name";
	if (f->field_bad || !value_is_valid(value, left))
		return "a header line has a control character";
	name = mem_dup_n(text, length);
	for (value++; is_blank(*value);)
		value++;
	return f->take(name, value, f->arg);
}

/* Without white space around it. */
static void add_trimmed(struct http_fields *f)
{
	const char *at = buf_text(&f->line.kept);
	size_t length = f->line.kept.length;

	for (; length && is_blank(*at); length--)
		at++;
	while (length && is_blank(at[length - 1]))
		length--;
	buf_add(&f->field, at, length);
	f->field_bad = f->field_bad || f->line.bad;
}

/* RFC 9112 section 5.2: a line that begins with white space continues the one before it. */
static const char *fold(struct http_fields *f)
{
	if (!f->field.length)
		return "the first header line begins with white space";
	buf_add_char(&f->field, ' ');
	add_trimmed(f);
	return NULL;
}

static const char *take_line(struct http_fields *f)
{
	const char *line = buf_text(&f->line.kept), *why;

	if (is_blank(line[0]))
		return fold(f);
	why = give_field(f);
	buf_reset(&f->field);
	f->field_bad = false;
	if (why || !f->line.kept.length)
		return why;
	if (!memchr(line, ':', f->line.kept.length))
		return "a header line has no colon";
	add_trimmed(f);
	return NULL;
}

enum http_fields_state http_fields_feed(struct http_fields *f, char c, const char **ret_why)
{
	bool last;

	if (!http_line_feed(&f->line, c))
		return HTTP_FIELDS_MORE;
	last = f->line.kept.length == 0;
	*ret_why = take_line(f);
	http_line_reset(&f->line);
	return *ret_why ? HTTP_FIELDS_BAD : last ? HTTP_FIELDS_END : HTTP_FIELDS_MORE;
}
