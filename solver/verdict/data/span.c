#include "solver/verdict/data/span.h"

#include <string.h>

#include "solver/base/mem.h"

static bool is_space(unsigned char c)
{
	return c == ' ' || c == '\t';
}

struct span span_trim(struct span s)
{
	while (s.length && is_space(s.at[0])) {
		s.at++;
		s.length--;
	}
	while (s.length && is_space(s.at[s.length - 1]))
		s.length--;
	return s;
}

struct span span_cut(struct span *rest, unsigned char stop, bool *ret_found)
{
	const unsigned char *at = rest->length ? memchr(rest->at, stop, rest->length) : NULL;
	struct span head = { rest->at, at ? (size_t)(at - rest->at) : rest->length };

	*ret_found = at != NULL;
	rest->at += head.length + (at != NULL);
	rest->length -= head.length + (at != NULL);
	return head;
}

char *span_text(struct span s)
{
	return mem_dup_n((const char *)s.at, s.length);
}
