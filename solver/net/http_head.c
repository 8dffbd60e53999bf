#include "solver/net/http_head.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/base/mem.h"

#define METHOD_MAX 32
#define LENGTH_DIGITS_MAX 18
#define CHUNK_DIGITS_MAX 8

/* ---- where the head ends ---- */

long http_head_length(const char *bytes, size_t length, size_t from, const char **ret_why)
{
	for (size_t i = from; i < length; i++) {
		char before = i ? bytes[i - 1] : '\0';

		if (bytes[i] == '\0')
			*ret_why = "a zero byte stands in the request head";
		else if (bytes[i] == '\n' && before != '\r')
			*ret_why = "a line of the request head ends with a bare LF";
		else if (before == '\r' && bytes[i] != '\n')
			*ret_why = "a bare CR stands in the request head";
		else if (i >= 3 && bytes[i] == '\n' && bytes[i - 2] == '\n')
			return (long)i + 1;
		else
			continue;
		return -1;
	}
	return 0;
}

/* ---- the request line ---- */

static bool is_token(const char *text)
{
	size_t length = strspn(text, "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

	return length > 0 && text[length] == '\0';
}

/* Bytes above ASCII stand for themselves only: no reader takes them for anything else. */
static bool is_visible(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || *text == 0x7f)
			return false;
	return true;
}

/* Cuts scheme and authority off an absolute target; *ret_authority is NULL for the usual form. */
static bool split_target(struct http_head *h, char *target, char **ret_authority)
{
	char *path, *query;

	*ret_authority = NULL;
	if (strncasecmp(target, "http://", 7) == 0 || strncasecmp(target, "https://", 8) == 0) {
		*ret_authority = strstr(target, "//") + 2;
		path = strpbrk(*ret_authority, "/?");
		if (!path || *path != '/')
			return false;
		/* The authority moves over the scheme, so that a zero byte fits behind it. */
		memmove(target, *ret_authority, (size_t)(path - *ret_authority));
		target[path - *ret_authority] = '\0';
		*ret_authority = target;
		target = path;
	}
	if (*target != '/' && strcmp(target, "*") != 0)
		return false;
	query = strpbrk(target, "?#");
	if (query && *query == '#')
		return false;
	if (query)
		*query++ = '\0';
	h->target = target;
	h->query = query;
	return true;
}

static const char *read_request_line(struct http_head *h, char *line, char **ret_authority)
{
	char *target = strchr(line, ' '), *version = target ? strchr(target + 1, ' ') : NULL;

	if (!version)
		return "the request line is not \"METHOD TARGET VERSION\"";
	*target++ = '\0';
	*version++ = '\0';
	h->method = line;
	h->http10 = strcmp(version, "HTTP/1.0") == 0;
	if (!h->http10 && strcmp(version, "HTTP/1.1") != 0)
		return "the version is neither HTTP/1.1 nor HTTP/1.0";
	if (!is_token(line) || strlen(line) > METHOD_MAX)
		return "the method is no token";
	if (!is_visible(target) || !split_target(h, target, ret_authority))
		return "the request target is neither a path nor an absolute URL";
	return NULL;
}

/* ---- fields ---- */

static char *trim(char *value)
{
	size_t length;

	value += strspn(value, " \t");
	length = strlen(value);
	while (length && (value[length - 1] == ' ' || value[length - 1] == '\t'))
		value[--length] = '\0';
	return value;
}

static bool is_value(const char *text)
{
	for (; *text; text++)
		if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f)
			return false;
	return true;
}

static const char *read_field(struct http_head *h, char *line)
{
	char *colon = strchr(line, ':');

	if (*line == ' ' || *line == '\t')
		return "a header field is folded over two lines";
	if (!colon)
		return "a header field has no colon";
	*colon = '\0';
	if (!is_token(line))
		return "the name of a header field is no token";
	if (!is_value(colon + 1))
		return "a header field holds a control character";
	h->fields[h->count].name = line;
	h->fields[h->count++].value = trim(colon + 1);
	return NULL;
}

const char *http_head_field(const struct http_head *h, const char *name)
{
	for (size_t i = 0; i < h->count; i++)
		if (strcasecmp(h->fields[i].name, name) == 0)
			return h->fields[i].value;
	return NULL;
}

static size_t count_fields(const struct http_head *h, const char *name)
{
	size_t count = 0;

	for (size_t i = 0; i < h->count; i++)
		count += strcasecmp(h->fields[i].name, name) == 0;
	return count;
}

/* ---- what the fields mean ---- */

static const char *read_framing(struct http_head *h)
{
	size_t lengths = count_fields(h, "Content-Length"), encodings = count_fields(h, "Transfer-Encoding");
	const char *length = http_head_field(h, "Content-Length"), *encoding = http_head_field(h, "Transfer-Encoding");

	if (lengths && encodings)
		return "Content-Length and Transfer-Encoding contradict each other";
	if (lengths > 1)
		return "there are several Content-Length fields";
	if (encodings > 1 || (encoding && strcasecmp(encoding, "chunked") != 0))
		return "the Transfer-Encoding is not exactly \"chunked\"";
	if (encoding && h->http10)
		return "HTTP/1.0 knows no Transfer-Encoding";
	if (length && (!*length || strlen(length) > LENGTH_DIGITS_MAX || length[strspn(length, "0123456789")]))
		return "the Content-Length is no number";
	h->length = length ? strtoull(length, NULL, 10) : 0;
	h->framing = encoding ? HTTP_FRAMING_CHUNKED : h->length ? HTTP_FRAMING_LENGTH : HTTP_FRAMING_NONE;
	return NULL;
}

