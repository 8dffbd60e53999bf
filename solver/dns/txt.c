/* The presentation format of TXT values (RFC 1035 section 5.1); declared in message.h. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/dns/message.h"

#define STRING_MAX 255               /* bytes of one character-string */
#define TXT_MAX DNS_MESSAGE_MAX
#define QUOTED_MAX (5 * (TXT_MAX + 1)) /* "\ddd" a byte, and quotes */

char *dns_txt_quote(const char *value)
{
	struct buf out = BUF_INIT(QUOTED_MAX);
	size_t in_string = 0;

	buf_add_char(&out, '"');
	for (const unsigned char *p = (const unsigned char *)value; *p && p - (const unsigned char *)value < TXT_MAX; p++) {
		if (in_string++ == STRING_MAX) {
			buf_add_text(&out, "\" \"");
			in_string = 1;
		}
		if (*p == '"' || *p == '\\')
			buf_printf(&out, "\\%c", *p);
		else if (*p < 0x20 || *p > 0x7e)
			buf_printf(&out, "\\%03u", *p);
		else
			buf_add_char(&out, (char)*p);
	}
	buf_add_char(&out, '"');
	return buf_take(&out);
}

/* Reads what follows a backslash; gives the position behind it, NULL for nonsense. */
static const char *read_escape(const char *p, struct buf *out)
{
	int byte = 0;

	if (!isdigit((unsigned char)*p)) {
		if (!*p)
			return NULL;
		buf_add_char(out, *p);
		return p + 1;
	}
	for (int i = 0; i < 3; i++, p++) {
		if (!isdigit((unsigned char)*p))
			return NULL;
		byte = byte * 10 + (*p - '0');
	}
	if (byte == 0 || byte > 255)
		return NULL; /* a zero byte has no place in the text of a value */
	buf_add_char(out, (char)byte);
	return p;
}

/* One character-string, quoted or a word; gives the position behind it, NULL for nonsense. */
static const char *read_string(const char *p, struct buf *out)
{
	bool quoted = *p == '"';

	p += quoted;
	for (;;) {
		if (!*p)
			return quoted ? NULL : p;
		if (quoted && *p == '"')
			return p + 1;
		if (!quoted && *p == '"')
			return NULL;
		if (!quoted && isspace((unsigned char)*p))
			return p;
		if (*p != '\\') {
			buf_add_char(out, *p++);
			continue;
		}
		p = read_escape(p + 1, out);
		if (!p)
			return NULL;
	}
}

int dns_txt_unquote(const char *text, char **ret)
{
	struct buf out = BUF_INIT(TXT_MAX);
	const char *p = text;

	while (p && *p) {
		if (isspace((unsigned char)*p))
			p++;
		else
			p = read_string(p, &out);
	}
	if (!p || out.overflow) {
		buf_done(&out);
		return ERR_INVALID;
	}
	*ret = mem_dup(buf_text(&out));
	buf_done(&out);
	return 0;
}
