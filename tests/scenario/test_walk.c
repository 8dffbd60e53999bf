/* Anything in any order: callers, servers, providers, the disk and the process itself do as they like. What must
 * hold at each step and at the end does not depend on the way. A walk is its seed: a failure can be repeated. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/scenario/fake_random.h"
#include "tests/scenario/scenario.h"

#define WALKS 20
#define STEPS 60
#define RELOADS_MAX 40
#define TOKEN "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
#define KEY_AUTHORIZATION TOKEN ".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"
#define STRANGER "a-value-of-somebody-else"

static const char *const names[] = { "example.org", "*.example.org", "www.example.org", "a.example.org", "alias.example.org", "own.example.org" };
static const char *const values[] = { VALUE, VALUE2 };
static const char *const clients[] = { "alice", "bob" };
static const char *const moods[] = {
	"", "", "    pause: 2s\n", "    fail-first: 2\n", "    limit-first: 1\n    retry-after: 7s\n", "    lose-first: 1\n",
	"    refuse: not today\n",
};

#define ANY(list) (list)[fake_random() % (sizeof(list) / sizeof((list)[0]))]

static void note_answer(const char *value, size_t length, void *arg)
{
	(void)value, (void)length;
	(*(size_t *)arg)++;
}

/* Invariant 3: nobody hears "ready" of what does not stand there. */
static void on_event(const struct challenge *c, const struct challenge_event *event, void *arg)
{
	struct scenario *s = arg;
	size_t own = 0;

	if (event->state != CHALLENGE_READY || c->state != CHALLENGE_READY || c->type != CHALLENGE_DNS01)
		return;
	answers_each_dns(s->answers, c->fqdn, note_answer, &own);
	assert_true(own || memory_has(NULL, c->fqdn, c->value));
}

static void again(struct scenario *s)
{
	restart(s);
	engine_listen(s->engine, NULL, on_event, s);
}

static void ask_for_one(struct scenario *s)
{
	struct challenge_request list[3];
	size_t count = 1 + fake_random() % 3;

	for (size_t i = 0; i < count; i++)
		list[i] = fake_random() % 5 ? dns01(ANY(names), ANY(values)) : http01("www.example.org", TOKEN, KEY_AUTHORIZATION);
	submit_order(s, &(struct order_request){ .challenges = list, .count = count, .client = ANY(clients) });
}

struct pick { unsigned left; char id[ID_SIZE]; };

static void pick_one(const struct challenge *c, void *arg)
{
	struct pick *p = arg;

	if (p->left-- == 0)
		memcpy(p->id, c->id, ID_SIZE);
}

static bool pick(struct scenario *s, char ret_id[ID_SIZE])
{
	size_t count = count_listed(s);
	struct pick p = { 0 };

	if (!count)
		return false;
	p.left = fake_random() % (unsigned)count;
	engine_list(s->engine, NULL, NULL, count, pick_one, &p);
	memcpy(ret_id, p.id, ID_SIZE);
	return true;
}

static void let_one_go(struct scenario *s)
{
	char id[ID_SIZE];

	if (pick(s, id))
		release(s, id);
}

struct holders {
	char released[ID_SIZE]; /* the last of them */
	unsigned others;        /* that hold it */
};

static void keep_order(const struct order *o, bool holds, void *arg)
{
	(void)holds;
	memcpy(((struct holders *)arg)->released, o->id, ID_SIZE);
}

static void count_others(const struct order *o, bool holds, void *arg)
{
	struct holders *h = arg;

	h->others += holds && strcmp(o->id, h->released) != 0;
}

/* What another order holds stays. */
static void let_an_order_go(struct scenario *s)
{
	struct holders h = { 0 };
	enum challenge_state before;
	char id[ID_SIZE];

	if (!pick(s, id))
		return;
	engine_each_order(s->engine, id, keep_order, &h);
	engine_each_order(s->engine, id, count_others, &h);
	before = state_of(s, id);
	assert_int_equal(engine_release_order(s->engine, h.released, NULL, NULL, &s->err), 0);
	if (h.others)
		assert_int_equal(state_of(s, id), before);
}

