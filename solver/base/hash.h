/* Hashes of text for tables in memory. Not for anything that is stored or sent: each process has a seed of its own, so that nobody can
 * choose names that all fall into one place. */
#ifndef SOLVER_BASE_HASH_H
#define SOLVER_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Continues `hash`, at first hash_begin(). The length counts, so texts that follow each other do not run together. */
uint64_t hash_begin(void);
uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t length);
/* NULL is not the same as "". */
uint64_t hash_text(uint64_t hash, const char *text);

#endif
