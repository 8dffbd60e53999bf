/* GET /v1/events: what happens to challenges, as a stream (Server-Sent Events).
 *
 * The events so far come first (of a challenge all, of an order the last of each), then what happens. The
 * stream of one challenge or order ends when that is over. Last-Event-ID is ignored: a client that reconnects gets
 * the present state again, which includes what it missed. ?format=cloudevents: each is a CloudEvent. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "solver/api/notify/cloudevents.h"
#include "solver/api/rest/rest.h"
#include "solver/base/mem.h"

#define HEARTBEAT_MS 15000

/* The history of a challenge, asked for; `stream` is NULL when its reader has gone. */
struct past {
	struct stream *stream;
	char challenge_id[ID_SIZE];
	bool all; /* or the last event alone */
	struct past *prev, *next;
};

/* An event that came before the past was written. */
struct held {
	char challenge_id[ID_SIZE];
	struct challenge_event event;
	struct held *prev, *next;
};

struct stream {
	struct api *api;
	struct http_exchange *x;
	char *owner;             /* who asked */
	char *version;           /* of its token and grants (client_version()) */
	char *client;            /* whose challenges it sees; NULL: all */
	char challenge_id[ID_SIZE], order_id[ID_SIZE];
	struct engine_listener *listener;
	struct timer *heartbeat;
	bool cloudevents;
	uint64_t number;
	struct past *pasts;      /* that were not read yet: what happens meanwhile is held */
	struct held *held;
	struct stream *prev, *next;
};

static void write_data(struct stream *s, const char *name, json_t *takes)
{
	char *data = json_dumps(takes, JSON_COMPACT);
	char *text = mem_printf("id: %" PRIu64 "\nevent: %s\ndata: %s\n\n", ++s->number, name, data);

	http_exchange_write(s->x, text);
	free(text);
	free(data);
	json_decref(takes);
}

static void write_event(struct stream *s, const struct challenge *c, const struct challenge_event *event)
{
	write_data(s, "challenge", s->cloudevents ? cloudevent_challenge(c, s->order_id, event) : event_json(c, s->order_id, event));
}

static bool is_over(struct stream *s)
{
	struct engine *e = s->api->parts.engine;
	const struct challenge **list, *one;
	size_t count, over = 0;

	if (s->challenge_id[0])
		return !(one = engine_challenge(e, s->challenge_id)) || challenge_is_over(one->state);
	if (!s->order_id[0])
		return false;
	if (engine_order_state(e, s->order_id) == ORDER_GONE)
		return true;
	count = engine_order_challenges(e, s->order_id, &list);
	for (size_t i = 0; i < count; i++)
		over += challenge_is_over(list[i]->state);
	free(list);
	return over == count;
}

/* The exchange goes later, and the stream with it. */
static void end(struct stream *s)
{
	engine_unlisten(s->listener);
	s->listener = NULL;
	timer_stop(s->heartbeat);
	s->heartbeat = NULL;
	http_exchange_end(s->x);
}

static void hold(struct stream *s, const struct challenge *c, const struct challenge_event *event)
{
	struct held *h = mem_new(1, sizeof(*h));

	memcpy(h->challenge_id, c->id, ID_SIZE);
	h->event = *event;
	h->event.text = mem_dup(event->text);
	DL_APPEND(s->held, h);
}

static void held_free(struct stream *s, struct held *h)
{
	DL_DELETE(s->held, h);
	free(h->event.text);
	free(h);
}

static bool is_held(const struct stream *s, const struct challenge *c, const struct challenge_event *event)
{
	const struct held *h;

	DL_FOREACH(s->held, h)
		if (h->event.at_ms == event->at_ms && h->event.state == event->state && strcmp(h->challenge_id, c->id) == 0 &&
		    strcmp(h->event.text, event->text) == 0)
			return true;
	return false;
}

static void write_held(struct stream *s)
{
	while (s->held) {
		const struct challenge *c = engine_challenge(s->api->parts.engine, s->held->challenge_id);

		if (c)
			write_event(s, c, &s->held->event);
		held_free(s, s->held);
	}
}

static void on_event(const struct challenge *c, const struct challenge_event *event, void *arg)
{
	struct stream *s = arg;

	if (client_changed(s->api, s->owner, s->version)) {
		end(s);
		return;
	}
	if (s->client && strcmp(s->client, c->client) != 0)
		return;
	if (s->pasts) {
		hold(s, c, event);
		return;
	}
	write_event(s, c, event);
	if (challenge_is_over(event->state) && is_over(s))
		end(s);
}

static void on_heartbeat(void *arg)
{
	struct stream *s = arg;

	s->heartbeat = timer_start(s->api->parts.loop, HEARTBEAT_MS, on_heartbeat, s);
	if (client_changed(s->api, s->owner, s->version))
		end(s);
	else
		http_exchange_write(s->x, ": still here\n\n");
}

static void on_gone(void *arg)
{
	struct stream *s = arg;
	struct past *p;

	engine_unlisten(s->listener);
	timer_stop(s->heartbeat);
	while (s->held)
		held_free(s, s->held);
	DL_FOREACH(s->pasts, p)
		p->stream = NULL;
	s->api->streams--;
	DL_DELETE(s->api->stream_list, s);
	free(s->version);
	free(s->client);
	free(s->owner);
	free(s);
}

