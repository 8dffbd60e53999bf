/* A record that was ready and disappeared, crossed with everything: any two of the things below happen right after the loss, in either
 * order, and the record comes back from elsewhere or does not. What must hold does not depend on them. */
#include <stdlib.h>

#include "tests/scenario/scenario.h"

#define NAME "www.example.org"
#define FQDN "_acme-challenge.www.example.org"
#define OTHER "other.example.org"
#define WITHIN_MS 60000
#define LIFETIME_MS (600 * 1000)

#define CHALLENGE "challenge: {deadline: 60s, lifetime: 10m, retention: 10m}\n"
#define ALLOWED "allow-addresses: [192.0.2.0/24, \"2001:db8::/32\"]"
#define BASE CHALLENGE "check: {" ALLOWED "}\n"
#define SOON CHALLENGE "check: {recheck: 2s, " ALLOWED "}\n" /* a loss is found at once */
#define PROVIDER "routes: [{suffix: \"*\", provider: m}]\nproviders:\n  m:\n    type: memory\n"
/* Both sets of records can be reached again. */
#define ALL_IS_WELL BASE PROVIDER "  b:\n    type: memory\n    server: b\n"

/* Options of the provider, a line each. */
#define reload(s, options) reconfigure_text(s, BASE PROVIDER options)

static enum challenge_state kept(struct scenario *s)
{
	return engine_kept_state(s->engine, s->id);
}

/* No "ready" of what does not stand there. */
static void on_event(const struct challenge *c, const struct challenge_event *event, void *arg)
{
	(void)arg;
	if (event->state == CHALLENGE_READY && c->state == CHALLENGE_READY)
		assert_true(memory_has(NULL, c->fqdn, c->value));
}

/* ---- what happens ---- */

static void is_denied(struct scenario *s)
{
	reload(s, "    refuse: no more\n");
	run_for(s, 1000);
}

static void passes_its_deadline(struct scenario *s)
{
	reload(s, "    fail-first: 1000000\n");
	run_for(s, WITHIN_MS + 1000);
}

static void is_released(struct scenario *s)
{
	release(s, s->id);
}

static void restarts(struct scenario *s)
{
	restart(s);
	engine_listen(s->engine, NULL, on_event, s);
}

static void is_lost_again(struct scenario *s)
{
	reconfigure_text(s, SOON PROVIDER);
	run_for(s, 10000);
	memory_take(NULL, FQDN, VALUE);
	run_for(s, 20000);
}

static void reloads(struct scenario *s)
{
	reload(s, "");
}

static void loses_its_provider(struct scenario *s)
{
	reconfigure_text(s, BASE "routes: [{suffix: \"*\", provider: embedded}]\n");
	run_for(s, 1000);
}

static void gets_another_server(struct scenario *s)
{
	reload(s, "    server: b\n");
	run_for(s, 1000);
}

static void shares_a_batch_that_is_refused(struct scenario *s)
{
	char id[ID_SIZE];

	memcpy(id, s->id, ID_SIZE);
	reload(s, "    pause: 1s\n    refuse-name: _acme-challenge." OTHER "\n");
	present(s, OTHER, VALUE2);
	memcpy(s->id, id, ID_SIZE);
	run_for(s, 5000);
}

static void loses_a_reply(struct scenario *s)
{
	reload(s, "    lose-first: 1\n    retry-after: 3s\n");
	run_for(s, 1000);
}

static void meets_a_full_disk(struct scenario *s)
{
	journal_refuse(s->loop, 2);
}

static void is_needed_by_another_for_a_while(struct scenario *s)
{
	struct challenge_request r = dns01(NAME, VALUE);
	char id[ID_SIZE];

	memcpy(id, s->id, ID_SIZE);
	if (submit_order(s, &(struct order_request){ .challenges = &r, .count = 1, .client = "bob" }) == 0) {
		run_for(s, 3000);
		release(s, s->id);
	}
	memcpy(s->id, id, ID_SIZE);
}

static void ignore(const struct err *err, void *arg)
{
	(void)err, (void)arg;
}

static void is_handed_over(struct scenario *s)
{
	engine_hand_over(s->engine, "alice", "carol", ignore, NULL);
	run_for(s, 0);
}

