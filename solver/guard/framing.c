#include "solver/guard/framing.h"

#include <string.h>
#include <strings.h>

#define METHOD_MAX 32
#define LENGTH_DIGITS_MAX 18
#define VERSION_LENGTH 8 /* "HTTP/1.1" */
#define LINE_END 2

/* What a character may stand in. */
enum { TOKEN = 1, AUTHORITY = 2, DIGIT = 4 };

static const unsigned char classes[256] = {
	['a' ... 'z'] = TOKEN | AUTHORITY, ['A' ... 'Z'] = TOKEN | AUTHORITY, ['0' ... '9'] = TOKEN | AUTHORITY | DIGIT,
	['!'] = TOKEN | AUTHORITY, ['$'] = TOKEN | AUTHORITY, ['&'] = TOKEN | AUTHORITY, ['\''] = TOKEN | AUTHORITY, ['*'] = TOKEN | AUTHORITY,
	['+'] = TOKEN | AUTHORITY, ['-'] = TOKEN | AUTHORITY, ['.'] = TOKEN | AUTHORITY, ['_'] = TOKEN | AUTHORITY, ['~'] = TOKEN | AUTHORITY,
	['#'] = TOKEN, ['%'] = TOKEN, ['^'] = TOKEN, ['`'] = TOKEN, ['|'] = TOKEN,
	['('] = AUTHORITY, [')'] = AUTHORITY, [','] = AUTHORITY, [';'] = AUTHORITY, ['='] = AUTHORITY, [':'] = AUTHORITY, ['['] = AUTHORITY,
	[']'] = AUTHORITY,
};

/* The first reason counts. */
static void refuse(struct framing *f, const char *why)
{
	if (!f->why)
		f->why = why;
}

static bool is_made_of(const char *text, size_t length, unsigned class)
{
	for (size_t i = 0; i < length; i++)
		if (!(classes[(unsigned char)text[i]] & class))
			return false;
	return length > 0;
}

static bool equals(struct framing_text t, const char *word)
{
	return t.length == strlen(word) && strncasecmp(t.text, word, t.length) == 0;
}

/* ---- the request line ---- */

/* Bytes beyond ASCII stand for themselves only: no reader takes them for anything else. */
static bool is_visible(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || *text == 0x7f)
			return false;
	return true;
}

/* Where the authority of an absolute target starts; NULL for the usual form. */
static const char *authority_of(const char *target)
{
	if (strncasecmp(target, "http://", 7) == 0)
		return target + 7;
	return strncasecmp(target, "https://", 8) == 0 ? target + 8 : NULL;
}

static bool is_target(const char *target)
{
	const char *authority = authority_of(target), *path = authority ? strpbrk(authority, "/?") : target;

	if (authority && (!path || !is_made_of(authority, (size_t)(path - authority), AUTHORITY)))
		return false;
	return is_visible(target) && !strchr(target, '#') && (*path == '/' || strcmp(target, "*") == 0);
}

void framing_target(struct framing *f, const char *target)
{
	*f = (struct framing){ .target = (uintptr_t)target, .target_length = strlen(target) };
	if (!is_target(target))
		refuse(f, "the request target is neither a path nor an absolute URL");
}

void framing_line(struct framing *f, const char *method, const char *url, const char *version, bool lines)
{
	size_t length = strlen(method);

	f->lines = lines;
	f->http10 = strcmp(version, "HTTP/1.0") == 0;
	f->method = (uintptr_t)method;
	f->end = (uintptr_t)version + VERSION_LENGTH;
	f->authority.text = authority_of(url);
	f->authority.length = f->authority.text ? strcspn(f->authority.text, "/") : 0;
	if (!f->http10 && strcmp(version, "HTTP/1.1") != 0)
		refuse(f, "the version is neither HTTP/1.1 nor HTTP/1.0");
	if (length > METHOD_MAX || !is_made_of(method, length, TOKEN))
		refuse(f, "the method is no token");
	if (lines && (f->target != f->method + length + 1 || (uintptr_t)version != f->target + f->target_length + 1))
		refuse(f, "the request line is not METHOD TARGET VERSION with one space between each");
}

