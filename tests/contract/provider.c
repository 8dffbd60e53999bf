/* contract_provider --type TYPE --look memory|answers|dns:ADDRESS:PORT|state:URL [--zone ZONE] [--stranger FQDN=VALUE]
 *                   [--calls-max N] [OPTION=VALUE …]
 *
 * What every provider promises (provider.h), tried from outside: jobs go through a runner that can lose
 * replies, and the result is looked at where it is published. --stranger names a value that somebody else
 * put there before: it must outlive everything. --calls-max is the most calls that 20 names may take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "providers/registry.h"
#include "solver/base/mem.h"
#include "tests/contract/contract.h"

#define TRIES 8 /* of a job whose changes say that they are worth it */
#define MANY 20

static struct {
	const char *zone, *stranger_fqdn, *stranger_value;
	size_t calls_max;
	const struct provider_api *api;
	void *options;
	struct eye eye;
} test = { .zone = "example.test" };

#define VALUE_A "LPsIwTo7o8BoG0-vjCyGQGBWSVIPxI-i_X336eUOQZo"
#define VALUE_B "gfj9Xq-Rg85nM_8wYJGuVZpQ5NmpIt5XcVB8kIxUQ4I"

static struct run run_new(void)
{
	struct run r = { .api = test.api, .secret = options_secret(test.api->options, test.options) };
	struct err err = { 0 };

	if (test.api->open(test.options, &r.provider, &err) < 0)
		fail_msg("open: %s", err.text);
	return r;
}

static void run_end(struct run *r)
{
	assert_false(r->leaked);
	test.api->close(r->provider);
}

static struct err last_error; /* of step() */

/* A name of the zone, for the next two uses. */
static const char *name(const char *label)
{
	static char names[MANY + 4][300];
	static size_t next;
	char *text = names[next++ % (MANY + 4)];

	snprintf(text, sizeof(names[0]), "_acme-challenge.%s%s%s", label, *label ? "." : "", test.zone);
	return text;
}

static struct change change(enum change_op op, const char *fqdn, const char *value)
{
	return (struct change){ .op = op, .fqdn = fqdn, .value = value, .ttl = test.api->caps.min_ttl > 60 ? test.api->caps.min_ttl : 60 };
}

static int run_once(struct run *r, struct change *changes, size_t count)
{
	struct job job = { .zone = test.zone, .changes = changes, .count = count };
	int rc;

	for (size_t i = 0; i < count; i++)
		changes[i].status = CHANGE_PENDING;
	last_error = (struct err){ 0 };
	rc = run_job(r, &job, &last_error);
	for (size_t i = 0; i < count; i++) {
		if (rc == 0)
			assert_int_not_equal(changes[i].status, CHANGE_PENDING);
		if (rc == 0 && changes[i].status > CHANGE_NOOP)
			assert_true(changes[i].message[0] != '\0');
		free(changes[i].new_handle); /* the contract: a job works without its handle, too */
		changes[i].new_handle = NULL;
	}
	return rc;
}

static bool holds(const struct change *c)
{
	return c->status == CHANGE_DONE || c->status == CHANGE_NOOP;
}

static bool worth_a_retry(const struct change *c)
{
	return c->status == CHANGE_RETRY || c->status == CHANGE_UNKNOWN || c->status == CHANGE_RATE_LIMITED || c->status == CHANGE_PENDING;
}

/* As the engine does: again while it may help. */
static void carry_out(struct run *r, struct change *changes, size_t count)
{
	bool again = true;

	for (int try = 0; again && try < TRIES; try++) {
		run_once(r, changes, count);
		r->fault = FAULT_NONE;
		again = false;
		for (size_t i = 0; i < count; i++)
			again |= worth_a_retry(&changes[i]);
	}
	for (size_t i = 0; i < count; i++) {
		if (!holds(&changes[i]))
			fail_msg("%s: status %d: %s%s", changes[i].fqdn, changes[i].status, changes[i].message, last_error.text);
	}
}

static void one(struct run *r, enum change_op op, const char *fqdn, const char *value)
{
	struct change c = change(op, fqdn, value);

	carry_out(r, &c, 1);
}

static void assert_seen(const char *fqdn, const char *value, int times)
{
	int seen = eye_count(&test.eye, test.zone, fqdn, value);

	if (seen != times)
		fail_msg("%s %s: seen %d times instead of %d", fqdn, value ? value : "(any)", seen, times);
}

