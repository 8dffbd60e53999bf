#include "solver/daemon/alone.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "solver/base/clock.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/daemon/parts.h"
#include "solver/daemon/schema.h"

#define CLIENT_NAME "standalone"
#define LOCK_WAIT_MS 30000
#define LOCK_PAUSE_MS 50
#define TURN_MS 1000 /* the longest time between two looks of alone_run() */

struct alone {
	struct config *config;
	struct parts parts;
	struct engine_listener *listener;
	int moved; /* something happened: time for a look */
};

static void on_event(const struct challenge *c, const struct challenge_event *event, void *arg)
{
	struct alone *a = arg;

	(void)c, (void)event;
	a->moved = 1;
}

/* ---- opening ---- */

static int open_waiting(struct alone *a, struct err *err)
{
	const struct timespec pause = { 0, LOCK_PAUSE_MS * 1000000L };
	int64_t start = clock_monotonic_ms();

	while (parts_open(&a->parts, a->config, PARTS_ON_DISK, err) < 0) {
		if (err->code != ERR_BUSY || clock_monotonic_ms() - start > LOCK_WAIT_MS)
			return err->code;
		parts_close(&a->parts);
		a->parts = (struct parts){ 0 };
		nanosleep(&pause, NULL);
	}
	return 0;
}

int alone_open(const struct daemon_options *options, struct alone **ret, struct err *err)
{
	struct alone *a;
	struct config *config;

	if (config_read(options->config_file, options->overrides, schema_provider_table, &config, err) < 0)
		return err->code;
	log_setup(LOG_ERROR, LOG_TEXT);
	a = mem_new(1, sizeof(*a));
	a->config = config;
	if (open_waiting(a, err) < 0) {
		alone_close(a);
		return err->code;
	}
	a->listener = engine_listen(a->parts.engine, NULL, on_event, a);
	*ret = a;
	return 0;
}

void alone_close(struct alone *a)
{
	if (!a)
		return;
	engine_unlisten(a->listener);
	parts_close(&a->parts);
	config_free(a->config);
	free(a);
}

struct engine *alone_engine(struct alone *a)
{
	return a->parts.engine;
}

int64_t alone_settled_ms(struct alone *a)
{
	return loop_settled_ms(a->parts.loop);
}

/* ---- what can work without a service ---- */

static int check_one(const struct config *c, const struct challenge_request *r, struct err *err)
{
	const struct config_route *route = config_route(c, r->type, r->domain);
	bool dns = r->type != CHALLENGE_HTTP01;

	if (dns && (route ? strcmp(route->provider, "embedded") == 0 : c->route_count == 0))
		return err_set(err, ERR_UNSUPPORTED, "%s: the embedded DNS server answers only while \"dcvd serve\" runs; route the name to another provider, or leave standalone out",
		               r->domain);
	if (!dns && (route ? route->publish == ROUTE_RESPONDER : c->route_count == 0))
		return err_set(err, ERR_UNSUPPORTED, "%s: the HTTP-01 responder answers only while \"dcvd serve\" runs; route the name to the folder of a web server, or leave standalone out",
		               r->domain);
	return 0;
}

/* ---- presenting and releasing ---- */

struct answer {
	char order_id[ID_SIZE];
	struct err err;
};

static void on_submitted(const char *order_id, bool existed, const struct err *err, void *arg)
{
	struct answer *answer = arg;

	(void)existed;
	answer->err = *err;
	if (order_id)
		memcpy(answer->order_id, order_id, ID_SIZE);
}

static void on_released(const struct err *err, void *arg)
{
	struct answer *answer = arg;

	if (err)
		answer->err = *err;
}

static int await_journal(struct alone *a, const struct answer *answer, struct err *err)
{
	store_drain(a->parts.store);
	if (answer->err.code)
		*err = answer->err;
	return answer->err.code;
}

int alone_submit(struct alone *a, struct order_request *request, char ret_order_id[ID_SIZE], struct err *err)
{
	struct answer answer = { 0 };

	for (size_t i = 0; i < request->count; i++)
		if (check_one(a->config, &request->challenges[i], err) < 0)
			return err->code;
	request->client = CLIENT_NAME;
	if (engine_submit(a->parts.engine, request, on_submitted, &answer, err) < 0 || await_journal(a, &answer, err) < 0)
		return err->code;
	memcpy(ret_order_id, answer.order_id, ID_SIZE);
	return 0;
}

int alone_release(struct alone *a, const char *challenge_id, struct err *err)
{
	struct answer answer = { 0 };

	if (engine_release_challenge(a->parts.engine, challenge_id, on_released, &answer, err) < 0)
		return err->code;
	return await_journal(a, &answer, err);
}

bool alone_run(struct alone *a, bool (*is_over)(struct engine *e, void *arg), void *arg, int64_t limit_ms)
{
	int64_t start = clock_monotonic_ms();

	while (!is_over(a->parts.engine, arg)) {
		if (clock_monotonic_ms() - start >= limit_ms)
			return false;
		a->moved = 0;
		loop_run_until(a->parts.loop, &a->moved, TURN_MS);
	}
	return true;
}
