#include "solver/net/loop.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>
#include <uv.h>

#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/net/settle.h"
#include "solver/net/timers.h"

#define TICK_MS 5000

/* libuv forgets a handle only in its close callback, so each of ours is freed there and nowhere else. The lists
 * exist for loop_free(), which ends what its owners left running. */
struct fd_watch {
	uv_poll_t uv;
	struct loop *loop;
	void (*fn)(void *arg);
	void *arg;
	struct fd_watch *prev, *next;
};

struct signal_watch {
	uv_signal_t uv;
	void (*fn)(int signal, void *arg);
	void *arg;
	struct signal_watch *next;
};

struct loop_end {
	struct loop *loop;
	void (*fn)(void *arg);
	void *arg;
	struct loop_end *prev, *next;
};

struct post {
	void (*fn)(void *arg);
	void *arg;
	struct post *prev, *next;
};

struct loop {
	uv_loop_t uv;
	uv_async_t wake;
	uv_timer_t tick;  /* keeps nobody awake that has nothing else to do */
	uv_timer_t alarm; /* for the first of `timers` */
	struct settle settle;
	int64_t slept_ms; /* how far libuv's clock is behind ours */
	void (*on_settled)(void *arg);
	void *settled_arg;
	bool stopping;
	struct timers timers; /* by loop_now_ms(): libuv's clock stands still while the machine sleeps */
	struct fd_watch *watches;
	struct signal_watch *signals;
	struct loop_end *ends;
	pthread_mutex_t lock; /* of posts, the one thing other threads touch */
	struct post *posts;
};

static struct post *posts_take(struct loop *l)
{
	struct post *posts;

	pthread_mutex_lock(&l->lock);
	posts = l->posts;
	l->posts = NULL;
	pthread_mutex_unlock(&l->lock);
	return posts;
}

/* Fails only when the system has no descriptors left; a daemon cannot start then. */
static void must(int rc, const char *what)
{
	if (rc == 0)
		return;
	fprintf(stderr, "dcvd: %s: %s\n", what, uv_strerror(rc));
	abort();
}

/* ---- the clocks ---- */

static void on_alarm(uv_timer_t *alarm);

/* What is over already comes with the next wake: libuv would call its own timer again and again before it looks at anything else. */
static void set_alarm(struct loop *l)
{
	const struct timer *first = timers_first(&l->timers);
	int64_t left = first ? first->at_ms - clock_monotonic_ms() : 0;

	uv_timer_stop(&l->alarm);
	uv_update_time(&l->uv); /* a stale time would let it ring early */
	if (left > 0)
		uv_timer_start(&l->alarm, on_alarm, (uint64_t)left, 0);
	else if (first)
		uv_async_send(&l->wake);
}

/* Those that are started meanwhile have to wait for the next time. */
static void run_timers(struct loop *l)
{
	int64_t now = clock_monotonic_ms();
	uint32_t started = l->timers.started;
	struct timer *t;

	while ((t = timers_first(&l->timers)) && t->at_ms <= now && !timers_is_since(&l->timers, t, started)) {
		void (*fn)(void *arg) = t->fn;
		void *arg = t->arg;

		timers_remove(&l->timers, t);
		free(t);
		fn(arg);
	}
	set_alarm(l);
}

static void on_alarm(uv_timer_t *alarm)
{
	run_timers(alarm->data);
}

static void on_wake(uv_async_t *wake)
{
	struct post *posts = posts_take(wake->data), *post, *tmp;

	DL_FOREACH_SAFE(posts, post, tmp) {
		DL_DELETE(posts, post);
		post->fn(post->arg);
		free(post);
	}
	run_timers(wake->data);
}

static void on_tick(uv_timer_t *tick)
{
	struct loop *l = tick->data;
	int64_t now = clock_monotonic_ms(), slept = now - (int64_t)(uv_hrtime() / 1000000);

	if (slept - l->slept_ms > TICK_MS / 10)
		set_alarm(l); /* the time of the timers is over by as much as the machine slept */
	l->slept_ms = slept;
	if (settle_read(&l->settle, now, clock_wall_ms()) && l->on_settled)
		l->on_settled(l->settled_arg);
}

