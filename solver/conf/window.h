/* Windows of a week: "Mon-Thu 08:00-16:00 Europe/Berlin", "Sat,Sun 22:00-04:00", "09:00-17:00 UTC". Without days: every day; without a zone:
 * UTC; an end that is not after the begin: over midnight. Pure, but for the file of the zone. */
#ifndef SOLVER_CONF_WINDOW_H
#define SOLVER_CONF_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "solver/base/time_zone.h"

struct window {
	unsigned days;  /* bit 0: Sunday; that on which it begins */
	int from, to;   /* minutes of the day; to > from, at most two days */
	struct time_zone *zone;
};

/* What is wrong, or NULL; static. Gives ret->zone (free with window_done). */
const char *window_parse(const char *text, struct window *ret);
const char *check_window(const char *text); /* the same for option tables */
void window_done(struct window *w);
bool window_holds(const struct window *w, int64_t wall_ms);
/* Its first begin after that moment. */
int64_t window_next(const struct window *w, int64_t wall_ms);

#endif
