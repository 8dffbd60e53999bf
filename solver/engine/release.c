/* Releasing, and who hears of it: a wish is confirmed when the journal holds the step that it led to, never because something
 * else was written. When the journal refuses that step, everybody who waits for it hears why; the step itself is repeated. */
#include <stdlib.h>
#include <string.h>

#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/engine/entry.h"
#include "solver/engine/kept.h"
#include "solver/engine/share.h"

#define RELEASED "released: nobody needs it any more"

/* One wish: of a challenge, or of all challenges of an order. */
struct release {
	unsigned pending; /* challenges whose step is not durable, and one until all were asked */
	struct err err;   /* the first refusal */
	void (*done)(const struct err *err, void *arg);
	void *arg;
};

static void count_down(const struct err *err, void *arg)
{
	struct release *r = arg;

	if (err && err->code && !r->err.code) {
		r->err = *err;
		err_in(&r->err, "the withdrawal is not in the journal yet, so it is not promised; ask again");
	}
	if (--r->pending)
		return;
	if (r->done)
		r->done(&r->err, r->arg);
	free(r);
}

static void wait_for(struct release *r, struct entry *n, enum challenge_state state)
{
	r->pending++;
	kept_wait(n, state, count_down, r);
}

/* For all orders. What is not in the journal yet has no life to end: its submission sees that somebody waits for the end. */
static void release_one(struct engine *e, struct release *r, struct entry *n, const char *sentence)
{
	if (n->life.begun)
		life_input(e, n, INPUT_RELEASED, sentence);
	if (n->life.kept < CHALLENGE_WITHDRAWING)
		wait_for(r, n, CHALLENGE_WITHDRAWING);
}

static struct release *release_new(void (*done)(const struct err *err, void *arg), void *arg)
{
	struct release *r = mem_new(1, sizeof(*r));

	*r = (struct release){ .pending = 1, .done = done, .arg = arg };
	return r;
}

static void on_asked(int code, const struct err *err, void *arg)
{
	(void)code;
	(void)err;
	count_down(NULL, arg);
}

/* The empty transaction promises nothing: it makes the answer come later, also when all is durable already. */
static void release_asked(struct engine *e, struct release *r)
{
	store_commit(store_begin(e->parts.store), on_asked, r);
}

/* What another order holds stays. */
static void release_from(struct engine *e, struct release *r, struct order_entry *order, const char *sentence)
{
	bool stays = false;

	for (struct hold *h = order->first; h; h = h->order_next) {
		if (holder_of(h->entry, order))
			stays = true;
		else
			release_one(e, r, h->entry, sentence);
	}
	if (!stays)
		return;
	r->pending++;
	share_let_go(e, order, count_down, r);
}

/* From the orders that were made for nothing else; false: there are none. One that let go before counts: to ask again changes nothing. */
static bool release_alone(struct engine *e, struct release *r, struct entry *n, const char *sentence)
{
	bool alone = false;

	for (struct hold *h = &n->hold; h; h = h->entry_next) {
		if (h->order->count > 1)
			continue;
		alone = true;
		release_from(e, r, h->order, sentence);
	}
	return alone;
}

int engine_release_challenge(struct engine *e, const char *id, void (*done)(const struct err *err, void *arg), void *arg, struct err *err)
{
	struct entry *n = entry_find(e, id);
	struct release *r;

	if (!n)
		return err_set(err, ERR_NOT_FOUND, "there is no challenge %.64s", id);
	r = release_new(done, arg);
	if (!release_alone(e, r, n, RELEASED))
		release_one(e, r, n, RELEASED);
	release_asked(e, r);
	return 0;
}

int engine_release_order(struct engine *e, const char *id, void (*done)(const struct err *err, void *arg), void *arg, struct err *err)
{
	struct order_entry *order = order_find(e, id);
	struct release *r;

	if (!order)
		return err_set(err, ERR_NOT_FOUND, "there is no order %.64s", id);
	r = release_new(done, arg);
	release_from(e, r, order, "released with its order: nobody needs it any more");
	release_asked(e, r);
	return 0;
}

size_t engine_release_client(struct engine *e, const char *client, void (*done)(const struct err *err, void *arg), void *arg)
{
	struct release *r = release_new(done, arg);
	size_t count = 0;
	struct entry *n;

	DL_FOREACH(e->entries, n) {
		if (n->life.kept >= CHALLENGE_WITHDRAWING || strcmp(n->c.client, client) != 0)
			continue;
		count++;
		release_one(e, r, n, "released: its client was revoked");
	}
	release_asked(e, r);
	return count;
}

int engine_forget_challenge(struct engine *e, const char *id, const char *who, void (*done)(const struct err *err, void *arg), void *arg,
                            struct err *err)
{
	CLEANUP(mem_freep) char *sentence = NULL;
	struct entry *n = entry_find(e, id);
	struct release *r;

	if (!n)
		return err_set(err, ERR_NOT_FOUND, "there is no challenge %.64s", id);
	if (n->c.state != CHALLENGE_WITHDRAWING)
		return err_set(err, ERR_CONFLICT, "challenge %s is %s: only one whose withdrawal does not succeed can be forgotten%s", n->c.id,
		               challenge_state_name(n->c.state), challenge_is_over(n->c.state) ? "" : "; withdraw it first (dcvd cleanup)");
	sentence = mem_printf("forgotten on the word of %.100s: %s was not seen to go%s%s", who, n->c.fqdn ? n->c.fqdn : "its answer",
	                      n->c.waiting_for ? "; the last try said: " : "", n->c.waiting_for ? n->c.waiting_for : "");
	r = release_new(done, arg);
	log_event(LOG_WARNING, sentence, "id", n->c.id, "fqdn", n->c.fqdn, "provider", n->c.provider, NULL);
	life_input(e, n, INPUT_WITHDRAWN, sentence);
	wait_for(r, n, CHALLENGE_GONE);
	release_asked(e, r);
	return 0;
}