static void a_value_that_is_added_is_seen(void **state)
{
	struct run r = run_new();
	const char *fqdn = name("seen");

	(void)state;
	one(&r, CHANGE_ADD, fqdn, VALUE_A);
	assert_seen(fqdn, VALUE_A, 1);
	one(&r, CHANGE_REMOVE, fqdn, VALUE_A);
	assert_seen(fqdn, NULL, 0);
	run_end(&r);
}

static void adding_twice_makes_one_copy_and_removing_twice_succeeds(void **state)
{
	struct run r = run_new();
	const char *fqdn = name("twice");

	(void)state;
	one(&r, CHANGE_ADD, fqdn, VALUE_A);
	one(&r, CHANGE_ADD, fqdn, VALUE_A);
	assert_seen(fqdn, NULL, 1);
	one(&r, CHANGE_REMOVE, fqdn, VALUE_A);
	one(&r, CHANGE_REMOVE, fqdn, VALUE_A);
	assert_seen(fqdn, NULL, 0);
	run_end(&r);
}

static void removing_what_was_never_there_succeeds(void **state)
{
	struct run r = run_new();

	(void)state;
	one(&r, CHANGE_REMOVE, name("never"), VALUE_A);
	run_end(&r);
}

static void two_values_of_a_name_live_side_by_side(void **state)
{
	struct run r = run_new();
	const char *fqdn = name("");

	(void)state;
	one(&r, CHANGE_ADD, fqdn, VALUE_A); /* the apex */
	one(&r, CHANGE_ADD, fqdn, VALUE_B); /* and the wildcard below it share a name */
	assert_seen(fqdn, VALUE_A, 1);
	assert_seen(fqdn, VALUE_B, 1);
	one(&r, CHANGE_REMOVE, fqdn, VALUE_A);
	assert_seen(fqdn, VALUE_A, 0);
	assert_seen(fqdn, VALUE_B, 1);
	one(&r, CHANGE_REMOVE, fqdn, VALUE_B);
	assert_seen(fqdn, VALUE_B, 0);
	run_end(&r);
}

static void values_of_another_client_survive(void **state)
{
	struct run ours = run_new(), theirs = run_new();
	const char *fqdn = name("shared"), *odd = "some \"other\" text; with \\ in it";

	(void)state;
	one(&theirs, CHANGE_ADD, fqdn, odd);
	one(&ours, CHANGE_ADD, fqdn, VALUE_A);
	assert_seen(fqdn, odd, 1);
	one(&ours, CHANGE_REMOVE, fqdn, VALUE_A);
	assert_seen(fqdn, odd, 1);
	one(&theirs, CHANGE_REMOVE, fqdn, odd);
	run_end(&theirs);
	run_end(&ours);
}

static void a_stranger_survives_and_keeps_its_ttl(void **state)
{
	struct run r = run_new();
	const char *fqdn = test.stranger_fqdn;
	int ttl;

	(void)state;
	if (!fqdn) {
		run_end(&r);
		skip();
	}
	assert_seen(fqdn, test.stranger_value, 1);
	ttl = eye_ttl(&test.eye, fqdn);
	one(&r, CHANGE_ADD, fqdn, VALUE_A);
	assert_seen(fqdn, test.stranger_value, 1);
	assert_seen(fqdn, VALUE_A, 1);
	assert_int_equal(eye_ttl(&test.eye, fqdn), ttl);
	one(&r, CHANGE_REMOVE, fqdn, VALUE_A);
	assert_int_equal(eye_ttl(&test.eye, fqdn), ttl);
	assert_seen(fqdn, test.stranger_value, 1);
	assert_seen(fqdn, NULL, 1);
	run_end(&r);
}

static void a_removal_in_a_zone_that_is_not_there_is_not_done(void **state)
{
	struct run r = run_new();
	struct change c = change(CHANGE_REMOVE, "_acme-challenge.www.gone.invalid", VALUE_A);
	struct job job = { .zone = "gone.invalid", .changes = &c, .count = 1 };
	struct err err = { 0 };

	(void)state;
	if (test.api->caps.local) {
		run_end(&r);
		skip(); /* it knows no zones */
	}
	assert_int_equal(run_job(&r, &job, &err), 0);
	assert_false(holds(&c));
	assert_true(c.message[0] != '\0');
	run_end(&r);
}

