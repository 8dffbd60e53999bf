/* What the other files say of changes: their status, and the key they were sent with. */
#include <stdarg.h>
#include <stdio.h>

#include "providers/rfc2136/internal.h"

void changes_settle(struct job *job, size_t begin, size_t end, enum change_status status, const char *format, ...)
{
	for (size_t i = begin; i < end; i++) {
		struct change *c = &job->changes[i];
		va_list args;

		if (c->status != CHANGE_PENDING)
			continue;
		va_start(args, format);
		vsnprintf(c->message, sizeof(c->message), format, args);
		va_end(args);
		c->status = status;
	}
}

const char *key_title(const struct provider *p)
{
	return p->has_key ? p->key_name : "(none)";
}
