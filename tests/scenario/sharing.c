#include "tests/scenario/sharing.h"

#include <stdlib.h>

int ask(struct scenario *s, const struct order_request *wish, const struct challenge_request *list, size_t count)
{
	struct order_request r = *wish;

	r.challenges = list;
	r.count = count;
	r.client = r.client ? r.client : "alice";
	return submit_order(s, &r);
}

void ask_one(struct scenario *s, const struct order_request *wish)
{
	struct challenge_request r = dns01(NAME, VALUE);

	assert_int_equal(ask(s, wish, &r, 1), 0);
}

void ask_both(struct scenario *s, const struct order_request *wish)
{
	struct challenge_request list[] = { dns01(NAME, VALUE), dns01(OTHER, VALUE2) };

	assert_int_equal(ask(s, wish, list, 2), 0);
}

const struct order_request plain;

void keep(const char *id, char ret[ID_SIZE])
{
	memcpy(ret, id, ID_SIZE);
}

void release_order(struct scenario *s, const char *id)
{
	struct err err;

	if (engine_release_order(s->engine, id, NULL, NULL, &err) < 0)
		fail_msg("%s", err.text);
	run_for(s, 2000);
}

void become_ready(struct scenario *s)
{
	run_for(s, 5000);
	assert_int_equal(engine_order_state(s->engine, s->order), ORDER_READY);
}

/* The ids of an order, in its sequence. */
void assert_holds(struct scenario *s, const char *order, const char *first, const char *second)
{
	const char *const wanted[] = { first, second };
	const struct challenge **list;
	size_t count = engine_order_challenges(s->engine, order, &list);

	assert_int_equal(count, second ? 2 : 1);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(list[i]->id, wanted[i]);
	free(list);
}

static void count_order(const struct order *o, bool holds, void *arg)
{
	(void)o;
	((size_t *)arg)[holds]++;
}

void assert_orders(struct scenario *s, const char *challenge, size_t holding, size_t let_go)
{
	size_t counts[2] = { 0 };

	engine_each_order(s->engine, challenge, count_order, counts);
	assert_int_equal(counts[true], holding);
	assert_int_equal(counts[false], let_go);
}

void make_two(struct scenario *s, struct two *t, const struct order_request *both, const struct order_request *one)
{
	ask_both(s, both);
	keep(s->order, t->both);
	keep(s->id, t->x);
	ask_one(s, one);
	keep(s->order, t->one);
}
