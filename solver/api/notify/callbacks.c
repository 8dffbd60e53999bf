/* Signed callbacks: once an order is ready or has failed, dcvd calls its URL until that answers 2xx.
 *
 * The body is a CloudEvent (cloudevents.h). The result is kept with the order, so a restart continues with the same number
 * of tries. How a receiver knows that a call is genuine and new:
 *
 * 1. Dcvd-Timestamp holds the seconds since 1970 at which this try was sent. The receiver refuses a call that is more than five minutes off.
 * 2. Dcvd-Signature is "v1=" and the hexadecimal HMAC-SHA256, under the shared secret, of the timestamp, "." and the body
 *    byte for byte; compared in constant time, before the body is parsed. Both are signed together, so neither can be replaced. While a
 *    secret is being changed the receiver accepts both.
 * 3. The "id" of the event is the same in every repetition. A receiver that remembers ids answers 2xx to one it knows
 *    and does nothing, so a copy that arrives within the five minutes changes nothing.
 *
 * 410 says "never again"; any other answer is a failure, and the call is repeated with growing pauses, for some hours. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "solver/api/notify/cloudevents.h"
#include "solver/api/notify/callbacks.h"
#include "solver/base/clock.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/base/pause.h"
#include "solver/crypto/crypto.h"

#define ATTEMPTS_MAX 30
#define PAUSE_FIRST_MS 1000
#define PAUSE_MAX_MS 600000
#define CALLBACK_TIMEOUT_MS 10000

struct delivery {
	struct callbacks *owner;
	char order_id[ID_SIZE];
	char *url, *secret, *body;
	unsigned attempts;
	struct timer *timer;
	struct http_call *call;
	UT_hash_handle hh;
};

struct callbacks {
	struct api *api;
	struct engine_listener *listener;
	struct delivery *deliveries;
};

char *callback_signature(const char *secret, const char *timestamp, const char *body)
{
	unsigned char mac[SHA256_SIZE];
	char *text = mem_printf("%s.%s", timestamp, body), *hex, *signature;

	crypto_hmac_sha256(secret, strlen(secret), text, strlen(text), mac);
	hex = crypto_hex(mac, sizeof(mac));
	signature = mem_printf("v1=%s", hex);
	free(hex);
	free(text);
	return signature;
}

static void delivery_free(struct delivery *d)
{
	HASH_DEL(d->owner->deliveries, d);
	timer_stop(d->timer);
	http_cancel(d->call);
	free(d->url);
	free(d->secret);
	free(d->body);
	free(d);
}

/* `next_ms`: when it is tried again; 0: never. */
static void note(struct delivery *d, int status, const char *error, int64_t next_ms)
{
	char at[CLOCK_TEXT_SIZE], next[CLOCK_TEXT_SIZE];
	json_t *result = json_pack("{si so so sb ss so}", "attempts", (int)d->attempts, "status",
	                           status ? json_integer(status) : json_null(), "error", error ? json_string(error) : json_null(),
	                           "delivered", !error, "at", clock_text(clock_wall_ms(), at), "next",
	                           next_ms ? json_string(clock_text(next_ms, next)) : json_null());
	char *text = json_dumps(result, JSON_COMPACT);

	engine_order_announced(d->owner->api->parts.engine, d->order_id, text, !next_ms);
	log_event(error ? LOG_WARNING : LOG_INFO, !error ? "callback delivered" : next_ms ? "callback failed, will be repeated" : "callback given up",
	          "order", d->order_id, "error", error, NULL);
	free(text);
	json_decref(result);
}

static void attempt(void *arg);

static void settle(struct delivery *d, int status, const char *error)
{
	int64_t pause_ms = pause_doubled(PAUSE_FIRST_MS, PAUSE_MAX_MS, d->attempts - 1);

	if (!error || d->attempts >= ATTEMPTS_MAX || status == 410) {
		note(d, status, error, 0);
		delivery_free(d);
		return;
	}
	note(d, status, error, clock_wall_ms() + pause_ms);
	d->timer = timer_start(d->owner->api->parts.loop, pause_ms, attempt, d);
}

static void on_reply(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct delivery *d = arg;
	char sentence[64];

	d->call = NULL;
	if (!reply) {
		settle(d, 0, err->text);
		return;
	}
	snprintf(sentence, sizeof(sentence), "the receiver answered %d", reply->status);
	settle(d, reply->status, reply->status / 100 == 2 ? NULL : sentence);
}

static const struct secret *secret_named(const struct api *a, const char *name)
{
	for (size_t i = 0; name && i < a->config->callback_secret_count; i++)
		if (strcmp(a->config->callback_secrets[i].name, name) == 0)
			return a->config->callback_secrets[i].secret;
	return NULL;
}

