/* Random names. Ids are 26 characters of lower-case base32 behind a two-letter prefix
 * ("ch_…", "or_…"): 130 random bits from the kernel, safe in URLs and file names. */
#ifndef SOLVER_BASE_ID_H
#define SOLVER_BASE_ID_H

#include <stddef.h>

#define ID_SIZE 30 /* two letters, '_', 26 characters, zero byte */

void id_new(char ret_id[ID_SIZE], const char prefix[2]);
/* Fills with random bytes from the kernel; never fails (aborts if the kernel cannot). */
void id_random(void *bytes, size_t length);

#endif
