/* What the polling promises, measured in virtual time: how late a value is noticed, and how often a server is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <math.h>

#include <cmocka.h>

#include "solver/base/mem.h"
#include "solver/engine/poll.h"

#define ROUND_TRIP_MS 20
#define RUNS 300

static uint64_t seed = 1;

static double chance(void)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (double)(seed >> 11) / 9007199254740992.0;
}

struct world {
	struct poll p;
	size_t servers;
	int64_t appears[POLL_SERVERS_MAX];
	unsigned asked[POLL_SERVERS_MAX];
};

/* Asks one server and, when it shows the value, all others at once. Returns when all of that is answered. */
static int64_t look(struct world *w, int64_t now)
{
	int i = poll_ask(&w->p, now);

	if (i < 0)
		return now;
	w->asked[i]++;
	poll_answer(&w->p, (size_t)i, now >= w->appears[i], false);
	now += ROUND_TRIP_MS;
	if (now - ROUND_TRIP_MS < w->appears[i])
		return now;
	int list[POLL_SERVERS_MAX], count = 0;
	while ((i = poll_ask_rest(&w->p, now)) >= 0)
		list[count++] = i;
	for (int k = 0; k < count; k++) {
		w->asked[list[k]]++;
		poll_answer(&w->p, (size_t)list[k], now >= w->appears[list[k]], false);
	}
	return count ? now + ROUND_TRIP_MS : now;
}

/* Returns the time at which everything is seen, at most `limit`. */
static int64_t play(struct world *w, const struct delays *usual, int64_t limit)
{
	int64_t now = 0;

	poll_begin(&w->p, w->servers, now, (unsigned char)(chance() * 256), usual);
	while (now < limit) {
		int64_t over = look(w, now);

		if (!poll_pending(&w->p))
			return over;
		now += poll_pause(&w->p, now);
	}
	return limit;
}

struct result { double median, p99; unsigned most; };

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Everything appears at about `delay` (within a tenth); with `laggard` the other servers show it at once. */
static struct result measure(size_t servers, double delay, bool laggard, const struct delays *usual)
{
	double late[RUNS];
	struct result r = { 0 };

	for (int run = 0; run < RUNS; run++) {
		struct world w = { .servers = servers };
		int64_t last = (int64_t)(delay * (0.95 + chance() / 10));

		for (size_t i = 0; i < servers; i++)
			w.appears[i] = laggard && i ? 0 : last;
		late[run] = (double)(play(&w, usual, 3600000) - last);
		for (size_t i = 0; i < servers; i++)
			r.most = w.asked[i] > r.most ? w.asked[i] : r.most;
	}
	qsort(late, RUNS, sizeof(*late), by_size);
	r.median = late[RUNS / 2];
	r.p99 = late[RUNS * 99 / 100];
	return r;
}

static const double delays[] = { 200, 500, 1000, 2000, 5000, 10000, 20000, 30000, 60000, 120000, 300000, 550000 };

/* Round trips come on top: two of them where servers are asked one after the other. */
static void assert_prompt(size_t servers, double delay, struct result r)
{
	double median = delay * 0.03 > 100 ? delay * 0.03 : 100, p99 = delay * 0.1 > 500 ? delay * 0.1 : 500;

	if (r.median > median + 2 * ROUND_TRIP_MS || r.p99 > p99 + 2 * ROUND_TRIP_MS || r.most > POLL_QUERIES - POLL_RESERVE)
		fail_msg("%zu servers, %.0f ms: median %.0f (at most %.0f), p99 %.0f (at most %.0f), %u queries", servers, delay,
		         r.median, median, r.p99, p99, r.most);
}

static void servers_that_change_together_are_noticed_promptly_for_ten_minutes(void **state)
{
	(void)state;
	for (size_t servers = 2; servers <= 4; servers += 2)
		for (size_t i = 0; i < ARRAY_LEN(delays); i++)
			assert_prompt(servers, delays[i], measure(servers, delays[i], false, NULL));
}

static void one_server_is_noticed_promptly_for_half_a_minute(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(delays) && delays[i] <= 30000; i++) {
		assert_prompt(1, delays[i], measure(1, delays[i], false, NULL));
		assert_prompt(4, delays[i], measure(4, delays[i], true, NULL));
	}
}

static void one_server_of_a_provider_that_is_known_is_noticed_promptly(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(delays); i++) {
		struct delays usual = { 0 };

		for (int k = 0; k < 10; k++)
			delays_add(&usual, (int64_t)(delays[i] * (0.9 + chance() / 5)));
		assert_prompt(1, delays[i], measure(1, delays[i], false, &usual));
		assert_prompt(4, delays[i], measure(4, delays[i], true, &usual));
	}
}

