#include "tests/scenario/fake_loop.h"

#include <stdlib.h>
#include <utlist.h>

#include "solver/base/mem.h"
#include "solver/net/settle.h"

#define WALL_START_MS 1795270800000 /* 2026-11-21T13:00:00Z */

struct timer {
	struct loop *loop;
	int64_t at_ms;
	void (*fn)(void *arg);
	void *arg;
	struct timer *prev, *next;
};

struct loop {
	int64_t now_ms, set_by_ms;
	struct settle settle;
	void (*on_settled)(void *arg);
	void *settled_arg;
	struct timer *timers; /* the next one first; of two at one time the older first */
};

struct loop *loop_new(void)
{
	struct loop *l = mem_new(1, sizeof(*l));

	l->settle = (struct settle){ .known = true, .seen = true, .trusted_ms = WALL_START_MS, .candidate_ms = WALL_START_MS };
	return l;
}

static void result(void *arg)
{
	struct loop *l = arg;

	if (settle_read(&l->settle, l->now_ms, loop_wall_ms(l)) && l->on_settled)
		l->on_settled(l->settled_arg);
}

static void look_now_and_later(struct loop *l)
{
	result(l);
	timer_start(l, SETTLE_MS, result, l);
}

void fake_loop_set_wall(struct loop *l, int64_t by_ms)
{
	l->set_by_ms += by_ms;
	look_now_and_later(l);
}

void fake_loop_unsettle(struct loop *l)
{
	l->settle = (struct settle){ 0 };
	look_now_and_later(l);
}

void fake_loop_begin_at(struct loop *l, int64_t wall_ms)
{
	l->set_by_ms = wall_ms - WALL_START_MS - l->now_ms;
	fake_loop_unsettle(l);
}

int64_t loop_settled_ms(struct loop *l)
{
	return settle_wall_ms(&l->settle, l->now_ms);
}

void loop_course(struct loop *l, int64_t *ret_course_ms, int64_t *ret_since_ms)
{
	*ret_course_ms = l->settle.candidate_ms;
	*ret_since_ms = l->settle.since_ms;
}

void loop_resume_course(struct loop *l, int64_t course_ms, int64_t since_ms)
{
	settle_resume(&l->settle, course_ms, since_ms);
	settle_read(&l->settle, l->now_ms, loop_wall_ms(l));
}

void loop_on_settled(struct loop *l, void (*fn)(void *arg), void *arg)
{
	l->on_settled = fn;
	l->settled_arg = arg;
}

void loop_free(struct loop *l)
{
	while (l->timers)
		timer_stop(l->timers);
	free(l);
}

bool fake_loop_step(struct loop *l, int64_t until_ms)
{
	struct timer *t = l->timers, copy;

	if (!t || t->at_ms > until_ms) {
		l->now_ms = until_ms > l->now_ms ? until_ms : l->now_ms;
		return false;
	}
	copy = *t;
	if (copy.at_ms > l->now_ms)
		l->now_ms = copy.at_ms;
	timer_stop(t);
	copy.fn(copy.arg);
	return true;
}

void loop_run_until(struct loop *l, const int *done, int64_t timeout_ms)
{
	int64_t until = l->now_ms + timeout_ms;

	while (!*done && fake_loop_step(l, until))
		;
}

int64_t loop_now_ms(struct loop *l)
{
	return l->now_ms;
}

int64_t loop_wall_ms(struct loop *l)
{
	return WALL_START_MS + l->set_by_ms + l->now_ms;
}

struct timer *timer_start(struct loop *l, int64_t after_ms, void (*fn)(void *arg), void *arg)
{
	struct timer *t = mem_new(1, sizeof(*t)), *at;

	*t = (struct timer){ .loop = l, .at_ms = l->now_ms + after_ms, .fn = fn, .arg = arg };
	DL_FOREACH(l->timers, at)
		if (at->at_ms > t->at_ms)
			break;
	if (at)
		DL_PREPEND_ELEM(l->timers, at, t);
	else
		DL_APPEND(l->timers, t);
	return t;
}

void timer_stop(struct timer *t)
{
	if (!t)
		return;
	DL_DELETE(t->loop->timers, t);
	free(t);
}

void loop_post(struct loop *l, void (*fn)(void *arg), void *arg)
{
	timer_start(l, 0, fn, arg);
}
