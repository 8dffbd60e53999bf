/* Bytes of strangers as printable ASCII and back (RFC 1035 section 5.1). */
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/verdict/data/evidence.h"

char *evidence_escape(const void *bytes, size_t length)
{
	const unsigned char *in = bytes;
	char *out = mem_new(4 * length + 1, 1), *p = out;

	for (size_t i = 0; i < length; i++) {
		if (in[i] == '\\') {
			*p++ = '\\';
			*p++ = '\\';
		} else if (in[i] >= ' ' && in[i] <= '~') {
			*p++ = (char)in[i];
		} else {
			*p++ = '\\';
			*p++ = (char)('0' + in[i] / 100);
			*p++ = (char)('0' + in[i] / 10 % 10);
			*p++ = (char)('0' + in[i] % 10);
		}
	}
	return mem_resize(out, (size_t)(p - out) + 1, 1);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* One byte from `text`; returns how many characters it took, or 0. */
static size_t unescape_one(const char *text, unsigned char *ret)
{
	int value;

	if (text[0] < ' ' || text[0] > '~')
		return 0;
	if (text[0] != '\\') {
		*ret = (unsigned char)text[0];
		return 1;
	}
	if (!is_digit(text[1])) {
		*ret = (unsigned char)text[1];
		return text[1] >= ' ' && text[1] <= '~' ? 2 : 0;
	}
	if (!is_digit(text[2]) || !is_digit(text[3]))
		return 0;
	value = (text[1] - '0') * 100 + (text[2] - '0') * 10 + (text[3] - '0');
	*ret = (unsigned char)value;
	return value <= 255 ? 4 : 0;
}

int evidence_unescape(const char *text, unsigned char **ret, size_t *ret_length)
{
	unsigned char *out = mem_new(strlen(text) + 1, 1);
	size_t length = 0;

	while (*text) {
		size_t taken = unescape_one(text, &out[length]);

		if (!taken) {
			free(out);
			return ERR_INVALID;
		}
		text += taken;
		length++;
	}
	out[length] = '\0';
	*ret = out;
	*ret_length = length;
	return 0;
}