static void start_clocks(struct loop *l)
{
	must(uv_timer_init(&l->uv, &l->alarm), "event loop");
	l->alarm.data = l;
	must(uv_timer_init(&l->uv, &l->tick), "event loop");
	l->tick.data = l;
	l->slept_ms = clock_monotonic_ms() - (int64_t)(uv_hrtime() / 1000000);
	settle_read(&l->settle, clock_monotonic_ms(), clock_wall_ms());
	must(uv_timer_start(&l->tick, on_tick, TICK_MS, TICK_MS), "event loop");
	uv_unref((uv_handle_t *)&l->tick);
}

int64_t loop_settled_ms(struct loop *l)
{
	return settle_wall_ms(&l->settle, clock_monotonic_ms());
}

void loop_course(struct loop *l, int64_t *ret_course_ms, int64_t *ret_since_ms)
{
	*ret_course_ms = l->settle.candidate_ms;
	*ret_since_ms = l->settle.since_ms;
}

void loop_resume_course(struct loop *l, int64_t course_ms, int64_t since_ms)
{
	settle_resume(&l->settle, course_ms, since_ms);
	settle_read(&l->settle, clock_monotonic_ms(), clock_wall_ms());
}

void loop_on_settled(struct loop *l, void (*fn)(void *arg), void *arg)
{
	l->on_settled = fn;
	l->settled_arg = arg;
}

struct loop *loop_new(void)
{
	struct loop *l = mem_new(1, sizeof(*l));

	signal(SIGPIPE, SIG_IGN); /* a peer that hangs up is an error code, not the end */
	must(uv_loop_init(&l->uv), "event loop");
	must(uv_async_init(&l->uv, &l->wake, on_wake), "event loop");
	l->wake.data = l;
	start_clocks(l);
	pthread_mutex_init(&l->lock, NULL);
	return l;
}

static void free_data(uv_handle_t *handle)
{
	free(handle->data);
}

static void close_signals(struct loop *l)
{
	struct signal_watch *s, *tmp;

	LL_FOREACH_SAFE(l->signals, s, tmp)
		uv_close((uv_handle_t *)&s->uv, free_data);
	l->signals = NULL;
}

