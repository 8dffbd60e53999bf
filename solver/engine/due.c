#include "solver/engine/due.h"

#include <stdlib.h>

#include "solver/engine/entry.h"
#include "solver/net/settle.h"

#define COURSE_MS 1000
#define FAR_FUTURE_MS INT64_C(253402300799000) /* the end of the year 9999 */

/* A duration, whatever the wall clock does: what is left of it, when the journal brought it back (net/settle.h). */
void due_deadline(struct engine *e, struct entry *n)
{
	int64_t left = n->c.deadline_ms - loop_wall_ms(e->parts.loop), least = loop_settled_ms(e->parts.loop) ? 0 : SETTLE_MS;

	if (n->c.expires_ms && n->c.expires_ms < n->c.deadline_ms)
		left -= n->c.deadline_ms - n->c.expires_ms;
	if (left < least)
		left = least;
	if (left > n->c.within_ms)
		left = n->c.within_ms;
	n->life.deadline_ms = loop_now_ms(e->parts.loop) + left;
}

void due_accepted(struct engine *e, struct entry *n)
{
	int64_t settled = loop_settled_ms(e->parts.loop);

	n->life.accepted_ms = loop_now_ms(e->parts.loop);
	n->life.own_course = !settled || llabs(settled - n->c.created_ms) > COURSE_MS;
}

static int64_t left_until(int64_t at_ms, int64_t now_ms)
{
	return at_ms > now_ms ? at_ms - now_ms : 0;
}

/* What ends at a time of day waits until one is trusted. */
int64_t due_expiry_left(struct engine *e, const struct entry *n, int64_t expires_ms)
{
	int64_t now = loop_settled_ms(e->parts.loop);

	if (n->life.own_course)
		now = n->c.created_ms + loop_now_ms(e->parts.loop) - n->life.accepted_ms;
	return now ? left_until(expires_ms ? expires_ms : FAR_FUTURE_MS, now) : -1;
}

int64_t due_earlier_left(struct engine *e, const struct entry *n, int64_t deadline_ms)
{
	return left_until(n->life.deadline_ms - (n->c.deadline_ms - deadline_ms), loop_now_ms(e->parts.loop));
}

static int64_t retention_left(struct engine *e, const struct entry *n)
{
	int64_t now = loop_settled_ms(e->parts.loop), retention_ms = e->config->challenge.retention_ms;

	if (!challenge_is_over(n->life.kept)) /* it ended in this moment */
		return retention_ms;
	return now ? left_until(n->c.updated_ms + retention_ms, now) : -1;
}

int64_t due_left(struct engine *e, const struct entry *n)
{
	if (n->c.state == CHALLENGE_WITHDRAWING)
		return -1; /* repeated until it succeeds */
	if (challenge_is_over(n->c.state))
		return retention_left(e, n);
	if (n->c.state == CHALLENGE_READY)
		return due_expiry_left(e, n, n->c.expires_ms);
	return left_until(n->life.deadline_ms, loop_now_ms(e->parts.loop));
}
