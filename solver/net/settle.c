#include "solver/net/settle.h"

#include <stdlib.h>

#define JUMP_MS 1000 /* more than a clock that is slewed drifts between two readings */

bool settle_read(struct settle *s, int64_t now_ms, int64_t wall_ms)
{
	int64_t course = wall_ms - now_ms;
	bool jumped = !s->seen || llabs(course - s->candidate_ms) > JUMP_MS, moved;

	s->seen = true;
	s->candidate_ms = course;
	if (jumped)
		s->since_ms = now_ms;
	if (now_ms - s->since_ms < SETTLE_MS || wall_ms < SETTLE_EARLIEST_MS)
		return false;
	moved = !s->known || llabs(course - s->trusted_ms) > JUMP_MS;
	s->known = true;
	s->trusted_ms = course;
	return moved;
}

void settle_resume(struct settle *s, int64_t course_ms, int64_t since_ms)
{
	s->seen = true;
	s->candidate_ms = course_ms;
	s->since_ms = since_ms;
}

int64_t settle_wall_ms(const struct settle *s, int64_t now_ms)
{
	return s->known ? now_ms + s->trusted_ms : 0;
}
