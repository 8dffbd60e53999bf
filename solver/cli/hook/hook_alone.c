/* Hooks without a service: the engine works in this process, and the journal carries what is published from one
 * call of the hook to the next. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/api/common/fields.h"
#include "solver/base/mem.h"
#include "solver/cli/common/waiting.h"
#include "solver/cli/hook/hook.h"
#include "solver/daemon/alone.h"

#define SETTLE_MS (31LL * 24 * 3600 * 1000) /* the deadline of the challenge ends it long before */
#define FINISH_MS 60000

static int say(const struct hook *h, const struct err *err)
{
	hook_complain(h, "%s", err->text);
	return err->code == ERR_INVALID ? EXIT_USAGE : err->code == ERR_BUSY || err->code == ERR_IO ? EXIT_REACH : EXIT_REFUSED;
}

static int open_engine(struct hook *h)
{
	CLEANUP(mem_freep) char *state = h->service.state ? mem_printf("state-dir=%s", h->service.state) : NULL;
	const char *overrides[CLI_LIST_MAX + 2] = { NULL };
	struct err err;

	if (h->alone)
		return EXIT_DONE;
	memcpy(overrides, h->overrides.items, h->overrides.count * sizeof(*overrides));
	overrides[h->overrides.count] = state;
	const struct daemon_options options = { h->service.config, overrides };
	return alone_open(&options, &h->alone, &err) < 0 ? say(h, &err) : EXIT_DONE;
}

static void close_engine(struct hook *h)
{
	alone_close(h->alone);
	h->alone = NULL;
}

/* ---- challenges, as the API would show them ---- */

static json_t *text(const char *t)
{
	return t ? json_string(t) : json_null();
}

static json_t *challenge_of(const struct challenge *c)
{
	return json_pack("{ss ss ss ss so so so so}", "id", c->id, "state", challenge_state_name(c->state), "type", challenge_type_name(c->type),
	                 "domain", c->identifier, "value", text(c->value), "token", text(c->token), "reason", text(c->reason),
	                 "waiting_for", text(c->waiting_for));
}

static void add(const struct challenge *c, void *arg)
{
	json_array_append_new(arg, challenge_of(c));
}

/* ---- submit ---- */

static int read_times(struct hook *h, struct order_request *r)
{
	struct err err;

	if ((h->deadline && duration_read(h->deadline, &r->deadline_ms, &err) < 0) || duration_read(h->lifetime, &r->lifetime_ms, &err) < 0)
		return say(h, &err);
	return EXIT_DONE;
}

static struct challenge_request request_of(const struct hook_item *item)
{
	if (item->token)
		return (struct challenge_request){ .type = CHALLENGE_HTTP01, .domain = item->domain, .token = item->token, .key_authorization = item->proof };
	return (struct challenge_request){ .type = CHALLENGE_DNS01, .domain = item->domain, .value = item->proof, .record_name = item->record_name };
}

static int submit_order(struct hook *h, struct order_request *r, json_t **ret)
{
	char order_id[ID_SIZE];
	const struct challenge **list;
	struct err err;
	size_t count;

	if (alone_submit(h->alone, r, order_id, &err) < 0)
		return say(h, &err);
	count = engine_order_challenges(alone_engine(h->alone), order_id, &list);
	*ret = json_array();
	for (size_t i = 0; i < count; i++)
		add(list[i], *ret);
	free(list);
	return EXIT_DONE;
}

static int submit(struct hook *h, const struct hook_item *items, size_t count, json_t **ret)
{
	CLEANUP(mem_freep) void *memory = mem_new(count, sizeof(struct challenge_request));
	struct challenge_request *challenges = memory;
	struct order_request r = { .challenges = challenges, .count = count, .label = h->client };
	int status = read_times(h, &r);

	for (size_t i = 0; i < count; i++)
		challenges[i] = request_of(&items[i]);
	if (status == EXIT_DONE)
		status = open_engine(h);
	return status == EXIT_DONE ? submit_order(h, &r, ret) : status;
}

static int list(struct hook *h, const char *domain, json_t **ret)
{
	char identifier[NAME_SIZE];
	bool wildcard;
	struct err err;
	int status = open_engine(h);

	if (status != EXIT_DONE)
		return status;
	if (name_identifier(domain, identifier, &wildcard, &err) < 0)
		return say(h, &err);
	const struct challenge_filter filter = { .domain = identifier, .state = -1, .type = -1 };
	*ret = json_array();
	engine_list(alone_engine(h->alone), &filter, NULL, 1000, add, *ret);
	return EXIT_DONE;
}

/* ---- waiting ---- */

static bool is_settled(struct engine *e, void *arg)
{
	const struct challenge *c = engine_challenge(e, arg);

	return cli_interrupted || !c || c->state >= CHALLENGE_READY;
}

/* In slices, so that it is told what is waited for. */
static void run_until_settled(struct hook *h, char *id)
{
	struct waiting waiting = { 0 };

	for (int64_t left = SETTLE_MS; left > 0 && !alone_run(h->alone, is_settled, id, WAITING_SLICE_MS); left -= WAITING_SLICE_MS) {
		const struct challenge *c = engine_challenge(alone_engine(h->alone), id);
		json_t *now = c ? challenge_of(c) : json_object();
		CLEANUP(mem_freep) char *waits = challenge_waits(now);

		waiting_for(&waiting, waits);
		json_decref(now);
	}
	waiting_done(&waiting);
}

static int settle(struct hook *h, const char *id, json_t **ret)
{
	char copy[ID_SIZE];
	const struct challenge *c;

	snprintf(copy, sizeof(copy), "%s", id);
	run_until_settled(h, copy);
	c = engine_challenge(alone_engine(h->alone), id);
	if (!c)
		return hook_complain(h, "the challenge %s is forgotten", id);
	*ret = challenge_of(c);
	return EXIT_DONE;
}

static int release(struct hook *h, const char *id)
{
	struct err err;

	return alone_release(h->alone, id, &err) < 0 ? say(h, &err) : EXIT_DONE;
}

struct withdrawing {
	struct hook *h;
	size_t count;
};

/* Includes challenges of a client that was killed whose lifetime is over: their timers fire soon. */
static void count_withdrawing(const struct challenge *c, void *arg)
{
	struct withdrawing *w = arg;
	bool expired = c->state == CHALLENGE_READY && c->expires_ms && c->expires_ms <= alone_settled_ms(w->h->alone);

	w->count += c->state == CHALLENGE_WITHDRAWING || expired;
}

static bool nothing_withdraws(struct engine *e, void *arg)
{
	struct withdrawing *w = arg;

	w->count = 0;
	engine_list(e, NULL, NULL, SIZE_MAX, count_withdrawing, w);
	return cli_interrupted || w->count == 0;
}

static int finish(struct hook *h)
{
	struct withdrawing w = { .h = h };

	if (!h->alone || alone_run(h->alone, nothing_withdraws, &w, FINISH_MS))
		return EXIT_DONE;
	return hook_complain(h, "%zu challenges are not withdrawn yet; the next hook continues", w.count);
}

const struct hook_backend hook_alone = { open_engine, submit, list, settle, release, finish, close_engine };
