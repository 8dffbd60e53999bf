/* What one server address is asked in a second: the limit, the turns, the end. */
#include <stdio.h>
#include <stdlib.h>

#include "solver/base/mem.h"
#include "solver/check/pace.h"
#include "solver/dns/message.h"
#include "tests/scenario/scenario.h"

#define NAMES 8

struct asker {
	struct scenario *s;
	char name[32];
	unsigned answered, cancelled;
	int64_t last_ms; /* of the loop, when the last answer came */
};

static struct checker *open_checker(struct scenario *s)
{
	const struct checker_parts parts = { s->loop, s->resolver, s->recursor, s->configs[s->config_count - 1] };
	struct checker *c;
	struct err err;

	if (checker_open(&parts, &c, &err) < 0)
		fail_msg("%s", err.text);
	return c;
}

static void on_reply(const unsigned char *wire, size_t length, int64_t elapsed_ms, const struct err *err, void *arg)
{
	struct asker *a = arg;

	(void)wire, (void)length, (void)elapsed_ms;
	if (err->code == ERR_CANCELLED)
		a->cancelled++;
	else
		a->answered++;
	a->last_ms = loop_now_ms(a->s->loop);
}

static void ask(struct checker *c, struct asker *a, const char *address)
{
	unsigned char query[DNS_QUERY_MAX];
	struct err err;
	int length = dns_query_build(a->name, DNS_TXT, false, query, sizeof(query), &err);

	assert_true(length > 0);
	assert_int_equal(pace_exchange(c, a->name, address, query, (size_t)length, false, on_reply, a, &err), 0);
}

static void askers(struct scenario *s, struct asker list[NAMES])
{
	for (size_t i = 0; i < NAMES; i++) {
		list[i] = (struct asker){ .s = s };
		snprintf(list[i].name, sizeof(list[i].name), "n%zu.example.org", i);
	}
}

static void no_second_has_more_questions_than_the_limit(void **state)
{
	struct scenario *s = *state;
	struct checker *c = open_checker(s);
	struct asker list[NAMES];
	unsigned asked[40], count = 0;

	askers(s, list);
	for (size_t i = 0; i < 350; i++)
		ask(c, &list[i % NAMES], NS1);
	for (; count < 40; count++) {
		asked[count] = fake_dns_asked(NS1);
		run_for(s, 100);
		if (count >= 10)
			assert_true(asked[count] - asked[count - 10] <= 100);
	}
	assert_int_equal(asked[0], 100); /* a second's worth at once */
	assert_int_equal(fake_dns_asked(NS1), 350);
	checker_close(c);
}

static void a_name_with_many_questions_does_not_hold_up_the_others(void **state)
{
	struct scenario *s = *state;
	struct checker *c = open_checker(s);
	struct asker list[NAMES];
	int64_t began = loop_now_ms(s->loop);

	askers(s, list);
	for (size_t i = 0; i < 1000; i++)
		ask(c, &list[0], NS1);
	ask(c, &list[1], NS1);
	run_for(s, 20000);
	assert_int_equal(list[0].answered, 1000);
	assert_int_equal(list[1].answered, 1);
	assert_true(list[1].last_ms - began < 1500); /* the second turn of the second second */
	checker_close(c);
}

static void servers_do_not_wait_for_each_other(void **state)
{
	struct scenario *s = *state;
	struct checker *c = open_checker(s);
	struct asker list[NAMES];

	askers(s, list);
	for (size_t i = 0; i < 200; i++)
		ask(c, &list[0], NS1);
	ask(c, &list[1], NS2);
	run_for(s, 50);
	assert_int_equal(list[1].answered, 1);
	run_for(s, 5000);
	checker_close(c);
}

static void what_waits_at_the_end_is_called_off_once(void **state)
{
	struct scenario *s = *state;
	struct checker *c = open_checker(s);
	struct asker list[NAMES];

	askers(s, list);
	for (size_t i = 0; i < 250; i++)
		ask(c, &list[0], NS1);
	run_for(s, 50);
	assert_int_equal(list[0].answered, 100);
	checker_close(c);
	assert_int_equal(list[0].cancelled, 150);
}

/* ---- runs ---- */

struct outcome { unsigned calls; struct evidence *e; struct verdict *v; };

static void keep(struct evidence *e, struct verdict *v, void *arg)
{
	struct outcome *o = arg;

	o->calls++;
	o->e = e;
	o->v = v;
}

static void outcome_done(struct outcome *o)
{
	evidence_free(o->e);
	verdict_free(o->v);
}

static void at_the_limit_what_has_not_come_counts_as_silence(void **state)
{
	struct scenario *s = *state;
	struct checker *c = open_checker(s);
	const struct check_want want = { .type = "dns-01", .domain = "www.example.org", .value = VALUE, .parts = CHECK_ALL, .limit_ms = 1000 };
	struct outcome o = { 0 };
	unsigned silent = 0;
	struct err err;

	memory_put("example.org", "_acme-challenge.www.example.org", VALUE);
	fake_dns_value("_acme-challenge.www.example.org", VALUE);
	fake_dns_fault(NS2, FAULT_SILENT);
	assert_int_equal(check_start(c, &want, keep, &o, NULL, &err), 0);
	assert_int_equal(o.calls, 0);
	run_for(s, 999);
	assert_int_equal(o.calls, 0);
	run_for(s, 2);
	assert_int_equal(o.calls, 1);
	for (size_t i = 0; i < o.e->answer_count; i++)
		silent += o.e->answers[i].failure && strcmp(o.e->answers[i].failure, "timeout") == 0;
	assert_true(silent > 0);
	run_for(s, 30000); /* what comes later finds nobody */
	assert_int_equal(o.calls, 1);
	outcome_done(&o);
	checker_close(c);
}

static void a_check_that_is_cancelled_at_any_instant_tells_nobody_and_leaves_nothing(void **state)
{
	struct scenario *s = *state;
	const struct check_want dns = { .type = "dns-01", .domain = "www.example.org", .value = VALUE, .parts = CHECK_ALL };
	const struct check_want http = { .type = "http-01", .domain = "www.example.org", .parts = CHECK_ALL };

	for (int64_t ms = 0; ms < 60; ms++) {
		struct checker *c = open_checker(s);
		struct check_run *runs[2];
		struct outcome o[2] = { { 0 }, { 0 } };
		struct err err;

		assert_int_equal(check_start(c, &dns, keep, &o[0], &runs[0], &err), 0);
		assert_int_equal(check_start(c, &http, keep, &o[1], &runs[1], &err), 0);
		run_for(s, ms);
		for (int i = 0; i < 2; i++) {
			bool over = o[i].calls > 0;

			if (!over)
				check_cancel(runs[i]);
			assert_int_equal(o[i].calls, over ? 1 : 0);
		}
		run_for(s, 30000);
		assert_true(o[0].calls <= 1 && o[1].calls <= 1);
		outcome_done(&o[0]);
		outcome_done(&o[1]);
		checker_close(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scenario_test(no_second_has_more_questions_than_the_limit),
		scenario_test(a_name_with_many_questions_does_not_hold_up_the_others),
		scenario_test(servers_do_not_wait_for_each_other),
		scenario_test(what_waits_at_the_end_is_called_off_once),
		scenario_test(at_the_limit_what_has_not_come_counts_as_silence),
		scenario_test(a_check_that_is_cancelled_at_any_instant_tells_nobody_and_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
