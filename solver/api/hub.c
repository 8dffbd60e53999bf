#include "solver/api/hub.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#include "solver/base/mem.h"

struct hub_listener {
	struct subject *subject;
	hub_fn fn; /* NULL: left during a call */
	void *arg;
	struct hub_listener *prev, *next;
};

struct subject {
	char order_id[ID_SIZE]; /* "": every order */
	struct hub *hub;
	struct hub_listener *listeners;
	unsigned calling;
	UT_hash_handle hh;
};

struct hub {
	struct engine *engine;
	struct engine_watch *watch;
	struct subject *subjects;
};

static void subject_sweep(struct subject *s)
{
	struct hub_listener *l, *next;

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
	HASH_DEL(s->hub->subjects, s);
	free(s);
}

static void subject_tell(struct hub *h, const char *id, const struct challenge *c, const struct challenge_event *event)
{
	struct hub_listener *l, *next;
	struct subject *s;

	HASH_FIND_STR(h->subjects, id, s);
	if (!s)
		return;
	s->calling++;
	DL_FOREACH_SAFE(s->listeners, l, next)
		if (l->fn)
			l->fn(c, event, l->arg);
	s->calling--;
	subject_sweep(s);
}

static void on_event(const struct challenge *c, const struct challenge_event *event, void *arg)
{
	subject_tell(arg, c->order_id, c, event);
	subject_tell(arg, "", c, event);
}

struct hub *hub_new(struct engine *e)
{
	struct hub *h = mem_new(1, sizeof(*h));

	h->engine = e;
	h->watch = engine_watch(e, on_event, h);
	return h;
}

void hub_free(struct hub *h)
{
	struct subject *s, *next;

	if (!h)
		return;
	engine_unwatch(h->engine, h->watch);
	HASH_ITER(hh, h->subjects, s, next) {
		struct hub_listener *l;

		DL_FOREACH(s->listeners, l)
			l->fn = NULL;
		subject_sweep(s);
	}
	free(h);
}

struct hub_listener *hub_listen(struct hub *h, const char *order_id, hub_fn fn, void *arg)
{
	struct hub_listener *l = mem_new(1, sizeof(*l));
	const char *id = order_id ? order_id : "";
	struct subject *s;

	HASH_FIND_STR(h->subjects, id, s);
	if (!s) {
		s = mem_new(1, sizeof(*s));
		strncpy(s->order_id, id, sizeof(s->order_id) - 1);
		s->hub = h;
		HASH_ADD_STR(h->subjects, order_id, s);
	}
	*l = (struct hub_listener){ .subject = s, .fn = fn, .arg = arg };
	DL_APPEND(s->listeners, l);
	return l;
}

void hub_leave(struct hub_listener *l)
{
	if (!l)
		return;
	l->fn = NULL;
	subject_sweep(l->subject);
}
