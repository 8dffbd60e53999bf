/* Hooks that talk to the service. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "solver/base/mem.h"
#include "solver/cli/common/waiting.h"
#include "solver/cli/hook/hook.h"

#define PAUSE_MAX_S 16

static int open_nothing(struct hook *h)
{
	(void)h;
	return EXIT_DONE;
}

static void close_nothing(struct hook *h)
{
	(void)h;
}

static json_t *item_json(const struct hook_item *item)
{
	if (item->token)
		return json_pack("{ss ss ss ss}", "type", item->type, "domain", item->domain, "token", item->token, "key_authorization", item->proof);
	return json_pack("{ss ss ss ss*}", "type", item->type, "domain", item->domain, "value", item->proof, "record_name", item->record_name);
}

static int submit(struct hook *h, const struct hook_item *items, size_t count, json_t **ret)
{
	json_t *list = json_array(), *order = NULL, *body;
	int status;

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, item_json(&items[i]));
	body = json_pack("{so ss ss}", "challenges", list, "label", h->client, "lifetime", h->lifetime);
	if (h->deadline)
		json_object_set_new(body, "deadline", json_string(h->deadline));
	status = service_call(&h->service, "POST", "/v1/orders", body, NULL, &order);
	if (status == EXIT_DONE)
		*ret = json_incref(json_object_get(order, "challenges"));
	json_decref(order);
	return status;
}

static int list(struct hook *h, const char *domain, json_t **ret)
{
	CLEANUP(mem_freep) char *escaped = url_escape(domain);
	CLEANUP(mem_freep) char *path = mem_printf("/v1/challenges?limit=1000&domain=%s", escaped);
	json_t *page = NULL;
	int status = service_call(&h->service, "GET", path, NULL, NULL, &page);

	if (status == EXIT_DONE)
		*ret = json_incref(json_object_get(page, "challenges"));
	json_decref(page);
	return status;
}

static bool is_under_way(const json_t *c)
{
	const char *state = json_text(c, "state");

	return strcmp(state, "queued") == 0 || strcmp(state, "publishing") == 0 || strcmp(state, "propagating") == 0;
}

/* The service may be started anew while a client waits; its journal knows the challenge all the same. */
static int look(struct hook *h, const char *path, json_t **ret)
{
	struct timespec pause = { 1, 0 };
	int status;

	for (; pause.tv_sec <= PAUSE_MAX_S; pause.tv_sec *= 2) {
		status = service_call(&h->service, "GET", path, NULL, NULL, ret);
		if (status != EXIT_REACH || cli_interrupted)
			return status;
		nanosleep(&pause, NULL);
	}
	return status;
}

static int settle(struct hook *h, const char *id, json_t **ret)
{
	CLEANUP(mem_freep) char *path = mem_printf("/v1/challenges/%s?wait=ready&timeout=1s", id);
	struct waiting waiting = { 0 };
	json_t *now = NULL;
	int status;

	do {
		json_decref(now);
		now = NULL;
		status = look(h, path, &now);
		if (status == EXIT_DONE && is_under_way(now)) {
			CLEANUP(mem_freep) char *waits = challenge_waits(now);

			waiting_for(&waiting, waits);
		}
	} while (status == EXIT_DONE && is_under_way(now) && !cli_interrupted);
	waiting_done(&waiting);
	*ret = now;
	return status;
}

static int release(struct hook *h, const char *id)
{
	CLEANUP(mem_freep) char *path = mem_printf("/v1/challenges/%s", id);

	return service_call(&h->service, "DELETE", path, NULL, NULL, NULL);
}

const struct hook_backend hook_service = { open_nothing, submit, list, settle, release, open_nothing, close_nothing };
