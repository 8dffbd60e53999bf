/* Which time it is, for what must not be undone: the wall clock, once it has been stable for a minute.
 *
 * The policy of the whole program, in one place:
 *
 * - Durations (deadlines, retries, pauses, rates, timers) follow the clock of the loop, loop_now_ms(): it counts sleep and never jumps.
 *   Setting the wall clock neither shortens nor stretches them.
 * - What is only shown or recorded ("created", "updated", the audit log) is the wall clock as it stands, loop_wall_ms().
 * - What ends at a time of day (the expiry of what is ready, retention, the tokens of CPS) follows loop_settled_ms(): after a jump the
 *   old course goes on until the new one has held for a minute. A clock that was set wrong and is set right again within that minute
 *   withdraws nothing; one that was really set is followed a minute later.
 * - What was accepted while no time of day was trusted has a lifetime all the same: it is a duration then, until the next start.
 * - At a start the clock may be wrong (1970, years ahead): nothing ends by it for the first minute, unless an earlier
 *   process of the same boot saw the same course of the clock a minute ago or more: commands that end within seconds would trust no
 *   clock otherwise. A deadline that passed while dcvd was down is given that minute too, and never more than the challenge had at first.
 */
#ifndef SOLVER_NET_SETTLE_H
#define SOLVER_NET_SETTLE_H

#include <stdbool.h>
#include <stdint.h>

#define SETTLE_MS 60000
#define SETTLE_EARLIEST_MS INT64_C(1735689600000) /* 2025: this program did not exist before, whatever a clock says */

struct settle {
	bool known;                /* `trusted_ms` holds */
	bool seen;                 /* `candidate_ms` holds */
	int64_t trusted_ms;        /* wall clock minus the loop's clock, once it was stable */
	int64_t candidate_ms;      /* the same of now */
	int64_t since_ms;          /* loop clock: the candidate has held since */
};

/* Reads both clocks; at least every few seconds. True when another course is trusted from now on. */
bool settle_read(struct settle *s, int64_t now_ms, int64_t wall_ms);
/* Before the first reading: the course that an earlier process of this boot saw (candidate_ms, since_ms). */
void settle_resume(struct settle *s, int64_t course_ms, int64_t since_ms);
/* The time of day, or 0 while none is trusted. */
int64_t settle_wall_ms(const struct settle *s, int64_t now_ms);

#endif
