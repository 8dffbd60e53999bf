/* Time. Wall-clock times are milliseconds since 1970 UTC and go to disk and to people;
 * durations are measured on the loop's clock, which is clock_monotonic_ms(). Which clock decides what: net/settle.h. Code that decides
 * takes `now` as an argument; only the edges call clock_wall_ms(). */
#ifndef SOLVER_BASE_CLOCK_H
#define SOLVER_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define CLOCK_TEXT_SIZE 32
#define CLOCK_BOOT_SIZE 40

int64_t clock_wall_ms(void);
int64_t clock_monotonic_ms(void); /* counts the time that the machine slept; never jumps */
/* The id of this boot of the machine; "" where it is not known. Returns id. */
const char *clock_boot(char id[CLOCK_BOOT_SIZE]);
/* "2026-11-21T14:20:00.123Z" (RFC 3339) into text[CLOCK_TEXT_SIZE]; returns text. */
const char *clock_text(int64_t wall_ms, char text[CLOCK_TEXT_SIZE]);
/* Reads RFC 3339 from 1970 on, with optional fraction, "Z" in either case or an offset. 0 or ERR_INVALID. */
int clock_parse(const char *text, int64_t *ret_wall_ms);

#endif