static void may_not_be_written_any_more(struct scenario *s)
{
	s->granted = "elsewhere.example";
	run_for(s, 1000);
}

static void outlives_its_lifetime(struct scenario *s)
{
	run_for(s, LIFETIME_MS);
}

static void meets_a_silent_server(struct scenario *s)
{
	fake_dns_fault(NS1, FAULT_SILENT);
	run_for(s, 2000);
}

static const struct happening {
	const char *name;
	void (*fn)(struct scenario *s);
} happenings[] = {
	{ "denied", is_denied },
	{ "deadline", passes_its_deadline },
	{ "released", is_released },
	{ "restart", restarts },
	{ "second loss", is_lost_again },
	{ "reload", reloads },
	{ "provider retired", loses_its_provider },
	{ "another server", gets_another_server },
	{ "shared batch", shares_a_batch_that_is_refused },
	{ "lost reply", loses_a_reply },
	{ "full disk", meets_a_full_disk },
	{ "shared value", is_needed_by_another_for_a_while },
	{ "handed over", is_handed_over },
	{ "not permitted", may_not_be_written_any_more },
	{ "lifetime", outlives_its_lifetime },
	{ "silent server", meets_a_silent_server },
};

/* ---- what must hold ---- */

/* However often it is lost: it never has longer than at first. */
static void assert_deadline_holds(struct scenario *s)
{
	const struct challenge *c = engine_challenge(s->engine, s->id);

	if (!c)
		return;
	assert_int_equal(c->within_ms, WITHIN_MS);
	assert_true(c->deadline_ms <= loop_wall_ms(s->loop) + WITHIN_MS);
}

static void release_one(const struct challenge *c, void *arg)
{
	struct scenario *s = arg;

	release(s, c->id);
}

static void assert_over(const struct challenge *c, void *arg)
{
	(void)arg;
	if (!challenge_is_over(c->state))
		fail_msg("%s is %s: %s", c->id, challenge_state_name(c->state), c->waiting_for ? c->waiting_for : "for no reason");
}

static void assert_all_is_withdrawn(struct scenario *s)
{
	fake_dns_fault(NS1, FAULT_NONE);
	journal_refuse(s->loop, 0);
	s->granted = NULL;
	reconfigure_text(s, ALL_IS_WELL);
	engine_list(s->engine, NULL, NULL, 100, release_one, s);
	run_for(s, LIFETIME_MS);
	engine_list(s->engine, NULL, NULL, 100, assert_over, NULL);
	assert_nothing_left(s);
}

/* ---- the crossing ---- */

static void be_lost(struct scenario *s, bool comes_back)
{
	reconfigure_text(s, SOON PROVIDER);
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 20000);
	reconfigure_text(s, SOON PROVIDER "    pause: 2s\n");
	memory_take("example.org", FQDN, VALUE);
	run_until(s, s->id, CHALLENGE_PUBLISHING, 20000);
	if (comes_back)
		memory_put("example.org", FQDN, VALUE);
}

static void happen(struct scenario *s, const struct happening *h)
{
	if (kept(s) == CHALLENGE_GONE || !engine_challenge(s->engine, s->id))
		return; /* it was over before */
	h->fn(s);
	assert_deadline_holds(s);
}

static void cross(const struct happening *first, const struct happening *second, bool comes_back)
{
	struct scenario *s;
	void *state;

	scenario_begin(&state);
	s = state;
	print_message("lost, then %s, then %s%s\n", first->name, second->name, comes_back ? "; the record came back" : "");
	be_lost(s, comes_back);
	engine_listen(s->engine, NULL, on_event, s);
	happen(s, first);
	happen(s, second);
	assert_all_is_withdrawn(s);
	scenario_end(&state);
}

/* Half of the crossings with a record that comes back, half without; all of them both ways where LOST_ALL is set. */
static void a_lost_record_is_withdrawn_whatever_two_things_happen_next(void **state)
{
	const size_t count = sizeof(happenings) / sizeof(happenings[0]);
	bool all = getenv("LOST_ALL") != NULL;

	(void)state;
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < count; k++)
			for (size_t back = 0; back < 2; back++)
				if (all || back == (i + k) % 2)
					cross(&happenings[i], &happenings[k], back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lost_record_is_withdrawn_whatever_two_things_happen_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
