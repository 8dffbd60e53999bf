#include "solver/api/notify/cps_notices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "solver/api/notify/callbacks.h"
#include "solver/api/notify/cloudevents.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/base/pause.h"

#define PREFIX "cps-event/"
#define ATTEMPTS_MAX 30
#define PAUSE_FIRST_MS 1000
#define PAUSE_MAX_MS 600000
#define NOTICES_MAX 1000 /* that wait for their receivers */

struct notice {
	struct cps_notices *owner;
	struct notice *next, *prev;
	char *key;              /* of its row in the journal */
	char *url, *secret, *body;
	unsigned attempts;
	struct timer *timer;
	struct http_call *call;
};

struct cps_notices {
	struct api *api;
	struct notice *notices;
	size_t count;
};

static void notice_free(struct notice *n)
{
	DL_DELETE(n->owner->notices, n);
	n->owner->count--;
	timer_stop(n->timer);
	http_cancel(n->call);
	free(n->key);
	free(n->url);
	free(n->secret);
	free(n->body);
	free(n);
}

/* NULL: it is over. */
static void journal(const struct notice *n, bool over)
{
	struct store_txn *t = store_begin(n->owner->api->parts.store);
	json_t *o = over ? NULL : json_pack("{s:s, s:s, s:s, s:I}", "url", n->url, "secret", n->secret, "body", n->body, "attempts", (json_int_t)n->attempts);
	CLEANUP(mem_freep) char *value = o ? json_dumps(o, JSON_COMPACT) : NULL;

	json_decref(o);
	store_set(t, n->key, value);
	store_commit(t, NULL, NULL);
}

static void attempt(void *arg);

static void settle(struct notice *n, int status, const char *error)
{
	bool over = !error || n->attempts >= ATTEMPTS_MAX || status == 410;

	log_event(error ? LOG_WARNING : LOG_INFO, !error ? "event of an enrollment delivered" : over ? "event of an enrollment given up"
	          : "event of an enrollment not delivered, will be repeated", "event", n->key + strlen(PREFIX), "url", n->url, "error", error, NULL);
	journal(n, over);
	if (over)
		notice_free(n);
	else
		n->timer = timer_start(n->owner->api->parts.loop, pause_doubled(PAUSE_FIRST_MS, PAUSE_MAX_MS, n->attempts - 1), attempt, n);
}

static void on_reply(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct notice *n = arg;
	char sentence[64];

	n->call = NULL;
	if (!reply) {
		settle(n, 0, err->text);
		return;
	}
	snprintf(sentence, sizeof(sentence), "the receiver answered %d", reply->status);
	settle(n, reply->status, reply->status / 100 == 2 ? NULL : sentence);
}

static void attempt(void *arg)
{
	struct notice *n = arg;
	struct err err;

	n->timer = NULL;
	n->attempts++;
	if (callback_post(n->owner->api, &(struct callback_message){ n->url, n->secret, n->body }, on_reply, n, &n->call, &err) < 0)
		settle(n, err.code == ERR_DENIED ? 410 : 0, err.text);
}

static struct notice *notice_new(struct cps_notices *owner, const char *key, const char *url, const char *secret, const char *body)
{
	struct notice *n = mem_new(1, sizeof(*n));

	n->owner = owner;
	n->key = mem_dup(key);
	n->url = mem_dup(url);
	n->secret = mem_dup(secret);
	n->body = mem_dup(body);
	DL_APPEND(owner->notices, n);
	owner->count++;
	return n;
}

/* Later, so that many of a restart do not leave in one moment, and none inside of what it tells of. */
static void begin(struct notice *n)
{
	n->timer = timer_start(n->owner->api->parts.loop, (int64_t)n->owner->count * 10, attempt, n);
}

void cps_notices_tell(struct cps_notices *owner, const struct cps_event *event)
{
	const struct config_cps *cps = &owner->api->config->cps;
	json_t *cloudevent = cps->callback_secret && cps->callbacks ? cloudevent_cps(event) : NULL;
	CLEANUP(mem_freep) char *body = cloudevent ? json_dumps(cloudevent, JSON_COMPACT) : NULL;
	const char *id = json_string_value(json_object_get(cloudevent, "id"));

	for (size_t i = 0; body && cps->callbacks[i]; i++) {
		CLEANUP(mem_freep) char *key = mem_printf(PREFIX "%s/%zu", id, i);
		struct notice *n;

		if (owner->count >= NOTICES_MAX) {
			log_event(LOG_ERROR, "too many events of enrollments wait for their receiver; this one is not delivered", "event", id, NULL);
			break;
		}
		n = notice_new(owner, key, cps->callbacks[i], cps->callback_secret, body);
		journal(n, false);
		begin(n);
	}
	json_decref(cloudevent);
}

static void load(const char *key, const char *value, void *arg)
{
	json_t *o = json_loads(value, 0, NULL);
	const char *url = json_string_value(json_object_get(o, "url")), *secret = json_string_value(json_object_get(o, "secret"));
	const char *body = json_string_value(json_object_get(o, "body"));
	json_int_t attempts = json_integer_value(json_object_get(o, "attempts"));
	struct notice *n;

	if (url && secret && body) {
		n = notice_new(arg, key, url, secret, body);
		n->attempts = attempts > 0 && attempts < ATTEMPTS_MAX ? (unsigned)attempts : 0;
		begin(n);
	}
	json_decref(o);
}

struct cps_notices *cps_notices_new(struct api *a)
{
	struct cps_notices *owner = mem_new(1, sizeof(*owner));
	struct err err;

	owner->api = a;
	if (store_each_setting(a->parts.store, PREFIX, load, owner, &err) < 0)
		log_event(LOG_WARNING, "events of enrollments that were not delivered before the restart cannot be read", "error", err.text, NULL);
	return owner;
}

void cps_notices_free(struct cps_notices *owner)
{
	if (!owner)
		return;
	while (owner->notices)
		notice_free(owner->notices);
	free(owner);
}
