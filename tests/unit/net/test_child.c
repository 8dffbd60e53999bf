#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "solver/base/mem.h"
#include "solver/net/child.h"
#include "tests/unit/net/async.h"

struct fixture {
	struct loop *loop;
	int done, status;
	struct err err;
	char *output, *errors;
};

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));

	f->loop = loop_new();
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	loop_free(f->loop);
	free(f->output);
	free(f->errors);
	free(f);
	return 0;
}

static void on_done(const struct child_result *result, const struct err *err, void *arg)
{
	struct fixture *f = arg;

	f->done++;
	f->err = *err;
	if (!result)
		return;
	f->status = result->exit_status;
	mem_replace(&f->output, result->output);
	mem_replace(&f->errors, result->errors);
}

static void run(struct fixture *f, const char *script, struct child_request request)
{
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };

	request.argv = argv;
	assert_int_equal(child_start(f->loop, &request, on_done, f, &f->err), 0);
	assert_int_equal(f->done, 0);
	loop_run_until(f->loop, &f->done, 20000);
	assert_int_equal(f->done, 1);
}

static void names_a_program_that_is_not_there(void **state)
{
	struct fixture *f = *state;
	const char *const argv[] = { "/nonexistent/program", NULL };
	const struct child_request request = { .argv = argv };

	assert_int_equal(child_start(f->loop, &request, on_done, f, &f->err), ERR_NOT_FOUND);
	assert_non_null(strstr(f->err.text, "/nonexistent/program"));
	assert_int_equal(f->done, 0);
}

static void ends_the_whole_group_at_the_time_limit(void **state)
{
	struct fixture *f = *state;

	run(f, "echo started; sleep 600 & wait", (struct child_request){ .timeout_ms = 3000 });
	assert_int_equal(f->err.code, ERR_TIMEOUT);
	assert_int_equal(f->status, -SIGTERM);
	assert_string_equal(f->output, "started\n");
}

static void kills_what_ignores_the_first_signal(void **state)
{
	struct fixture *f = *state;

	run(f, "trap '' TERM; while :; do sleep 1; done", (struct child_request){ .timeout_ms = 3000 }); /* time for the shell to start */
	assert_int_equal(f->err.code, ERR_TIMEOUT);
	assert_int_equal(f->status, -SIGKILL);
}

static void does_not_wait_for_what_was_left_behind(void **state)
{
	struct fixture *f = *state;

	run(f, "sleep 600 & echo done", (struct child_request){ .timeout_ms = 15000 });
	assert_int_equal(f->err.code, 0);
	assert_string_equal(f->output, "done\n");
}

static void cuts_output_at_the_maximum(void **state)
{
	struct fixture *f = *state;

	run(f, "i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done; exit 3", (struct child_request){ .max_output = 1000 });
	assert_int_equal(f->status, 3);
	assert_int_equal(strlen(f->output), 1000);
}

static void survives_a_program_that_does_not_read(void **state)
{
	static char input[500000];
	struct fixture *f = *state;

	memset(input, 'x', sizeof(input));
	run(f, "exec <&-; echo ok", (struct child_request){ .input = input, .input_length = sizeof(input) });
	assert_string_equal(f->output, "ok\n");
}

static void passes_input_environment_and_status(void **state)
{
	const char *const env[] = { "DCVD_TEST=seen", NULL };
	struct fixture *f = *state;

	setenv("DCVD_HIDDEN", "secret", 1);
	run(f, "cat; echo \"$DCVD_TEST:$DCVD_HIDDEN\" >&2; exit 7", (struct child_request){ .input = "hello", .input_length = 5, .env = env });
	assert_int_equal(f->status, 7);
	assert_string_equal(f->output, "hello");
	assert_string_equal(f->errors, "seen:\n");
}

static void inherits_no_descriptor(void **state)
{
	struct fixture *f = *state;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0); /* as a library opens it */
	run(f, "ls /proc/self/fd | wc -l", (struct child_request){ 0 });
	assert_string_equal(f->output, "4\n"); /* its three, and the folder that is read */
	close(pair[0]);
	close(pair[1]);
}

static void one_that_runs_when_the_loop_ends_is_cancelled(void **state)
{
	const char *const argv[] = { "/bin/sh", "-c", "sleep 1", NULL };
	struct child_request request = { .argv = argv };
	struct fixture *f = *state;

	assert_int_equal(child_start(f->loop, &request, on_done, f, &f->err), 0);
	loop_free(f->loop);
	f->loop = NULL;
	assert_int_equal(f->done, 1);
	assert_int_equal(f->err.code, ERR_CANCELLED);
}

/* ---- the contract of everything that takes time ---- */

static void tell_result(const struct child_result *result, const struct err *err, void *arg)
{
	(void)result;
	async_told(arg, err->code);
}

static int start_program(struct async_call *c, const char *path, struct err *err)
{
	const char *const argv[] = { path, NULL };
	const struct child_request request = { .argv = argv };

	return child_start(async_loop, &request, tell_result, c, err);
}

static int start_true(struct async_call *c, struct err *err)
{
	return start_program(c, "/bin/true", err);
}

static int start_what_is_not_there(struct async_call *c, struct err *err)
{
	return start_program(c, "/nowhere/true", err);
}

static void a_program_keeps_the_contract(void **state)
{
	static const struct async_module module = { start_true, start_what_is_not_there, NULL, NULL, NULL };

	(void)state;
	assert_contract(&module, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_keeps_the_contract),
		cmocka_unit_test_setup_teardown(names_a_program_that_is_not_there, setup, teardown),
		cmocka_unit_test_setup_teardown(ends_the_whole_group_at_the_time_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(kills_what_ignores_the_first_signal, setup, teardown),
		cmocka_unit_test_setup_teardown(inherits_no_descriptor, setup, teardown),
		cmocka_unit_test_setup_teardown(does_not_wait_for_what_was_left_behind, setup, teardown),
		cmocka_unit_test_setup_teardown(one_that_runs_when_the_loop_ends_is_cancelled, setup, teardown),
		cmocka_unit_test_setup_teardown(cuts_output_at_the_maximum, setup, teardown),
		cmocka_unit_test_setup_teardown(survives_a_program_that_does_not_read, setup, teardown),
		cmocka_unit_test_setup_teardown(passes_input_environment_and_status, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
