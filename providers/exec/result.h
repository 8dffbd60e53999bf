/* What a program's end means for the changes it was run for. */
#ifndef PROVIDERS_EXEC_RESULT_H
#define PROVIDERS_EXEC_RESULT_H

#include <stddef.h>

#include "providers/provider.h"

/* One change, from the exit status alone. */
void result_from_exit(struct change *c, const struct answer *a);
/* The whole job, from the exit status and what was printed. */
void result_from_output(struct job *job, const struct answer *a);
/* The last line with something on it, made printable; "" for none. */
void result_last_line(const char *text, char *ret, size_t room);

#endif
