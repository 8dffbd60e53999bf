#include "solver/engine/events.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/engine/entry.h"

struct engine_listener {
	struct subject *subject;
	engine_event_fn fn; /* NULL: left during a call */
	void *arg;
	uint64_t since;     /* number of the last event before it listened */
	struct engine_listener *prev, *next;
};

/* What is listened to: an order, a challenge, or all of them (""). */
struct subject {
	char id[ID_SIZE];
	struct events *events;
	struct engine_listener *listeners;
	unsigned calling; /* its listeners are being called: none may be freed */
	UT_hash_handle hh;
};

/* An event that nobody was told of yet. Its challenge may be forgotten before that. */
struct happened {
	uint64_t number;
	char challenge_id[ID_SIZE];
	char order_id[ID_SIZE]; /* the only one that is told; "": all that have the challenge */
	struct challenge_event event;
	struct happened *prev, *next;
};

static struct subject *find(struct events *all, const char *id)
{
	struct subject *s;

	HASH_FIND_STR(all->subjects, id, s);
	return s;
}

/* Frees those who left, and the subject after the last of them. */
static void sweep(struct subject *s)
{
	struct engine_listener *l, *next;

	if (s->calling)
		return;
	DL_FOREACH_SAFE(s->listeners, l, next) {
		if (l->fn)
			continue;
		DL_DELETE(s->listeners, l);
		free(l);
	}
	if (s->listeners)
		return;
	HASH_DEL(s->events->subjects, s);
	free(s);
}

static void tell(struct events *all, const char *id, const struct challenge *c, const struct happened *h)
{
	struct subject *s = find(all, id);
	struct engine_listener *l;

	if (!s)
		return;
	s->calling++;
	DL_FOREACH(s->listeners, l)
		if (l->fn && l->since < h->number)
			l->fn(c, &h->event, l->arg);
	s->calling--;
	sweep(s);
}

static void happened_free(struct events *all, struct happened *h)
{
	DL_DELETE(all->queue, h);
	free(h->event.text);
	free(h);
}

static void tell_all(struct events *all, const struct entry *n, const struct happened *h)
{
	for (const struct hold *hold = &n->hold; hold; hold = hold->entry_next)
		if (!h->order_id[0] || strcmp(hold->order->o.id, h->order_id) == 0)
			tell(all, hold->order->o.id, &n->c, h);
	if (!h->order_id[0])
		tell(all, n->c.id, &n->c, h);
	tell(all, "", &n->c, h);
}

static void deliver(void *arg)
{
	struct engine *e = arg;
	struct happened *h;

	e->events.timer = NULL;
	while ((h = e->events.queue)) {
		struct entry *n = entry_find(e, h->challenge_id);

		if (n)
			tell_all(&e->events, n, h);
		happened_free(&e->events, h);
	}
}

static bool is_heard(struct events *all, const struct entry *n)
{
	for (const struct hold *h = &n->hold; h; h = h->entry_next)
		if (find(all, h->order->o.id))
			return true;
	return find(all, n->c.id) || find(all, "");
}

static struct happened *queue(struct engine *e, const struct challenge *c, struct challenge_event event)
{
	struct events *all = &e->events;
	struct happened *h = mem_new(1, sizeof(*h));

	*h = (struct happened){ .number = all->count, .event = event };
	memcpy(h->challenge_id, c->id, ID_SIZE);
	DL_APPEND(all->queue, h);
	if (!all->timer)
		all->timer = timer_start(e->parts.loop, 0, deliver, e);
	return h;
}

void events_emit(struct engine *e, const struct entry *n, struct challenge_event event)
{
	e->events.count++;
	if (is_heard(&e->events, n))
		queue(e, &n->c, event);
	else
		free(event.text);
}

void events_emit_order(struct engine *e, const struct order_entry *order, const struct challenge *c, const char *sentence)
{
	struct happened *h;

	e->events.count++;
	h = queue(e, c, (struct challenge_event){ loop_wall_ms(e->parts.loop), c->state, mem_dup(sentence) });
	memcpy(h->order_id, order->o.id, ID_SIZE);
}

void events_stop(struct engine *e)
{
	timer_stop(e->events.timer);
	e->events.timer = NULL;
	while (e->events.queue)
		happened_free(&e->events, e->events.queue);
}

void events_free(struct engine *e)
{
	struct subject *s, *next;
	struct engine_listener *l;

	HASH_ITER(hh, e->events.subjects, s, next) {
		DL_FOREACH(s->listeners, l)
			l->fn = NULL;
		sweep(s);
	}
}

struct engine_listener *engine_listen(struct engine *e, const char *id, engine_event_fn fn, void *arg)
{
	struct engine_listener *l = mem_new(1, sizeof(*l));
	struct subject *s = find(&e->events, id ? id : "");

	if (!s) {
		s = mem_new(1, sizeof(*s));
		strncpy(s->id, id ? id : "", sizeof(s->id) - 1);
		s->events = &e->events;
		HASH_ADD_STR(e->events.subjects, id, s);
	}
	*l = (struct engine_listener){ .subject = s, .fn = fn, .arg = arg, .since = e->events.count };
	DL_APPEND(s->listeners, l);
	return l;
}

void engine_unlisten(struct engine_listener *l)
{
	if (!l)
		return;
	l->fn = NULL;
	sweep(l->subject);
}