static void act(struct scenario *s)
{
	switch (fake_random() % 10) {
	case 0: case 1: case 2:
		ask_for_one(s);
		break;
	case 3:
		let_one_go(s);
		break;
	case 4:
		let_an_order_go(s);
		break;
	case 5:
		again(s);
		break;
	case 6:
		fake_dns_fault(fake_random() % 2 ? NS1 : NS2, fake_random() % (FAULT_SERVFAIL + 1));
		break;
	case 7:
		journal_refuse(s->loop, fake_random() % 4);
		break;
	case 8:
		if (s->config_count < RELOADS_MAX)
			reconfigure(s, ANY(moods));
		break;
	default:
		fake_http_odd(fake_random() % 2 ? WEB1 : NULL, 503, "busy");
	}
}

static void assert_all_over(struct scenario *s)
{
	struct engine_numbers numbers;
	size_t live = 0;

	engine_numbers(s->engine, &numbers);
	for (int type = 0; type < CHALLENGE_TYPES; type++)
		for (int state = 0; state < CHALLENGE_STATES; state++)
			live += challenge_is_over((enum challenge_state)state) ? 0 : numbers.live[type][state];
	assert_int_equal(live, 0);
	assert_int_equal(answers_count(s->answers), 0);
	assert_int_equal(memory_count(NULL, NULL), 1);
	assert_true(memory_has("example.org", "_acme-challenge.example.org", STRANGER));
}

static void come_to_rest(struct scenario *s)
{
	fake_dns_fault(NS1, FAULT_NONE);
	fake_dns_fault(NS2, FAULT_NONE);
	fake_http_odd(NULL, 0, NULL);
	journal_refuse(s->loop, 0);
	reconfigure(s, "");
	for (size_t i = 0; i < sizeof(clients) / sizeof(clients[0]); i++)
		engine_release_client(s->engine, clients[i], NULL, NULL);
	run_for(s, 3600 * 1000);
	assert_all_over(s);
	run_for(s, 700 * 1000);
	assert_int_equal(count_listed(s), 0);
	again(s);
	assert_int_equal(count_listed(s), 0);
}

static void build_names(void)
{
	fake_dns_cname("_acme-challenge.alias.example.org", "alias.acme.other.net");
	fake_dns_cname("_acme-challenge.own.example.org", "own.dcvd.test");
	for (size_t i = 0; i < 2; i++) {
		fake_dns_value("alias.acme.other.net", values[i]);
		fake_dns_value("own.dcvd.test", values[i]);
	}
	memory_put("example.org", "_acme-challenge.example.org", STRANGER);
	fake_dns_value("_acme-challenge.example.org", STRANGER);
}

static void walk(struct scenario *s, unsigned seed)
{
	fake_random_seed(seed);
	build_names();
	engine_listen(s->engine, NULL, on_event, s);
	for (unsigned i = 0; i < STEPS; i++) {
		act(s);
		if (fake_random() % 2)
			run_for(s, fake_random() % 8000);
		else
			for (unsigned n = fake_random() % 12; n; n--)
				step(s, loop_now_ms(s->loop) + 1000);
	}
	come_to_rest(s);
}

static void nothing_is_left_and_nothing_was_ready_too_early_whatever_happened(void **state)
{
	const char *from = getenv("WALK_FROM"); /* to look at other walks than those of every run */
	unsigned first = from ? (unsigned)strtoul(from, NULL, 10) : 0;

	(void)state;
	for (unsigned seed = first; seed < first + WALKS; seed++) {
		void *s;

		scenario_begin(&s);
		print_message("walk %u\n", seed);
		walk(s, seed);
		scenario_end(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_left_and_nothing_was_ready_too_early_whatever_happened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