/* ---- the fields ---- */

static bool is_value(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (((unsigned char)text[i] < ' ' && text[i] != '\t') || text[i] == 0x7f)
			return false;
	return true;
}

static void note(struct framing_text *ret, unsigned *count, const char *value, size_t length)
{
	while (length && (value[length - 1] == ' ' || value[length - 1] == '\t'))
		length--;
	*ret = (struct framing_text){ value, length };
	++*count;
}

/* Of two, a front end may have judged the other one. */
static void judge_credentials(struct framing *f, struct framing_text field)
{
	static const char *const names[] = { "Authorization", "X-Api-User", "X-Api-Key" };

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!equals(field, names[i]))
			continue;
		if (f->credentials & 1U << i)
			refuse(f, "a field with credentials came twice");
		f->credentials |= 1U << i;
	}
}

void framing_field(struct framing *f, const char *name, size_t name_length, const char *value, size_t value_length)
{
	struct framing_text field = { name, name_length };
	unsigned expectations = 0;

	if (f->lines && (uintptr_t)name != f->end + LINE_END)
		refuse(f, "a line of the head does not end with CR LF, is folded, or holds a zero byte");
	f->end = (uintptr_t)value + value_length;
	if (!is_made_of(name, name_length, TOKEN))
		refuse(f, "the name of a header field is no token");
	if (!is_value(value, value_length))
		refuse(f, "a header field holds a control character");
	if (equals(field, "Host"))
		note(&f->host, &f->hosts, value, value_length);
	else if (equals(field, "Content-Length"))
		note(&f->length, &f->lengths, value, value_length);
	else if (equals(field, "Transfer-Encoding"))
		note(&f->encoding, &f->encodings, value, value_length);
	else if (equals(field, "Expect"))
		note(&f->expectation, &expectations, value, value_length);
	else
		judge_credentials(f, field);
}

/* ---- what the fields mean together ---- */

static void judge_body(struct framing *f)
{
	if (f->lengths && f->encodings)
		refuse(f, "Content-Length and Transfer-Encoding contradict each other");
	if (f->lengths > 1)
		refuse(f, "there are several Content-Length fields");
	if (f->lengths && (f->length.length > LENGTH_DIGITS_MAX || !is_made_of(f->length.text, f->length.length, DIGIT)))
		refuse(f, "the Content-Length is no number");
	if (f->encodings > 1 || (f->encodings && !equals(f->encoding, "chunked")))
		refuse(f, "the Transfer-Encoding is not exactly chunked");
	if (f->encodings && f->http10)
		refuse(f, "HTTP/1.0 knows no Transfer-Encoding");
}

static void judge_host(struct framing *f)
{
	if (f->hosts > 1)
		refuse(f, "there are several Host fields");
	if (!f->hosts && !f->http10)
		refuse(f, "the Host field is missing");
	if (f->host.length && !is_made_of(f->host.text, f->host.length, AUTHORITY))
		refuse(f, "the Host field holds what no host has");
	if (f->authority.text && f->hosts && (f->authority.length != f->host.length ||
	                                      strncasecmp(f->authority.text, f->host.text, f->host.length) != 0))
		refuse(f, "the Host field names another host than the request target");
}

int framing_end(struct framing *f, size_t head_length)
{
	if (f->lines && f->method + head_length != f->end + 2 * LINE_END)
		refuse(f, "the head does not end with CR LF CR LF");
	judge_body(f);
	judge_host(f);
	if (f->why)
		return 400;
	if (f->expectation.text && !equals(f->expectation, "100-continue"))
		return refuse(f, "the Expect field asks for what is not known here"), 417;
	if (f->encodings)
		return refuse(f, "a body in chunks is not taken here; send its Content-Length"), 411;
	return 0;
}
