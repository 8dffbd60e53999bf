/* Durations as people write them: "250ms", "2s", "5m", "12h", "7d", "1h30m", and "0". */
#ifndef SOLVER_CONF_DURATION_H
#define SOLVER_CONF_DURATION_H

#include <stdint.h>

#define DURATION_TEXT_SIZE 32

/* 0, or ERR_INVALID when it is none or does not fit. */
int duration_parse(const char *text, int64_t *ret_ms);
/* In the largest unit that divides it; returns text. */
const char *duration_text(int64_t ms, char text[DURATION_TEXT_SIZE]);

#endif
