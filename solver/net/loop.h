/* The event loop: one thread owns the state of dcvd, and this is its clock and its queue.
 *
 * Everything that takes time, in this folder and in those above, keeps one contract:
 *
 * - A start that fails returns a code and never calls back.
 * - A start that succeeds calls back exactly once, later: never before it has returned. What it gave to cancel it with is valid until
 *   then, or until it is cancelled.
 * - After a cancel nothing comes. Whoever cancels frees what the callback would have freed.
 * - When the owner of what is under way goes (a client, a resolver, the loop), the callback comes before the owner's `_free` returns,
 *   with ERR_CANCELLED where there is an error to say it with.
 * - A callback may start and cancel other things, and free the owner.
 *
 * tests/unit/net/async.h holds a module to it. libuv underneath; tests/scenario links a loop with virtual time behind the same header. */
#ifndef SOLVER_NET_LOOP_H
#define SOLVER_NET_LOOP_H

#include <stdint.h>

struct loop;
struct timer;
struct uv_loop_s;

struct loop *loop_new(void);
void loop_free(struct loop *l);          /* everything on it must be closed before */
void loop_run(struct loop *l);           /* until loop_stop() */
void loop_stop(struct loop *l);
/* Runs until `*done` is true or `timeout_ms` passed; for one-shot commands. */
void loop_run_until(struct loop *l, const int *done, int64_t timeout_ms);
/* Which of the three clocks decides what: settle.h. */
int64_t loop_now_ms(struct loop *l);     /* never jumps, counts sleep; timers follow it, also over a sleep */
int64_t loop_wall_ms(struct loop *l);    /* wall clock of the same instant */
int64_t loop_settled_ms(struct loop *l); /* the wall clock once it has been stable for a minute; 0: none is trusted yet */
/* The course of the wall clock (settle.h) for a later process of this boot, and what an earlier one left. */
void loop_course(struct loop *l, int64_t *ret_course_ms, int64_t *ret_since_ms);
void loop_resume_course(struct loop *l, int64_t course_ms, int64_t since_ms);
/* Calls `fn` when loop_settled_ms() takes another course: after the first minute, and a minute after a jump. One at a time; NULL: none. */
void loop_on_settled(struct loop *l, void (*fn)(void *arg), void *arg);
struct uv_loop_s *loop_uv(struct loop *l);

/* One-shot. The timer is gone when `fn` is called. Gives; timer_stop ends and frees it. */
struct timer *timer_start(struct loop *l, int64_t after_ms, void (*fn)(void *arg), void *arg);
void timer_stop(struct timer *t); /* NULL is allowed */

/* From any thread: `fn` runs on the loop soon. */
void loop_post(struct loop *l, void (*fn)(void *arg), void *arg);
/* Calls `fn` on SIGTERM, SIGINT, SIGHUP… */
void loop_on_signal(struct loop *l, int signal, void (*fn)(int signal, void *arg), void *arg);
/* Watches a file descriptor for reading until loop_unwatch_fd. */
struct fd_watch;
struct fd_watch *loop_watch_fd(struct loop *l, int fd, void (*fn)(void *arg), void *arg);
void loop_unwatch_fd(struct fd_watch *w);

/* For what is under way when the loop ends: loop_free() calls `fn` first. Gives; loop_end_cancel takes it back. */
struct loop_end;
struct loop_end *loop_at_end(struct loop *l, void (*fn)(void *arg), void *arg);
void loop_end_cancel(struct loop_end *e); /* NULL is allowed */

#endif