int callback_post(struct api *a, const struct callback_message *message, void (*done)(const struct http_reply *reply, const struct err *err, void *arg),
                  void *arg, struct http_call **ret_call, struct err *err)
{
	const struct secret *secret = secret_named(a, message->secret);
	CLEANUP(mem_freep) char *at = mem_printf("%lld", (long long)(clock_wall_ms() / 1000));
	CLEANUP(mem_freep) char *signature = secret ? callback_signature(secret_reveal(secret), at, message->body) : NULL;
	CLEANUP(mem_freep) char *at_line = mem_printf("Dcvd-Timestamp: %s", at);
	CLEANUP(mem_freep) char *signature_line = mem_printf("Dcvd-Signature: %s", signature ? signature : "");
	const char *const headers[] = { "Content-Type: " CLOUDEVENTS_TYPE, at_line, signature_line, NULL };
	const struct http_request request = { .method = "POST", .url = message->url, .headers = headers, .body = message->body,
		                              .body_length = strlen(message->body), .max_reply = 4096, .cut_at_max = true,
		                              .may_connect = a->parts.may_connect, .timeout_ms = CALLBACK_TIMEOUT_MS };

	if (!secret)
		return err_set(err, ERR_NOT_FOUND, "the configuration has no such callback secret any more");
	if (!callback_is_allowed(a, message->secret, message->url))
		return err_set(err, ERR_DENIED, "the configuration allows no call of this URL with this secret (callbacks:)");
	return http_start(a->parts.http, &request, done, arg, ret_call, err);
}

static void attempt(void *arg)
{
	struct delivery *d = arg;
	struct err err;

	d->timer = NULL;
	d->attempts++;
	if (callback_post(d->owner->api, &(struct callback_message){ d->url, d->secret, d->body }, on_reply, d, &d->call, &err) < 0)
		settle(d, err.code == ERR_DENIED ? 410 : 0, err.text);
}

static char *body_of(struct engine *e, const struct order *o, enum order_state state)
{
	json_t *event = cloudevent_order(e, o, state);
	char *text = json_dumps(event, JSON_COMPACT);

	json_decref(event);
	return text;
}

/* Those of before a restart. */
static unsigned attempts_so_far(const struct order *o)
{
	json_t *result = o->callback_result ? json_loads(o->callback_result, 0, NULL) : NULL;
	json_int_t count = json_integer_value(json_object_get(result, "attempts"));

	json_decref(result);
	return count > 0 && count < ATTEMPTS_MAX ? (unsigned)count : 0;
}

static void start(struct callbacks *c, const struct order *o, enum order_state state)
{
	struct delivery *d = mem_new(1, sizeof(*d));

	d->owner = c;
	memcpy(d->order_id, o->id, ID_SIZE);
	HASH_ADD_STR(c->deliveries, order_id, d);
	d->url = mem_dup(o->callback_url);
	d->secret = mem_dup(o->callback_secret);
	d->body = body_of(c->api->parts.engine, o, state);
	d->attempts = attempts_so_far(o);
	attempt(d);
}

static void consider(struct callbacks *c, const char *order_id)
{
	struct engine *e = c->api->parts.engine;
	const struct order *o = engine_order(e, order_id);
	enum order_state state;
	struct delivery *d;

	if (!o || !o->callback_url || o->announced)
		return;
	HASH_FIND_STR(c->deliveries, order_id, d);
	state = d ? ORDER_PENDING : engine_order_state(e, order_id);
	if (state == ORDER_READY || state == ORDER_FAILED)
		start(c, o, state);
}

struct moved {
	struct callbacks *callbacks;
	bool settles; /* the challenge came to a state that may be the end of an order */
};

/* An order that shares a challenge may end alone: its deadline passes while the challenge goes on. */
static void consider_order(const struct order *o, bool holds, void *arg)
{
	const struct moved *m = arg;

	(void)holds;
	if (m->settles || o->share)
		consider(m->callbacks, o->id);
}

static void on_event(const struct challenge *c, const struct challenge_event *event, void *arg)
{
	struct callbacks *all = arg;
	struct moved m = { all, event->state >= CHALLENGE_READY };

	engine_each_order(all->api->parts.engine, c->id, consider_order, &m);
}

struct callbacks *callbacks_new(struct api *a)
{
	struct callbacks *c = mem_new(1, sizeof(*c));

	c->api = a;
	c->listener = engine_listen(a->parts.engine, NULL, on_event, c);
	return c;
}

static void resume_one(const struct challenge *challenge, void *arg)
{
	struct callbacks *all = arg;
	struct moved m = { all, challenge->state >= CHALLENGE_READY };

	engine_each_order(all->api->parts.engine, challenge->id, consider_order, &m);
}

void callbacks_resume(struct callbacks *c)
{
	engine_list(c->api->parts.engine, NULL, NULL, SIZE_MAX, resume_one, c);
}

void callbacks_free(struct callbacks *c)
{
	struct delivery *d, *next;

	if (!c)
		return;
	engine_unlisten(c->listener);
	HASH_ITER(hh, c->deliveries, d, next)
		delivery_free(d);
	free(c);
}