/* As the engine does: what was refused together is asked again by halves, down to single changes. */
static void carry_out_apart(struct run *r, struct change *changes, size_t count)
{
	size_t half = count / 2;
	bool apart = false;

	run_once(r, changes, count);
	for (size_t i = 0; i < count; i++)
		apart |= (changes[i].status == CHANGE_DENIED || changes[i].status == CHANGE_FATAL) && changes[i].scope == SCOPE_CALL;
	if (!apart || count < 2)
		return;
	carry_out_apart(r, changes, half);
	carry_out_apart(r, changes + half, count - half);
}

static void only_the_guilty_name_of_a_job_is_refused(void **state)
{
	struct run r = run_new();
	struct change changes[] = {
		change(CHANGE_ADD, name("one"), VALUE_A),
		change(CHANGE_ADD, "_acme-challenge.www.elsewhere.invalid", VALUE_A), /* not in the zone */
		change(CHANGE_ADD, name("two"), VALUE_A),
		change(CHANGE_ADD, name("three"), VALUE_A),
	};

	(void)state;
	if (test.api->caps.local) {
		run_end(&r);
		skip();
	}
	carry_out_apart(&r, changes, ARRAY_LEN(changes));
	assert_false(holds(&changes[1]));
	changes[1] = changes[3];
	for (size_t i = 0; i < 3; i++) {
		assert_seen(changes[i].fqdn, VALUE_A, 1);
		one(&r, CHANGE_REMOVE, changes[i].fqdn, VALUE_A);
	}
	run_end(&r);
}

static void names_of_every_depth_and_script_work(void **state)
{
	static const char *const labels[] = { "www", "a.b.c.d.e", "xn--bcher-kva", "with_underscore", "x-y" };
	struct change changes[ARRAY_LEN(labels)];
	struct run r = run_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(labels); i++)
		changes[i] = change(CHANGE_ADD, name(labels[i]), VALUE_A);
	carry_out(&r, changes, ARRAY_LEN(labels));
	for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
		assert_seen(changes[i].fqdn, VALUE_A, 1);
		changes[i].op = CHANGE_REMOVE;
	}
	carry_out(&r, changes, ARRAY_LEN(labels));
	for (size_t i = 0; i < ARRAY_LEN(labels); i++)
		assert_seen(changes[i].fqdn, NULL, 0);
	run_end(&r);
}

static void twenty_names_are_one_job(void **state)
{
	struct change changes[MANY];
	struct run r = run_new();

	(void)state;
	for (int i = 0; i < MANY; i++) {
		char label[16];

		snprintf(label, sizeof(label), "many%d", i);
		changes[i] = change(CHANGE_ADD, name(label), VALUE_A);
	}
	carry_out(&r, changes, MANY);
	printf("20 names: %zu calls\n", r.calls);
	if (test.calls_max)
		assert_true(r.calls <= test.calls_max);
	for (int i = 0; i < MANY; i++) {
		assert_seen(changes[i].fqdn, VALUE_A, 1);
		changes[i].op = CHANGE_REMOVE;
	}
	carry_out(&r, changes, MANY);
	for (int i = 0; i < MANY; i++)
		assert_seen(changes[i].fqdn, NULL, 0);
	run_end(&r);
}

static void adds_and_removes_mix_in_one_job(void **state)
{
	const char *first = name("mix1"), *second = name("mix2");
	struct change changes[3];
	struct run r = run_new();

	(void)state;
	one(&r, CHANGE_ADD, first, VALUE_A);
	changes[0] = change(CHANGE_REMOVE, first, VALUE_A);
	changes[1] = change(CHANGE_ADD, first, VALUE_B);
	changes[2] = change(CHANGE_ADD, second, VALUE_A);
	carry_out(&r, changes, 3);
	assert_seen(first, VALUE_A, 0);
	assert_seen(first, VALUE_B, 1);
	assert_seen(second, VALUE_A, 1);
	changes[0] = change(CHANGE_REMOVE, first, VALUE_B);
	changes[1] = change(CHANGE_REMOVE, second, VALUE_A);
	carry_out(&r, changes, 2);
	run_end(&r);
}