static void close_stray(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

struct loop_end *loop_at_end(struct loop *l, void (*fn)(void *arg), void *arg)
{
	struct loop_end *e = mem_new(1, sizeof(*e));

	*e = (struct loop_end){ .loop = l, .fn = fn, .arg = arg };
	DL_APPEND(l->ends, e);
	return e;
}

void loop_end_cancel(struct loop_end *e)
{
	if (!e)
		return;
	DL_DELETE(e->loop->ends, e);
	free(e);
}

static void ends_run(struct loop *l)
{
	while (l->ends) {
		struct loop_end *e = l->ends;
		void (*fn)(void *arg) = e->fn;
		void *arg = e->arg;

		loop_end_cancel(e);
		fn(arg);
	}
}

void loop_free(struct loop *l)
{
	struct post *posts, *post, *tmp;

	if (!l)
		return;
	ends_run(l);
	while (timers_first(&l->timers))
		timer_stop(timers_first(&l->timers));
	timers_done(&l->timers);
	while (l->watches)
		loop_unwatch_fd(l->watches);
	close_signals(l);
	uv_walk(&l->uv, close_stray, NULL);
	while (uv_run(&l->uv, UV_RUN_DEFAULT) != 0)
		; /* until every close callback ran */
	must(uv_loop_close(&l->uv), "event loop");
	posts = posts_take(l); /* whom they were meant for is gone */
	DL_FOREACH_SAFE(posts, post, tmp)
		free(post);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

void loop_run(struct loop *l)
{
	while (!l->stopping)
		uv_run(&l->uv, UV_RUN_DEFAULT);
	l->stopping = false;
}

void loop_stop(struct loop *l)
{
	l->stopping = true;
	uv_stop(&l->uv);
}

static void set_flag(void *arg)
{
	*(bool *)arg = true;
}

void loop_run_until(struct loop *l, const int *done, int64_t timeout_ms)
{
	bool expired = false;
	struct timer *limit = timer_start(l, timeout_ms, set_flag, &expired);

	while (!*(const volatile int *)done && !expired && !l->stopping)
		uv_run(&l->uv, UV_RUN_ONCE);
	if (!expired)
		timer_stop(limit);
	l->stopping = false;
}

int64_t loop_now_ms(struct loop *l)
{
	(void)l; /* libuv's own time stands still while a callback works */
	return clock_monotonic_ms();
}

int64_t loop_wall_ms(struct loop *l)
{
	(void)l;
	return clock_wall_ms();
}

struct uv_loop_s *loop_uv(struct loop *l)
{
	return &l->uv;
}

struct timer *timer_start(struct loop *l, int64_t after_ms, void (*fn)(void *arg), void *arg)
{
	struct timer *t = mem_new(1, sizeof(*t));

	*t = (struct timer){ .loop = l, .fn = fn, .arg = arg, .at_ms = clock_monotonic_ms() + (after_ms > 0 ? after_ms : 0) };
	timers_add(&l->timers, t);
	if (timers_first(&l->timers) == t)
		set_alarm(l);
	return t;
}

/* When it was the first, the alarm rings for nothing, and is set anew. */
void timer_stop(struct timer *t)
{
	struct loop *l;

	if (!t)
		return;
	l = t->loop;
	timers_remove(&l->timers, t);
	free(t);
	if (!timers_first(&l->timers))
		set_alarm(l);
}

void loop_post(struct loop *l, void (*fn)(void *arg), void *arg)
{
	struct post *post = mem_new(1, sizeof(*post));

	*post = (struct post){ .fn = fn, .arg = arg };
	pthread_mutex_lock(&l->lock);
	DL_APPEND(l->posts, post);
	pthread_mutex_unlock(&l->lock);
	uv_async_send(&l->wake);
}

static void on_signal(uv_signal_t *uv, int number)
{
	struct signal_watch *s = uv->data;

	s->fn(number, s->arg);
}

void loop_on_signal(struct loop *l, int signal, void (*fn)(int signal, void *arg), void *arg)
{
	struct signal_watch *s = mem_new(1, sizeof(*s));

	*s = (struct signal_watch){ .fn = fn, .arg = arg };
	must(uv_signal_init(&l->uv, &s->uv), "signal handler");
	s->uv.data = s;
	must(uv_signal_start(&s->uv, on_signal, signal), "signal handler");
	LL_PREPEND(l->signals, s);
}

static void on_readable(uv_poll_t *uv, int status, int events)
{
	struct fd_watch *w = uv->data;

	(void)status; /* the reader finds out what is wrong by reading */
	(void)events;
	w->fn(w->arg);
}

struct fd_watch *loop_watch_fd(struct loop *l, int fd, void (*fn)(void *arg), void *arg)
{
	struct fd_watch *w = mem_new(1, sizeof(*w));

	*w = (struct fd_watch){ .loop = l, .fn = fn, .arg = arg };
	must(uv_poll_init(&l->uv, &w->uv, fd), "watch a descriptor");
	w->uv.data = w;
	must(uv_poll_start(&w->uv, UV_READABLE, on_readable), "watch a descriptor");
	DL_APPEND(l->watches, w);
	return w;
}

void loop_unwatch_fd(struct fd_watch *w)
{
	if (!w)
		return;
	DL_DELETE(w->loop->watches, w);
	uv_poll_stop(&w->uv);
	uv_close((uv_handle_t *)&w->uv, free_data);
}
