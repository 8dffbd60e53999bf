#include "solver/check/shared.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/check/resolve.h"
#include "solver/dns/message.h"

#define FRESH_MS 3000
#define KEPT_MAX 20000

struct waiter {
	recursor_fn done;
	void *arg;
	struct shared *what;
	struct waiter *next;
};

/* One question, under way or just answered. */
struct shared {
	struct checker *c;
	char *key;
	bool answered;
	int64_t answered_ms;
	struct recursor_reply reply;  /* wire is a copy */
	unsigned char *wire;
	struct waiter *waiters;
	unsigned telling;             /* later() calls that will read it */
	UT_hash_handle hh;
};

static void forget(struct shared *s)
{
	HASH_DEL(s->c->shared, s);
	free(s->wire);
	free(s->key);
	free(s);
}

static bool is_fresh(const struct shared *s)
{
	return !s->answered || loop_now_ms(s->c->parts.loop) - s->answered_ms < FRESH_MS;
}

/* Forgets what is old; when a question is new, so that nothing has to be timed. */
static void sweep(struct checker *c)
{
	struct shared *s, *tmp;

	if (HASH_COUNT(c->shared) < KEPT_MAX && loop_now_ms(c->parts.loop) - c->swept_ms < FRESH_MS)
		return;
	c->swept_ms = loop_now_ms(c->parts.loop);
	HASH_ITER(hh, c->shared, s, tmp)
		if (!is_fresh(s) && !s->telling)
			forget(s);
}

/* A failure is everybody's own: the next one asks again. */
static bool is_good(const struct recursor_reply *reply)
{
	return reply && reply->wire && !reply->bogus && (reply->rcode == DNS_NOERROR || reply->rcode == DNS_NXDOMAIN);
}

static void keep(struct shared *s, const struct recursor_reply *reply)
{
	s->answered = true;
	s->answered_ms = loop_now_ms(s->c->parts.loop);
	s->wire = mem_new(reply->length, 1);
	memcpy(s->wire, reply->wire, reply->length);
	s->reply = *reply;
	s->reply.wire = s->wire;
	s->reply.why = NULL;
}

static void on_reply(const struct recursor_reply *reply, const struct err *err, void *arg)
{
	struct shared *s = arg;
	struct waiter *all = s->waiters, *w;

	s->waiters = NULL;
	if (is_good(reply))
		keep(s, reply);
	else
		forget(s);
	while ((w = all)) {
		all = w->next;
		w->done(reply, err, w->arg);
		free(w);
	}
}

static void tell(void *arg)
{
	struct waiter *w = arg;
	struct shared *s = w->what;

	s->telling--;
	w->done(&s->reply, &(struct err){ 0 }, w->arg);
	free(w);
}

static struct waiter *waiter_new(recursor_fn done, void *arg)
{
	struct waiter *w = mem_new(1, sizeof(*w));

	w->done = done;
	w->arg = arg;
	return w;
}

static struct shared *shared_new(struct checker *c, char *key)
{
	struct shared *s = mem_new(1, sizeof(*s));

	s->c = c;
	s->key = key;
	HASH_ADD_KEYPTR(hh, c->shared, s->key, strlen(s->key), s);
	return s;
}

static int send_query(struct shared *s, const char *name, int type, recursor_fn done, void *arg, struct err *err)
{
	s->waiters = waiter_new(done, arg);
	if (resolve_recursively(s->c, name, type, on_reply, s, err) == 0)
		return 0;
	free(s->waiters);
	forget(s);
	return err->code;
}

int shared_query(struct checker *c, const char *name, int type, recursor_fn done, void *arg, struct err *err)
{
	struct shared *s;
	struct waiter *w;
	char *key;

	sweep(c);
	key = mem_printf("%d %s", type, name);
	HASH_FIND_STR(c->shared, key, s);
	if (s && !is_fresh(s) && !s->telling) {
		forget(s);
		s = NULL;
	}
	if (!s)
		return send_query(shared_new(c, key), name, type, done, arg, err);
	free(key);
	w = waiter_new(done, arg);
	w->what = s;
	if (s->answered) {
		s->telling++;
		later(&c->laters, 0, tell, w);
	} else {
		LL_PREPEND(s->waiters, w);
	}
	return 0;
}

void shared_expire(struct checker *c)
{
	struct shared *s, *tmp;

	HASH_ITER(hh, c->shared, s, tmp)
		s->answered_ms -= FRESH_MS;
}

void shared_free(struct checker *c)
{
	struct shared *s, *tmp;

	HASH_ITER(hh, c->shared, s, tmp)
		forget(s);
}
