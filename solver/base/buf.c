#include "solver/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"

void buf_done(struct buf *b)
{
	free(b->data);
	*b = BUF_INIT(b->max);
}

void buf_wipe(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->room);
	buf_done(b);
}

void buf_reset(struct buf *b)
{
	b->length = 0;
	b->overflow = false;
	if (b->data)
		b->data[0] = '\0';
}

static bool buf_reserve(struct buf *b, size_t more)
{
	size_t room = b->room ? b->room : 64;

	if (b->overflow || more > b->max - b->length) {
		b->overflow = true;
		return false;
	}
	while (room < b->length + more + 1)
		room *= 2;
	if (room != b->room) {
		b->data = mem_resize(b->data, room, 1);
		b->room = room;
	}
	return true;
}

void buf_add(struct buf *b, const void *bytes, size_t length)
{
	if (!buf_reserve(b, length))
		return;
	if (length)
		memcpy(b->data + b->length, bytes, length);
	b->length += length;
	b->data[b->length] = '\0';
}

void buf_add_text(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void buf_add_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args, again;
	int length;

	va_start(args, format);
	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	if (length >= 0 && buf_reserve(b, (size_t)length)) {
		vsnprintf(b->data + b->length, (size_t)length + 1, format, again);
		b->length += (size_t)length;
	}
	va_end(again);
	va_end(args);
}

const char *buf_text(const struct buf *b)
{
	return b->data ? b->data : "";
}

char *buf_take(struct buf *b)
{
	char *bytes = b->data ? b->data : mem_dup("");

	*b = BUF_INIT(b->max);
	return bytes;
}
