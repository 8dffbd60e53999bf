/* Work off the loop, and back on it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <pthread.h>
#include <semaphore.h>

#include "solver/net/work.h"
#include "tests/unit/net/async.h"

struct piece {
	pthread_t runner, finisher;
	int done;
};

static void run(void *arg)
{
	((struct piece *)arg)->runner = pthread_self();
}

static void finish(void *arg)
{
	struct piece *p = arg;

	p->finisher = pthread_self();
	p->done = 1;
}

static sem_t gate;
static int finished;

static void run_at_the_gate(void *arg)
{
	(void)arg;
	sem_wait(&gate);
}

static void count(void *arg)
{
	(void)arg;
	finished++;
}

static void too_much_at_once_is_refused_and_the_rest_still_ends(void **state)
{
	struct loop *l = loop_new();
	struct err err;

	(void)state;
	sem_init(&gate, 0, 0);
	finished = 0;
	for (int i = 0; i < WORK_MAX; i++)
		assert_int_equal(work_start(l, run_at_the_gate, count, NULL, &err), 0);
	assert_int_equal(work_start(l, run_at_the_gate, count, NULL, &err), ERR_BUSY);
	for (int i = 0; i < WORK_MAX; i++)
		sem_post(&gate);
	loop_free(l);
	assert_int_equal(finished, WORK_MAX);
	sem_destroy(&gate);
}

static void it_runs_elsewhere_and_ends_on_the_loop(void **state)
{
	struct loop *l = loop_new();
	struct piece p = { 0 };
	struct err err;

	(void)state;
	assert_int_equal(work_start(l, run, finish, &p, &err), 0);
	loop_run_until(l, &p.done, 10000);
	assert_true(p.done);
	assert_false(pthread_equal(p.runner, pthread_self()));
	assert_true(pthread_equal(p.finisher, pthread_self()));
	loop_free(l);
}

static void do_nothing(void *arg)
{
	(void)arg;
}

static void tell(void *arg)
{
	async_told(arg, 0);
}

static int start_work(struct async_call *c, struct err *err)
{
	return work_start(async_loop, do_nothing, tell, c, err);
}

static void a_piece_of_work_keeps_the_contract(void **state)
{
	static const struct async_module module = { start_work, NULL, NULL, NULL, NULL };

	(void)state;
	assert_contract(&module, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_piece_of_work_keeps_the_contract),
		cmocka_unit_test(too_much_at_once_is_refused_and_the_rest_still_ends),
		cmocka_unit_test(it_runs_elsewhere_and_ends_on_the_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
