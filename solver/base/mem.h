/* Memory and scope helpers.
 *
 * Running out of memory ends the process: a daemon that journals before it acts
 * restarts better than it limps, so no caller checks these for NULL. Sizes that come
 * from outside are limited before they get here (buf.h, and the *_MAX of each parser).
 */
#ifndef SOLVER_BASE_MEM_H
#define SOLVER_BASE_MEM_H

#include <stddef.h>

/* Zeroed memory; gives (free with free). */
void *mem_new(size_t count, size_t size);
/* Resizes; gives the new block, the old one is gone. */
void *mem_resize(void *block, size_t count, size_t size);
/* Copies of text; NULL stays NULL. Gives (free with free). */
char *mem_dup(const char *text);
char *mem_dup_n(const char *text, size_t length);
char *mem_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Frees *slot and puts a copy of `text` (or NULL) there. `text` may point into *slot. */
void mem_replace(char **slot, const char *text);

/* Runs `f(&variable)` when the variable leaves its scope. */
#define CLEANUP(f) __attribute__((cleanup(f)))
/* CLEANUP(mem_freep) char *x: frees x at the end of the scope. */
void mem_freep(void *slot);

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
