/* How many changes a client may ask for: "100/1m" is a bucket of 100 that fills again within a minute. Pure: time comes in. */
#ifndef SOLVER_API_RATE_H
#define SOLVER_API_RATE_H

#include <stdint.h>

#include "solver/base/err.h"

#define RATE_COUNT_MAX 1000000

struct rate {
	int64_t count;     /* 0: no limit */
	int64_t period_ms;
};

int rate_read(const char *text, struct rate *ret, struct err *err);

struct rate_table;
struct rate_table *rate_table_new(void); /* gives (free with rate_table_free) */
void rate_table_free(struct rate_table *t);
/* Takes `count` (1 or more) from the bucket of `name`: 0. Or none: the milliseconds until so many are there, or RATE_NEVER where the bucket
 * never holds so many. When the rate was changed, what was used up stays used up. */
#define RATE_NEVER INT64_MAX
int64_t rate_take(struct rate_table *t, const char *name, const struct rate *r, int64_t count, int64_t now_ms);
/* Gives back what was taken for nothing. */
void rate_give(struct rate_table *t, const char *name, int64_t count);

#endif