void streams_check(struct api *a)
{
	struct stream *s;

	DL_FOREACH(a->stream_list, s)
		if (s->listener && client_changed(a, s->owner, s->version))
			end(s);
}

void streams_tell(struct api *a, const struct cps_event *event)
{
	struct stream *s;

	DL_FOREACH(a->stream_list, s)
		if (s->listener && !s->client && !s->order_id[0] && !client_changed(a, s->owner, s->version))
			write_data(s, "cps", s->cloudevents ? cloudevent_cps(event) : cps_event_json(event));
}

static int read_format(struct http_exchange *x, struct stream *s, struct problem *problem)
{
	const char *format = http_exchange_query(x, "format");

	s->cloudevents = format && strcmp(format, "cloudevents") == 0;
	if (format && !s->cloudevents)
		return problem_set(problem, 400, ERR_INVALID, NULL, "format=%.40s is not known; the only one is format=cloudevents", format);
	return 0;
}

static int read_subject(struct api *a, struct http_exchange *x, const struct caller *caller, struct stream *s, struct problem *problem)
{
	const char *challenge = http_exchange_query(x, "challenge"), *order = http_exchange_query(x, "order");
	const struct challenge *c;
	const struct order *o;

	if (challenge && order)
		return problem_set(problem, 400, ERR_INVALID, NULL, "challenge= and order= exclude each other");
	if (challenge) {
		if (caller_challenge(a, caller, challenge, &c, problem) < 0)
			return problem->err.code;
		memcpy(s->challenge_id, c->id, ID_SIZE);
	}
	if (order) {
		if (caller_order(a, caller, order, &o, problem) < 0)
			return problem->err.code;
		memcpy(s->order_id, o->id, ID_SIZE);
	}
	return 0;
}

static void write_past(struct stream *s, const struct past *p, const struct challenge *history)
{
	const struct challenge *c = engine_challenge(s->api->parts.engine, p->challenge_id);

	for (size_t k = p->all || !history->event_count ? 0 : history->event_count - 1; c && k < history->event_count; k++)
		if (!is_held(s, c, &history->events[k]))
			write_event(s, c, &history->events[k]);
}

/* What could not be read is left out: what happens from now on still comes. */
static void on_past(const struct challenge *history, const struct err *err, void *arg)
{
	struct past *p = arg;
	struct stream *s = p->stream;

	if (s) {
		DL_DELETE(s->pasts, p);
		if (!err->code && s->listener)
			write_past(s, p, history);
		if (!s->pasts && s->listener) {
			write_held(s);
			if (is_over(s))
				end(s);
		}
	}
	free(p);
}

/* All events of the challenge that was asked for, or the last one of each challenge of the order. */
static void ask_past_of(struct stream *s, const struct challenge *c, bool all)
{
	struct past *p = mem_new(1, sizeof(*p));
	struct err err;

	*p = (struct past){ .stream = s, .all = all };
	memcpy(p->challenge_id, c->id, ID_SIZE);
	DL_APPEND(s->pasts, p);
	if (engine_history(s->api->parts.engine, c->id, on_past, p, &err) == 0)
		return;
	DL_DELETE(s->pasts, p);
	free(p);
}

static void ask_past(struct stream *s)
{
	const struct challenge *one = s->challenge_id[0] ? engine_challenge(s->api->parts.engine, s->challenge_id) : NULL;
	const struct challenge **list = NULL;
	size_t count = s->order_id[0] ? engine_order_challenges(s->api->parts.engine, s->order_id, &list) : 0;

	if (one)
		ask_past_of(s, one, true);
	for (size_t i = 0; i < count; i++)
		ask_past_of(s, list[i], false);
	free(list);
}

static const char *subject_of(const struct stream *s)
{
	if (s->challenge_id[0])
		return s->challenge_id;
	return s->order_id[0] ? s->order_id : NULL;
}

void events_get(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument)
{
	struct stream *s = mem_new(1, sizeof(*s));
	struct problem problem = { 0 };

	(void)argument;
	if (read_format(x, s, &problem) < 0 || read_subject(a, x, caller, s, &problem) < 0) {
		free(s);
		reply_problem(a, x, &problem);
		return;
	}
	s->api = a;
	s->x = x;
	s->owner = mem_dup(caller->name);
	s->client = grants_see_all(caller->grants) ? NULL : mem_dup(caller->name);
	s->version = client_version(a, caller->name);
	DL_APPEND(a->stream_list, s);
	a->streams++;
	http_exchange_on_gone(x, on_gone, s);
	http_exchange_header(x, "Cache-Control", "no-store");
	http_exchange_stream(x, "text/event-stream");
	s->listener = engine_listen(a->parts.engine, subject_of(s), on_event, s);
	s->heartbeat = timer_start(a->parts.loop, HEARTBEAT_MS, on_heartbeat, s);
	ask_past(s);
	if (!s->pasts && is_over(s))
		end(s);
}
