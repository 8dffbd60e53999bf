#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cmocka.h>

#include "solver/net/loop.h"

static void count(void *arg)
{
	++*(int *)arg;
}

static int setup(void **state)
{
	*state = loop_new();
	return 0;
}

static int teardown(void **state)
{
	loop_free(*state);
	return 0;
}

static void a_stopped_timer_never_fires(void **state)
{
	struct loop *l = *state;
	int stopped = 0, fired = 0;

	timer_stop(timer_start(l, 0, count, &stopped));
	timer_stop(NULL);
	timer_start(l, 5, count, &fired);
	loop_run_until(l, &fired, 2000);
	assert_int_equal(stopped, 0);
	assert_int_equal(fired, 1);
}

struct chain { struct loop *loop; int length, other; };

static void go_on(void *arg)
{
	struct chain *c = arg;

	if (++c->length < 1000 && !c->other)
		timer_start(c->loop, 0, go_on, c);
}

static void a_timer_that_starts_itself_again_keeps_nobody_from_running(void **state)
{
	struct chain c = { *state, 0, 0 };

	timer_start(c.loop, 0, go_on, &c);
	loop_post(c.loop, count, &c.other);
	loop_run_until(c.loop, &c.other, 2000);
	assert_int_equal(c.other, 1);
	assert_true(c.length < 1000);
}

static void gives_up_waiting_at_the_limit(void **state)
{
	struct loop *l = *state;
	int never = 0;
	int64_t before = loop_now_ms(l);

	loop_run_until(l, &never, 20);
	assert_true(loop_now_ms(l) - before >= 19);
}

static void frees_what_was_left_running(void **state)
{
	struct loop *l = *state;
	int ignored = 0, fds[2];

	assert_int_equal(pipe(fds), 0);
	timer_start(l, 100000, count, &ignored);
	loop_watch_fd(l, fds[0], count, &ignored);
	loop_post(l, count, &ignored);
	loop_free(l);
	*state = loop_new(); /* for the teardown */
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(ignored, 0);
}

struct tally { struct loop *loop; int seen; };

static void tally_post(void *arg)
{
	struct tally *t = arg;

	if (++t->seen == 4000)
		loop_stop(t->loop);
}

static void *post_many(void *arg)
{
	for (int i = 0; i < 1000; i++)
		loop_post(((struct tally *)arg)->loop, tally_post, arg);
	return NULL;
}

static void runs_every_post_of_every_thread(void **state)
{
	struct tally t = { *state, 0 };
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, post_many, &t);
	loop_run(t.loop);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(t.seen, 4000);
}

static void on_signal(int number, void *arg)
{
	*(int *)arg = number;
}

static void hears_a_signal(void **state)
{
	struct loop *l = *state;
	int number = 0;

	loop_on_signal(l, SIGHUP, on_signal, &number);
	raise(SIGHUP);
	loop_run_until(l, &number, 2000);
	assert_int_equal(number, SIGHUP);
}

static void watches_a_descriptor_until_it_is_told_not_to(void **state)
{
	struct loop *l = *state;
	int readable = 0, before, limit = 0, fds[2];
	struct fd_watch *w;

	assert_int_equal(pipe(fds), 0);
	w = loop_watch_fd(l, fds[0], count, &readable);
	assert_int_equal(write(fds[1], "x", 1), 1);
	loop_run_until(l, &readable, 2000);
	assert_int_not_equal(readable, 0);
	loop_unwatch_fd(w);
	before = readable;
	loop_run_until(l, &limit, 10);
	assert_int_equal(readable, before);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_stopped_timer_never_fires, setup, teardown),
		cmocka_unit_test_setup_teardown(a_timer_that_starts_itself_again_keeps_nobody_from_running, setup, teardown),
		cmocka_unit_test_setup_teardown(gives_up_waiting_at_the_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(frees_what_was_left_running, setup, teardown),
		cmocka_unit_test_setup_teardown(runs_every_post_of_every_thread, setup, teardown),
		cmocka_unit_test_setup_teardown(hears_a_signal, setup, teardown),
		cmocka_unit_test_setup_teardown(watches_a_descriptor_until_it_is_told_not_to, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
