/* How soon the next request to CPS may leave.
 *
 * CPS counts per account: so many a minute, and so many in two seconds. The budget remembers when the last
 * requests left and answers for any window of that length, so that neither limit is passed even at the seam
 * of two minutes. A refusal by CPS closes it until the time that CPS named. Pure: the caller brings the clock.
 */
#ifndef SOLVER_CPS_BUDGET_H
#define SOLVER_CPS_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUDGET_MAX 4096 /* requests in a minute */

struct budget {
	int64_t left[BUDGET_MAX]; /* ring of the times of the last requests */
	size_t next, count;
	size_t per_minute, burst;
	int64_t closed_until_ms;
	int64_t margin_ms; /* requests may arrive closer together than they left: by as much as the slowest answer took */
};

void budget_init(struct budget *b, int64_t per_minute, int64_t burst);
/* New limits; what has left still counts. */
void budget_limit(struct budget *b, int64_t per_minute, int64_t burst);
/* Milliseconds until a request may leave; 0: now, and it is counted. What is not urgent leaves some of each minute to what is. */
int64_t budget_take(struct budget *b, int64_t now_ms, bool urgent);
/* Requests that left within the last minute. */
size_t budget_used(const struct budget *b, int64_t now_ms);
/* How long a request took: it may have arrived as late as that. */
void budget_latency(struct budget *b, int64_t took_ms);
/* Nothing leaves before `until_ms`; never shortens. */
void budget_close(struct budget *b, int64_t until_ms);

#endif
