#include "solver/base/secret.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"

struct secret {
	size_t length;
	char text[];
};

struct secret *secret_new(const char *text)
{
	struct secret *s;

	if (!text)
		return NULL;
	s = mem_new(1, sizeof(*s) + strlen(text) + 1);
	s->length = strlen(text);
	memcpy(s->text, text, s->length + 1);
	return s;
}

void secret_free(struct secret *s)
{
	if (!s)
		return;
	explicit_bzero(s->text, s->length);
	free(s);
}

void secret_freep(struct secret **s)
{
	secret_free(*s);
}

const char *secret_reveal(const struct secret *s)
{
	return s ? s->text : "";
}
