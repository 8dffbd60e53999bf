#include "solver/verdict/data/body.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/base/utf8.h"
#include "solver/crypto/crypto.h"

static bool is_space(unsigned c)
{
	return (c >= '\t' && c <= '\r') || c == ' ' || c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
	       c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

/* Bytes of the white space that ends the text; 0 for none. */
static size_t space_at_end(const unsigned char *bytes, size_t length, enum trim_rule rule)
{
	unsigned c;

	if (rule == TRIM_END_CRLF_TAB)
		return length && strchr("\r\n\t", bytes[length - 1]) && bytes[length - 1] ? 1 : 0;
	for (size_t n = 1; n <= 3 && n <= length; n++)
		if (utf8_read(bytes + length - n, n, &c) == n && is_space(c))
			return n;
	return 0;
}

static size_t space_at_start(const unsigned char *bytes, size_t length)
{
	unsigned c;
	size_t n = length ? utf8_read(bytes, length, &c) : 0;

	return n && is_space(c) ? n : 0;
}

void body_read(const struct ev_hop *hop, const struct authority *a, struct body *ret)
{
	size_t n;

	memset(ret, 0, sizeof(*ret));
	if (evidence_unescape(hop->body ? hop->body : "", &ret->bytes, &ret->length) < 0)
		ret->bytes = mem_new(1, 1);
	ret->cut = hop->body_length > 0 && (size_t)hop->body_length > ret->length;
	ret->start = ret->bytes;
	ret->kept = ret->length;
	if (a->trim == TRIM_NOTHING)
		return;
	while ((n = space_at_end(ret->start, ret->kept, a->trim)) > 0)
		ret->kept -= n;
	while (a->trim == TRIM_BOTH && (n = space_at_start(ret->start, ret->kept)) > 0) {
		ret->start += n;
		ret->kept -= n;
	}
}

void body_done(struct body *b)
{
	free(b->bytes);
}

bool body_equals(const struct body *b, const char *expected)
{
	return !b->cut && b->kept == strlen(expected) && memcmp(b->start, expected, b->kept) == 0;
}

static void quote_one(struct buf *out, unsigned c, const unsigned char *bytes, size_t n)
{
	static const char names[] = "abtnvfr"; /* of 7 to 13 */

	if (c == '"' || c == '\\')
		buf_printf(out, "\\%c", (char)c);
	else if (c >= 7 && c <= 13)
		buf_printf(out, "\\%c", names[c - 7]);
	else if (c < ' ' || c == 0x7f)
		buf_printf(out, "\\x%02x", c);
	else if (c == 0xfeff || (c >= 0x80 && c < 0xa0) || (c != ' ' && is_space(c)))
		buf_printf(out, "\\u%04x", c);
	else
		buf_add(out, bytes, n);
}

char *body_quote(const void *bytes, size_t length)
{
	struct buf out = BUF_INIT(6 * length + 2);
	const unsigned char *at = bytes;

	buf_add_char(&out, '"');
	for (size_t i = 0, n; i < length; i += n) {
		unsigned c;

		n = utf8_read(at + i, length - i, &c);
		if (n)
			quote_one(&out, c, at + i, n);
		else
			buf_printf(&out, "\\x%02x", at[i]);
		n = n ? n : 1;
	}
	buf_add_char(&out, '"');
	return buf_take(&out);
}

char *body_digest(const void *bytes, size_t length)
{
	unsigned char digest[SHA256_SIZE];
	CLEANUP(mem_freep) char *hex = NULL;

	crypto_sha256(bytes, length, digest);
	hex = crypto_hex(digest, sizeof(digest));
	return mem_printf("%zu bytes, SHA-256 %s", length, hex);
}

char *body_hop_digest(const struct ev_hop *hop)
{
	CLEANUP(mem_freep) unsigned char *bytes = NULL;
	size_t length = 0;

	if (evidence_unescape(hop->body ? hop->body : "", &bytes, &length) < 0)
		length = 0;
	return body_digest(bytes ? bytes : (const unsigned char *)"", length);
}

void body_hide_all(struct evidence *e)
{
	for (size_t i = 0; i < e->hop_count; i++) {
		CLEANUP(mem_freep) char *digest = e->hops[i].body ? body_hop_digest(&e->hops[i]) : NULL;

		mem_replace(&e->hops[i].body, digest);
	}
}

static char *name_byte(const unsigned char *at, size_t length, size_t i)
{
	CLEANUP(mem_freep) char *quoted = i < length ? body_quote(at + i, 1) : NULL;

	return quoted ? mem_printf("%s", quoted) : mem_dup("the end");
}

char *body_difference(const struct body *b, const char *expected)
{
	size_t length = strlen(expected), i = 0;
	CLEANUP(mem_freep) char *got = NULL;
	CLEANUP(mem_freep) char *wanted = NULL;

	while (i < b->kept && i < length && b->start[i] == (unsigned char)expected[i])
		i++;
	got = name_byte(b->start, b->kept, i);
	wanted = name_byte((const unsigned char *)expected, length, i);
	return mem_printf("of %zu bytes the first that differs is number %zu: %s where %s is expected", b->kept, i + 1, got, wanted);
}

size_t body_leading_space(const struct body *b)
{
	size_t total = 0, n;

	while ((n = space_at_start(b->start + total, b->kept - total)) > 0)
		total += n;
	return total;
}

size_t body_mark(const struct body *b)
{
	if (b->kept >= 3 && memcmp(b->start, "\xef\xbb\xbf", 3) == 0)
		return 3;
	return b->kept >= 2 && (memcmp(b->start, "\xff\xfe", 2) == 0 || memcmp(b->start, "\xfe\xff", 2) == 0) ? 2 : 0;
}
