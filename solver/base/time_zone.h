/* Time zones by their names in the tz database ("Europe/Berlin"), without the process-wide TZ variable: any number at once, on any thread.
 *
 * Read from /usr/share/zoneinfo (RFC 9636), version 2 or newer: its transitions, and after the last one the rule of its footer. */
#ifndef SOLVER_BASE_TIME_ZONE_H
#define SOLVER_BASE_TIME_ZONE_H

#include <stddef.h>
#include <stdint.h>

struct time_zone;

/* "UTC" needs no file. 0, ERR_INVALID: it is no name of a zone, ERR_NOT_FOUND: there is none here, ERR_DAMAGED: its file cannot be read. Gives
 * *ret (free with time_zone_free). */
int time_zone_open(const char *name, struct time_zone **ret);
/* The same from the bytes of a file (fuzzed). ERR_DAMAGED. */
int time_zone_parse(const void *bytes, size_t length, struct time_zone **ret);
void time_zone_free(struct time_zone *z); /* NULL is allowed */
/* Local time minus UTC at that moment, in milliseconds. */
int64_t time_zone_offset_ms(const struct time_zone *z, int64_t wall_ms);
/* The moment at which clocks there show `local_ms` (as if it were UTC). What they skip is shown an hour later, what they show twice is meant
 * the first time. */
int64_t time_zone_moment_ms(const struct time_zone *z, int64_t local_ms);

#endif