static const char *read_host(const struct http_head *h, const char *authority)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:[]%";
	const char *host = http_head_field(h, "Host");
	size_t hosts = count_fields(h, "Host");

	if (hosts > 1)
		return "there are several Host fields";
	if (hosts == 0 && !h->http10)
		return "the Host field is missing";
	if (host && host[strspn(host, allowed)])
		return "the Host field holds what no host has";
	if (authority && host && strcasecmp(authority, host) != 0)
		return "the Host field names another host than the request target";
	return NULL;
}

/* One of the comma-separated words. */
static bool has_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	while (list && *list) {
		size_t span;

		list += strspn(list, " \t,");
		span = strcspn(list, " \t,");
		if (span == length && strncasecmp(list, word, length) == 0)
			return true;
		list += span;
	}
	return false;
}

static int read_expectation(struct http_head *h, const char **ret_why)
{
	const char *expect = http_head_field(h, "Expect");

	h->expects_continue = expect && strcasecmp(expect, "100-continue") == 0;
	if (!expect || h->expects_continue)
		return 0;
	*ret_why = "the Expect field asks for what is not known here";
	return 417;
}

static void read_connection(struct http_head *h)
{
	h->close = h->http10;
	for (size_t i = 0; i < h->count; i++)
		if (strcasecmp(h->fields[i].name, "Connection") == 0 && has_word(h->fields[i].value, "close"))
			h->close = true;
}

/* ---- the whole ---- */

/* The line that starts at `at`, without its end; *ret_next is where the next one starts. */
static char *line_at(char *at, char **ret_next)
{
	char *end = strstr(at, "\r\n");

	*end = '\0';
	*ret_next = end + 2;
	return at;
}

static int read_lines(struct http_head *h, char **ret_authority, const char **ret_why)
{
	char *next, *line = line_at(h->bytes, &next);

	*ret_why = read_request_line(h, line, ret_authority);
	while (!*ret_why && *(line = line_at(next, &next))) {
		if (h->count == HTTP_HEAD_FIELDS_MAX) {
			*ret_why = "there are too many header fields";
			return 431;
		}
		*ret_why = read_field(h, line);
	}
	return *ret_why ? 400 : 0;
}

int http_head_parse(const char *bytes, size_t length, struct http_head *ret, const char **ret_why)
{
	char *authority = NULL;
	int status;

	*ret = (struct http_head){ .bytes = mem_dup_n(bytes, length), .size = length };
	status = read_lines(ret, &authority, ret_why);
	if (status)
		return status;
	*ret_why = read_framing(ret);
	if (!*ret_why)
		*ret_why = read_host(ret, authority);
	read_connection(ret);
	return *ret_why ? 400 : read_expectation(ret, ret_why);
}

void http_head_done(struct http_head *h)
{
	if (h->bytes)
		explicit_bzero(h->bytes, h->size); /* tokens and passwords stand there */
	free(h->bytes);
	h->bytes = NULL;
}

/* ---- chunks ---- */

/* "1A\r\n": only digits; an extension is as good a place to hide a line end as any, and nobody needs one. */
static long read_size(struct http_chunks *c, const char *bytes, size_t length)
{
	size_t digits = 0;

	c->left = 0;
	while (digits < length && strchr("0123456789abcdefABCDEF", bytes[digits]) && bytes[digits]) {
		char digit = (char)(bytes[digits] | 0x20);

		c->left = c->left << 4 | (uint64_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
		if (++digits > CHUNK_DIGITS_MAX)
			return -1;
	}
	if (digits < length && (digits == 0 || bytes[digits] != '\r'))
		return -1;
	if (digits + 1 < length && bytes[digits + 1] != '\n')
		return -1;
	if (digits + 1 >= length)
		return 0;
	c->step = c->left ? CHUNK_BYTES : CHUNK_LAST;
	return (long)digits + 2;
}

static long read_line_end(struct http_chunks *c, const char *bytes, size_t length, bool *ret_done)
{
	if (bytes[0] != '\r' || (length > 1 && bytes[1] != '\n'))
		return -1;
	if (length < 2)
		return 0;
	*ret_done = c->step == CHUNK_LAST;
	c->step = CHUNK_SIZE;
	return 2;
}

long http_chunks_next(struct http_chunks *c, const char *bytes, size_t length, const char **ret_data, size_t *ret_length, bool *ret_done)
{
	*ret_length = 0;
	*ret_done = false;
	if (length == 0)
		return 0;
	if (c->step == CHUNK_SIZE)
		return read_size(c, bytes, length);
	if (c->step != CHUNK_BYTES)
		return read_line_end(c, bytes, length, ret_done);
	*ret_data = bytes;
	*ret_length = length < c->left ? length : (size_t)c->left;
	c->left -= *ret_length;
	if (c->left == 0)
		c->step = CHUNK_END;
	return (long)*ret_length;
}
