#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "solver/dns/message.h"
#include "solver/net/recursor.h"
#include "tests/unit/net/async.h"

/* A root that nobody serves: what a host sees that may not ask DNS servers outside. The views with a real root are
 * tested in tests/accuracy. */
struct fixture {
	struct loop *loop;
	struct recursor *recursor;
	char hints[64];
	int done;
	unsigned calls;
	struct err err;
	int rcode;
};

static void write_hints(struct fixture *f)
{
	static const char text[] = ". 3600 IN NS a.root.\na.root. 3600 IN A 127.0.0.113\n";
	int fd;

	snprintf(f->hints, sizeof(f->hints), "/tmp/dcvd-hints-XXXXXX");
	fd = mkstemp(f->hints);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	close(fd);
}

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	f->loop = loop_new();
	write_hints(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	recursor_free(f->recursor);
	loop_free(f->loop);
	unlink(f->hints);
	test_free(f);
	return 0;
}

static void on_reply(const struct recursor_reply *reply, const struct err *err, void *arg)
{
	struct fixture *f = arg;

	f->calls++;
	f->err = *err;
	f->rcode = reply ? reply->rcode : -1;
	f->done = 1;
	loop_stop(f->loop);
}

static void open_recursor(struct fixture *f, const char *const *stubs)
{
	const struct recursor_options options = { .root_hints = f->hints, .stub_zones = stubs, .localhost = true, .timeout_ms = 300 };
	struct err err;

	if (recursor_new(f->loop, &options, &f->recursor, &err) < 0)
		fail_msg("%s", err.text);
}

static void a_missing_file_is_named(void **state)
{
	struct fixture *f = *state;
	struct recursor_options options = { .root_hints = "/nowhere/hints" };
	struct err err;

	assert_int_equal(recursor_new(f->loop, &options, &f->recursor, &err), ERR_INVALID);
	assert_non_null(strstr(err.text, "root hints: /nowhere/hints"));
	options = (struct recursor_options){ .trust_anchor = "/nowhere/anchor" };
	assert_int_equal(recursor_new(f->loop, &options, &f->recursor, &err), ERR_INVALID);
	assert_non_null(strstr(err.text, "trust anchor: /nowhere/anchor"));
}

static void a_stub_zone_without_an_address_is_refused(void **state)
{
	struct fixture *f = *state;
	const char *const stubs[] = { "example.org", NULL };
	struct recursor_options options = { .root_hints = f->hints, .stub_zones = stubs };
	struct err err;

	assert_int_equal(recursor_new(f->loop, &options, &f->recursor, &err), ERR_INVALID);
	assert_non_null(strstr(err.text, "stub zone \"example.org\""));
}

static void a_name_longer_than_a_name_is_refused(void **state)
{
	struct fixture *f = *state;
	char name[300];
	struct err err;

	open_recursor(f, NULL);
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(recursor_query(f->recursor, name, DNS_TXT, on_reply, f, &err), ERR_INVALID);
	assert_int_equal(f->calls, 0);
}

static void without_a_root_it_says_so(void **state)
{
	struct fixture *f = *state;
	struct err err;

	open_recursor(f, NULL);
	assert_int_equal(recursor_query(f->recursor, "www.example.org", DNS_A, on_reply, f, &err), 0);
	loop_run_until(f->loop, &f->done, 20000);
	assert_int_equal(f->calls, 1);
	assert_int_equal(f->err.code, ERR_UNREACHABLE);
	assert_non_null(strstr(f->err.text, "no root name server answers"));
}

static void below_a_stub_zone_the_failure_is_the_names_own(void **state)
{
	struct fixture *f = *state;
	const char *const stubs[] = { "example.org 127.0.0.114", NULL };
	struct err err;

	open_recursor(f, stubs);
	assert_int_equal(recursor_query(f->recursor, "www.example.org", DNS_A, on_reply, f, &err), 0);
	loop_run_until(f->loop, &f->done, 20000);
	assert_int_equal(f->calls, 1);
	assert_true(f->err.code == ERR_TIMEOUT || f->rcode == DNS_SERVFAIL);
}

static void a_zone_for_special_use_is_asked_of_whoever_holds_it(void **state)
{
	struct fixture *f = *state;
	struct err err;

	open_recursor(f, NULL);
	assert_int_equal(recursor_query(f->recursor, "www.corp.test", DNS_A, on_reply, f, &err), 0);
	loop_run_until(f->loop, &f->done, 20000);
	assert_int_equal(f->err.code, ERR_UNREACHABLE); /* and not: no such name */
}

/* ---- the contract of everything that takes time ---- */

static void open_world(void *arg, struct loop *l)
{
	static const char *const stubs[] = { "example.org 127.0.0.114", NULL }; /* a failure there says nothing of the root */
	struct fixture *f = arg;

	f->loop = l;
	open_recursor(f, stubs);
}

static void close_world(void *arg)
{
	struct fixture *f = arg;

	recursor_free(f->recursor);
	f->recursor = NULL;
}

static void tell_reply(const struct recursor_reply *reply, const struct err *err, void *arg)
{
	(void)reply;
	async_told(arg, err->code);
}

static int start_query(struct async_call *c, struct err *err)
{
	return recursor_query(((struct fixture *)c->world)->recursor, "www.example.org", DNS_A, tell_reply, c, err);
}

static int start_query_that_is_answered_here(struct async_call *c, struct err *err)
{
	return recursor_query(((struct fixture *)c->world)->recursor, "localhost", DNS_A, tell_reply, c, err);
}

static int start_query_of_no_name(struct async_call *c, struct err *err)
{
	char name[300];

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	return recursor_query(((struct fixture *)c->world)->recursor, name, DNS_A, tell_reply, c, err);
}

static void a_question_keeps_the_contract(void **state)
{
	static const struct async_module silent = { start_query, start_query_of_no_name, NULL, open_world, close_world },
	                                 answered = { start_query_that_is_answered_here, NULL, NULL, open_world, close_world };
	struct fixture f = { 0 };

	(void)state;
	write_hints(&f);
	assert_contract(&silent, &f);
	assert_contract(&answered, &f);
	unlink(f.hints);
}

#define recursor_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		recursor_test(a_missing_file_is_named),
		recursor_test(a_stub_zone_without_an_address_is_refused),
		recursor_test(a_name_longer_than_a_name_is_refused),
		recursor_test(without_a_root_it_says_so),
		recursor_test(below_a_stub_zone_the_failure_is_the_names_own),
		recursor_test(a_zone_for_special_use_is_asked_of_whoever_holds_it),
		cmocka_unit_test(a_question_keeps_the_contract),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
