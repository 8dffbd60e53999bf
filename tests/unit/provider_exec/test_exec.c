#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "providers/exec/exec.h"
#include "providers/exec/result.h"
#include "solver/base/mem.h"

#define NAME "_acme-challenge.example.test"

static char *arguments[] = { (char *)"--quiet", NULL }, *environment[] = { (char *)"TOKEN=x", NULL };
static struct exec_options options;
static struct provider *provider;
static struct change changes[2];
static struct job job;
static struct request request;

static int setup(void **state)
{
	(void)state;
	options = (struct exec_options){ .command = (char *)"/bin/hook", .args = arguments, .environment = environment, .timeout_ms = 5000 };
	changes[0] = (struct change){ .op = CHANGE_ADD, .fqdn = NAME, .value = "one", .ttl = 60 };
	changes[1] = (struct change){ .op = CHANGE_REMOVE, .fqdn = NAME, .value = "two", .handle = "h7" };
	job = (struct job){ .zone = "example.test", .changes = changes, .count = 2 };
	assert_int_equal(exec_provider.open(&options, &provider, NULL), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	exec_provider.job_done(provider, &job);
	exec_provider.close(provider);
	for (int i = 0; i < 2; i++) {
		free(changes[i].new_handle);
		changes[i].new_handle = NULL;
	}
	return 0;
}

static void step(const struct answer *answer)
{
	assert_int_equal(exec_provider.step(provider, &job, answer, &request, NULL), 0);
}

static void ended(int status, const char *output, const char *errors)
{
	step(&(struct answer){ .status = status, .body = output, .length = strlen(output), .errors = errors });
}

static void a_command_that_is_no_path_and_an_odd_environment_are_refused(void **state)
{
	static char *odd[] = { (char *)"=secret", NULL };
	struct provider *p;
	struct err err = { 0 };

	(void)state;
	options.command = (char *)"hook";
	assert_int_equal(exec_provider.open(&options, &p, &err), ERR_INVALID);
	options.command = (char *)"/bin/hook";
	options.environment = odd;
	assert_int_equal(exec_provider.open(&options, &p, &err), ERR_INVALID);
	assert_null(strstr(err.text, "secret"));
	options.environment = NULL;
}

static void an_exit_status_says_what_to_do_next(void **state)
{
	static const struct { int exit; enum change_status status; } table[] = {
		{ 0, CHANGE_DONE }, { 1, CHANGE_RETRY }, { 75, CHANGE_RETRY }, { 77, CHANGE_DENIED }, { 64, CHANGE_FATAL },
		{ 78, CHANGE_FATAL }, { 126, CHANGE_FATAL }, { 127, CHANGE_FATAL }, { -9, CHANGE_RETRY },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct change c = { .op = CHANGE_ADD };

		result_from_exit(&c, &(struct answer){ .status = table[i].exit, .errors = "first\nthe reason\n\n" });
		assert_int_equal(c.status, table[i].status);
		if (table[i].exit > 0)
			assert_non_null(strstr(c.message, "the reason"));
		assert_null(strstr(c.message, "first"));
	}
}

static void a_program_that_takes_too_long_leaves_the_change_unknown(void **state)
{
	(void)state;
	step(NULL);
	step(&(struct answer){ .code = ERR_TIMEOUT, .error = "60 s are over" });
	assert_int_equal(changes[0].status, CHANGE_UNKNOWN);
	assert_int_equal(request.want, WANT_RUN); /* the other change is tried all the same */
}

static void a_reason_is_bounded_and_printable(void **state)
{
	char line[16];

	(void)state;
	result_last_line("x\n\x1b[31mred alert and more and more", line, sizeof(line));
	assert_string_equal(line, " [31mred alert ");
	result_last_line("", line, sizeof(line));
	assert_string_equal(line, "");
	result_last_line(NULL, line, sizeof(line));
	assert_string_equal(line, "");
}

static void output_that_is_not_understood_is_tried_again(void **state)
{
	static const char *const texts[] = { "{", "[]", "{\"results\":[]}", "{\"results\":[{\"status\":\"fine\"},7]}" };

	options.mode = EXEC_BATCH_JSON;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		step(NULL);
		ended(0, texts[i], "");
		assert_int_equal(request.want, WANT_NOTHING);
		assert_int_equal(changes[0].status, CHANGE_RETRY);
		assert_int_equal(changes[1].status, CHANGE_RETRY);
		exec_provider.job_done(provider, &job);
	}
	(void)state;
}