static void ten_clients_of_one_name_lose_nothing(void **state)
{
	const char *fqdn = name("crowd");
	struct run runs[10];
	char values[10][48];

	(void)state;
	for (int i = 0; i < 10; i++) {
		runs[i] = run_new();
		snprintf(values[i], sizeof(values[i]), "%d-vjCyGQGBWSVIPxI-i_X336eUOQZoLPsIwTo7o8BoG", i);
		one(&runs[i], CHANGE_ADD, fqdn, values[i]);
	}
	assert_seen(fqdn, NULL, 10);
	for (int i = 0; i < 10; i++) {
		one(&runs[i], CHANGE_REMOVE, fqdn, values[i]);
		assert_seen(fqdn, NULL, 9 - i);
		run_end(&runs[i]);
	}
}

/* The number of calls that one add takes. */
static size_t calls_of_an_add(const char *fqdn)
{
	struct run r = run_new();
	size_t calls;

	one(&r, CHANGE_ADD, fqdn, VALUE_A);
	calls = r.calls;
	one(&r, CHANGE_REMOVE, fqdn, VALUE_A);
	run_end(&r);
	return calls;
}

static void a_lost_reply_is_reconciled(void **state)
{
	const char *fqdn = name("lost");
	size_t calls = calls_of_an_add(fqdn);

	(void)state;
	for (size_t i = 0; i < calls; i++) {
		struct run r = run_new();

		r.fault = FAULT_LOST;
		r.fault_at = i;
		one(&r, CHANGE_ADD, fqdn, VALUE_A);
		assert_seen(fqdn, NULL, 1);
		r.fault = FAULT_LOST;
		one(&r, CHANGE_REMOVE, fqdn, VALUE_A);
		assert_seen(fqdn, NULL, 0);
		run_end(&r);
	}
}

/* With this fault at call `i` nothing may claim to be done that is not. */
static void try_fault(enum fault fault, int status, size_t i, const char *fqdn)
{
	struct run r = run_new();
	struct change c = change(CHANGE_ADD, fqdn, VALUE_A);

	r.fault = fault;
	r.fault_status = status;
	r.fault_at = i;
	if (run_once(&r, &c, 1) == 0 && holds(&c))
		assert_seen(fqdn, VALUE_A, 1);
	r.fault = FAULT_NONE;
	one(&r, CHANGE_ADD, fqdn, VALUE_A);
	one(&r, CHANGE_REMOVE, fqdn, VALUE_A);
	assert_seen(fqdn, NULL, 0);
	run_end(&r);
}

static void a_fault_at_any_call_never_claims_success(void **state)
{
	const char *fqdn = name("fault");
	size_t calls = calls_of_an_add(fqdn);

	(void)state;
	if (test.eye.kind == EYE_MEMORY || test.eye.kind == EYE_PUBLISHED)
		skip(); /* there is nothing between us and them that could fail so */
	for (size_t i = 0; i < calls; i++) {
		try_fault(FAULT_UNREACHED, 0, i, fqdn);
		try_fault(FAULT_STATUS, 500, i, fqdn);
		try_fault(FAULT_STATUS, 429, i, fqdn);
		try_fault(FAULT_STATUS, 401, i, fqdn);
		try_fault(FAULT_STATUS, 404, i, fqdn);
	}
}

static void nonsense_as_a_reply_decides_every_change(void **state)
{
	const char *fqdn = name("nonsense");
	size_t calls = calls_of_an_add(fqdn);

	(void)state;
	for (size_t i = 0; i < calls; i++) {
		struct run r = run_new();
		struct change c = change(CHANGE_ADD, fqdn, VALUE_A);

		r.fault = FAULT_NONSENSE;
		r.fault_at = i;
		run_once(&r, &c, 1);
		r.fault = FAULT_NONE;
		one(&r, CHANGE_REMOVE, fqdn, VALUE_A);
		run_end(&r);
	}
}

static enum change_status status_of(int http_status, unsigned *ret_retry_after_ms)
{
	struct run r = run_new();
	struct change c = change(CHANGE_ADD, name("status"), VALUE_A);
	struct job job = { .zone = test.zone, .changes = &c, .count = 1 };
	struct err err = { 0 };
	enum want first;

