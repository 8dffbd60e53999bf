#include "solver/base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *block)
{
	if (!block) {
		fputs("dcvd: out of memory\n", stderr);
		abort();
	}
	return block;
}

void *mem_new(size_t count, size_t size)
{
	return must(calloc(count ? count : 1, size ? size : 1));
}

void *mem_resize(void *block, size_t count, size_t size)
{
	return must(reallocarray(block, count ? count : 1, size ? size : 1));
}

char *mem_dup(const char *text)
{
	return text ? must(strdup(text)) : NULL;
}

char *mem_dup_n(const char *text, size_t length)
{
	char *copy = mem_new(length + 1, 1);

	if (length)
		memcpy(copy, text, length);
	return copy;
}

char *mem_printf(const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	return must(text);
}

void mem_replace(char **slot, const char *text)
{
	char *copy = mem_dup(text);

	free(*slot);
	*slot = copy;
}

void mem_freep(void *slot)
{
	free(*(void **)slot);
}