static void each_change_is_a_call_as_lego_makes_it(void **state)
{
	(void)state;
	step(NULL);
	assert_int_equal(request.want, WANT_RUN);
	assert_int_equal(request.timeout_ms, 5000);
	assert_string_equal(request.argv[0], "/bin/hook");
	assert_string_equal(request.argv[1], "--quiet");
	assert_string_equal(request.argv[2], "present");
	assert_string_equal(request.argv[3], NAME ".");
	assert_string_equal(request.argv[4], "one");
	assert_null(request.argv[5]);
	assert_string_equal(request.env[0], "TOKEN=x");
	assert_string_equal(request.env[1], "DCVD_ZONE=example.test.");
	ended(0, "ignored", "");
	assert_string_equal(request.argv[2], "cleanup");
	assert_string_equal(request.argv[4], "two");
	ended(1, "", "no such zone");
	assert_int_equal(request.want, WANT_NOTHING);
	assert_int_equal(changes[0].status, CHANGE_DONE);
	assert_int_equal(changes[1].status, CHANGE_RETRY);
}

static void a_job_is_one_call_with_json_both_ways(void **state)
{
	(void)state;
	options.mode = EXEC_BATCH_JSON;
	step(NULL);
	assert_null(request.argv[2]);
	assert_string_equal(request.input, "{\"zone\":\"example.test\",\"changes\":["
	                    "{\"op\":\"add\",\"fqdn\":\"" NAME "\",\"value\":\"one\",\"ttl\":60,\"handle\":null},"
	                    "{\"op\":\"remove\",\"fqdn\":\"" NAME "\",\"value\":\"two\",\"ttl\":0,\"handle\":\"h7\"}]}");
	ended(0, "{\"results\":[{\"status\":\"done\",\"handle\":\"h8\"},{\"status\":\"rate-limited\",\"message\":\"slowly\"}],\"retry_after_ms\":1500}", "");
	assert_int_equal(request.want, WANT_NOTHING);
	assert_int_equal(changes[0].status, CHANGE_DONE);
	assert_string_equal(changes[0].new_handle, "h8");
	assert_int_equal(changes[1].status, CHANGE_RATE_LIMITED);
	assert_string_equal(changes[1].message, "slowly");
	assert_int_equal(job.retry_after_ms, 1500);
}

static void a_program_that_refuses_without_a_message_is_given_a_sentence(void **state)
{
	(void)state;
	options.mode = EXEC_BATCH_JSON;
	step(NULL);
	ended(0, "{\"results\":[{\"status\":\"denied\"},{\"status\":\"retry\",\"message\":\" \\n\"}]}", "");
	assert_string_equal(changes[0].message, "the program gave no reason");
	assert_string_equal(changes[1].message, "the program gave no reason");
}

static void a_job_without_output_is_done(void **state)
{
	(void)state;
	options.mode = EXEC_BATCH_JSON;
	step(NULL);
	ended(0, " \n", "");
	assert_int_equal(changes[0].status, CHANGE_DONE);
	assert_int_equal(changes[1].status, CHANGE_DONE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_command_that_is_no_path_and_an_odd_environment_are_refused),
		TEST(an_exit_status_says_what_to_do_next),
		TEST(a_program_that_takes_too_long_leaves_the_change_unknown),
		TEST(a_reason_is_bounded_and_printable),
		TEST(output_that_is_not_understood_is_tried_again),
		TEST(each_change_is_a_call_as_lego_makes_it),
		TEST(a_job_is_one_call_with_json_both_ways),
		TEST(a_program_that_refuses_without_a_message_is_given_a_sentence),
		TEST(a_job_without_output_is_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