	r.fault = FAULT_STATUS;
	r.fault_status = http_status;
	assert_int_equal(run_job(&r, &job, &err), 0);
	first = r.first_want;
	*ret_retry_after_ms = job.retry_after_ms;
	run_end(&r);
	if (first != WANT_HTTP)
		skip();
	return c.status;
}

static void http_is_told_to_slow_down_and_listens(void **state)
{
	unsigned pause;

	(void)state;
	assert_int_equal(status_of(429, &pause), CHANGE_RATE_LIMITED);
	assert_int_equal(pause, 7000);
	assert_int_equal(status_of(503, &pause), CHANGE_RETRY);
	assert_int_equal(pause, 7000);
	assert_int_equal(status_of(401, &pause), CHANGE_DENIED);
	assert_int_equal(status_of(403, &pause), CHANGE_DENIED);
	assert_int_equal(status_of(400, &pause), CHANGE_FATAL);
}

static void a_job_that_is_cut_short_can_be_repeated(void **state)
{
	struct run r = run_new();
	struct change c = change(CHANGE_ADD, name("short"), VALUE_A);
	struct job job = { .zone = test.zone, .changes = &c, .count = 1 };

	(void)state;
	run_cut_short(&r, &job);
	free(c.new_handle);
	one(&r, CHANGE_ADD, c.fqdn, VALUE_A);
	assert_seen(c.fqdn, VALUE_A, 1);
	one(&r, CHANGE_REMOVE, c.fqdn, VALUE_A);
	assert_seen(c.fqdn, NULL, 0);
	run_end(&r);
}

static void usage(const char *problem)
{
	fprintf(stderr, "contract_provider: %s\n", problem);
	exit(2);
}

static void arguments_read(int argc, char **argv)
{
	const char *type = NULL, *look = NULL;
	struct err err = { 0 };
	int i;

	for (i = 1; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
		if (strcmp(argv[i], "--type") == 0)
			type = argv[i + 1];
		else if (strcmp(argv[i], "--look") == 0)
			look = argv[i + 1];
		else if (strcmp(argv[i], "--zone") == 0)
			test.zone = argv[i + 1];
		else if (strcmp(argv[i], "--calls-max") == 0)
			test.calls_max = strtoul(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--stranger") == 0)
			test.stranger_fqdn = strtok(argv[i + 1], "="), test.stranger_value = strtok(NULL, "");
		else
			usage("unknown argument");
	}
	test.api = type ? provider_find(type) : NULL;
	if (!test.api || !look || eye_open(&test.eye, look) < 0)
		usage("--type TYPE and --look memory|answers|dns:ADDRESS:PORT are needed");
	test.options = mem_new(1, test.api->options_size + 1);
	if (options_fill(test.api->options, test.options, argv + i, (size_t)(argc - i), &err) < 0)
		usage(err.text);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nonsense_as_a_reply_decides_every_change),
		cmocka_unit_test(a_fault_at_any_call_never_claims_success),
		cmocka_unit_test(http_is_told_to_slow_down_and_listens),
		cmocka_unit_test(a_lost_reply_is_reconciled),
		cmocka_unit_test(a_job_that_is_cut_short_can_be_repeated),
		cmocka_unit_test(removing_what_was_never_there_succeeds),
		cmocka_unit_test(a_value_that_is_added_is_seen),
		cmocka_unit_test(adding_twice_makes_one_copy_and_removing_twice_succeeds),
		cmocka_unit_test(two_values_of_a_name_live_side_by_side),
		cmocka_unit_test(values_of_another_client_survive),
		cmocka_unit_test(a_stranger_survives_and_keeps_its_ttl),
		cmocka_unit_test(a_removal_in_a_zone_that_is_not_there_is_not_done),
		cmocka_unit_test(only_the_guilty_name_of_a_job_is_refused),
		cmocka_unit_test(names_of_every_depth_and_script_work),
		cmocka_unit_test(twenty_names_are_one_job),
		cmocka_unit_test(adds_and_removes_mix_in_one_job),
		cmocka_unit_test(ten_clients_of_one_name_lose_nothing),
	};
	int failed;

	arguments_read(argc, argv);
	failed = cmocka_run_group_tests_name(test.api->name, tests, NULL, NULL);
	options_free(test.api->options, test.options);
	transport_done();
	return failed;
}