/* Nobody could notice it earlier with so few questions; it still comes in proportion. */
static void one_slow_server_that_nobody_knew_is_noticed_in_proportion(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(delays); i++) {
		struct result r = measure(1, delays[i], false, NULL);

		if (r.p99 > fmax(delays[i] * 0.55, 500) || r.most > POLL_QUERIES - POLL_RESERVE)
			fail_msg("%.0f ms: p99 %.0f, %u queries", delays[i], r.p99, r.most);
	}
}

static void a_value_that_comes_unusually_early_or_late_is_still_noticed(void **state)
{
	static const double real[] = { 300, 3000, 30000, 300000 };
	struct delays usual = { 0 };

	(void)state;
	for (int k = 0; k < 10; k++)
		delays_add(&usual, 30000 + 100 * k);
	for (size_t i = 0; i < ARRAY_LEN(real); i++) {
		struct result r = measure(1, real[i], false, &usual);

		if (r.p99 > fmax(real[i] * 0.4, 500) || r.most > POLL_QUERIES - POLL_RESERVE)
			fail_msg("%.0f ms: p99 %.0f, %u queries", real[i], r.p99, r.most);
	}
}

static void no_server_is_asked_too_often_whatever_was_learned(void **state)
{
	(void)state;
	for (int run = 0; run < 200; run++) {
		struct delays usual = { 0 };
		struct world w = { .servers = 1 + (size_t)(chance() * 5) };

		for (int k = (int)(chance() * 20); k > 0; k--)
			delays_add(&usual, (int64_t)(chance() * chance() * chance() * 900000));
		for (size_t i = 0; i < w.servers; i++)
			w.appears[i] = i == 0 ? INT64_MAX : (int64_t)(chance() * 700000);
		play(&w, &usual, POLL_WINDOW_MS);
		for (size_t i = 0; i < w.servers; i++)
			assert_in_range(w.asked[i], 1, POLL_QUERIES - POLL_RESERVE);
	}
}

static void after_ten_minutes_it_goes_on_rarely(void **state)
{
	struct world w = { .servers = 1, .appears = { INT64_MAX } };

	(void)state;
	play(&w, NULL, 2 * POLL_WINDOW_MS);
	assert_in_range(w.asked[0], POLL_QUERIES - POLL_RESERVE - 5, POLL_QUERIES - POLL_RESERVE + 20);
}

static void a_server_whose_answer_is_awaited_is_not_asked_again(void **state)
{
	struct poll p;

	(void)state;
	poll_begin(&p, 2, 0, 0, NULL);
	assert_int_equal(poll_ask(&p, 0), 0);
	assert_int_equal(poll_ask(&p, 0), 1);
	assert_int_equal(poll_ask(&p, 0), -1);
	poll_answer(&p, 0, false, true);
	assert_int_equal(poll_ask(&p, 0), 0);
}

static void silent_servers_are_told_from_those_that_lack_the_value(void **state)
{
	struct poll p;

	(void)state;
	poll_begin(&p, 2, 0, 0, NULL);
	poll_answer(&p, 0, false, true);
	poll_answer(&p, 1, false, true);
	assert_false(poll_only_silent(&p));
	poll_answer(&p, 1, true, false);
	assert_true(poll_only_silent(&p));
	poll_answer(&p, 0, false, false);
	assert_false(poll_only_silent(&p));
}

static void delays_are_written_and_read(void **state)
{
	struct delays d = { 0 }, back;
	CLEANUP(mem_freep) char *text = NULL;
	int64_t early, late;

	(void)state;
	assert_false(delays_usual(&d, &early, &late));
	for (int i = 0; i < 40; i++)
		delays_add(&d, 100 * i);
	text = delays_text(&d);
	delays_read(text, &back);
	assert_true(delays_usual(&back, &early, &late));
	assert_int_equal(early, 1100);
	assert_int_equal(late, 3600);
	delays_read("12,x,-5,99999999999999999999,7", &back);
	assert_int_equal(back.count, 1);
	delays_read(NULL, &back);
	assert_int_equal(back.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(servers_that_change_together_are_noticed_promptly_for_ten_minutes),
		cmocka_unit_test(one_server_is_noticed_promptly_for_half_a_minute),
		cmocka_unit_test(one_server_of_a_provider_that_is_known_is_noticed_promptly),
		cmocka_unit_test(one_slow_server_that_nobody_knew_is_noticed_in_proportion),
		cmocka_unit_test(a_value_that_comes_unusually_early_or_late_is_still_noticed),
		cmocka_unit_test(no_server_is_asked_too_often_whatever_was_learned),
		cmocka_unit_test(after_ten_minutes_it_goes_on_rarely),
		cmocka_unit_test(a_server_whose_answer_is_awaited_is_not_asked_again),
		cmocka_unit_test(silent_servers_are_told_from_those_that_lack_the_value),
		cmocka_unit_test(delays_are_written_and_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
