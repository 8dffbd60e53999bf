#include "solver/nameserver/wire.h"

#include <string.h>

static bool reader_has(struct wire_reader *r, size_t length)
{
	if (r->failed || r->length - r->at < length)
		r->failed = true;
	return !r->failed;
}

uint8_t wire_read_8(struct wire_reader *r)
{
	return reader_has(r, 1) ? r->bytes[r->at++] : 0;
}

uint16_t wire_read_16(struct wire_reader *r)
{
	const uint8_t *b = r->bytes + r->at;

	if (!reader_has(r, 2))
		return 0;
	r->at += 2;
	return (uint16_t)(b[0] << 8 | b[1]);
}

uint32_t wire_read_32(struct wire_reader *r)
{
	uint32_t high = wire_read_16(r);

	return high << 16 | wire_read_16(r);
}

void wire_skip(struct wire_reader *r, size_t length)
{
	if (reader_has(r, length))
		r->at += length;
}

/* Not a plain character of a name: escaped, so that it equals nothing published. */
static bool is_odd(uint8_t c)
{
	return c <= ' ' || c > '~' || c == '.' || c == '\\';
}

static char *label_text(const uint8_t *label, size_t length, char *to)
{
	for (size_t i = 0; i < length; i++) {
		uint8_t c = label[i];

		if (is_odd(c)) {
			*to++ = '\\';
			*to++ = (char)('0' + c / 100);
			*to++ = (char)('0' + c / 10 % 10);
			*to++ = (char)('0' + c % 10);
		} else {
			*to++ = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
		}
	}
	return to;
}

void wire_read_name(struct wire_reader *r, struct wire_name *name)
{
	size_t start = r->at;
	char *to = name->text;
	uint8_t length;

	name->labels = 0;
	while ((length = wire_read_8(r)) != 0) {
		/* The root's zero byte must still fit; the reader's end is checked by reader_has. */
		if (length > 63 || r->at - start + length + 1 > WIRE_NAME_MAX || !reader_has(r, length)) {
			r->failed = true;
			break;
		}
		if (name->labels)
			*to++ = '.';
		name->text_at[name->labels] = (uint16_t)(to - name->text);
		name->wire_at[name->labels++] = (uint8_t)(r->at - 1 - start);
		to = label_text(r->bytes + r->at, length, to);
		r->at += length;
	}
	*to = '\0';
}

void wire_skip_name(struct wire_reader *r)
{
	size_t start = r->at;
	uint8_t length;

	while ((length = wire_read_8(r)) != 0) {
		if (length >= 0xc0) {
			wire_read_8(r);
			return;
		}
		if (length > 63 || r->at - start + length + 1 > WIRE_NAME_MAX)
			r->failed = true;
		wire_skip(r, length);
		if (r->failed)
			return;
	}
}

static uint8_t *writer_take(struct wire_writer *w, size_t length)
{
	uint8_t *to = w->bytes + w->at;

	if (w->failed || w->room - w->at < length) {
		w->failed = true;
		return NULL;
	}
	w->at += length;
	return to;
}

void wire_write_8(struct wire_writer *w, uint8_t value)
{
	uint8_t *to = writer_take(w, 1);

	if (to)
		*to = value;
}

void wire_write_16(struct wire_writer *w, uint16_t value)
{
	uint8_t *to = writer_take(w, 2);

	if (to) {
		to[0] = (uint8_t)(value >> 8);
		to[1] = (uint8_t)value;
	}
}

void wire_write_32(struct wire_writer *w, uint32_t value)
{
	wire_write_16(w, (uint16_t)(value >> 16));
	wire_write_16(w, (uint16_t)value);
}

void wire_write(struct wire_writer *w, const void *bytes, size_t length)
{
	uint8_t *to = writer_take(w, length);

	if (to && length)
		memcpy(to, bytes, length);
}

void wire_write_name(struct wire_writer *w, const char *text)
{
	while (*text) {
		size_t length = strcspn(text, ".");

		if (!length || length > 63)
			w->failed = true;
		wire_write_8(w, (uint8_t)length);
		wire_write(w, text, length);
		text += length;
		if (*text == '.')
			text++;
	}
	wire_write_8(w, 0);
}

void wire_set_16(struct wire_writer *w, size_t at, uint16_t value)
{
	w->bytes[at] = (uint8_t)(value >> 8);
	w->bytes[at + 1] = (uint8_t)value;
}
