/* certbot --manual-auth-hook "dcvd hook certbot auth" --manual-cleanup-hook "dcvd hook certbot cleanup".
 *
 * certbot calls once a challenge and tells the authority after the last. So each call only hands its challenge over,
 * and the last one (CERTBOT_REMAINING_CHALLENGES is 0) waits for all. Which those are is known by the names in
 * CERTBOT_ALL_DOMAINS: as many of the newest of a name as it is listed (apex and wildcard share one). The ids go
 * back through certbot, which hands the output of the auth hook to the cleanup hook. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/cli/hook/hook.h"

static const char *setting(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static int read_item(struct hook *h, struct hook_item *item)
{
	const char *token = setting("CERTBOT_TOKEN");

	item->domain = setting("CERTBOT_DOMAIN");
	if (!item->domain)
		item->domain = setting("CERTBOT_IDENTIFIER");
	item->proof = setting("CERTBOT_VALIDATION");
	if (!item->domain || !item->proof)
		return hook_complain(h, "CERTBOT_DOMAIN and CERTBOT_VALIDATION are not set; certbot calls this as a manual hook"), EXIT_USAGE;
	item->type = hook_type_of(token, item->proof);
	if (!item->type)
		return hook_complain(h, "%s: the validation is neither that of dns-01 nor that of http-01", item->domain);
	item->token = strcmp(item->type, "http-01") == 0 ? token : NULL;
	return hook_serves(h, item->type, item->domain) ? EXIT_DONE : EXIT_REFUSED;
}

static bool is_last(void)
{
	const char *remaining = setting("CERTBOT_REMAINING_CHALLENGES");

	return !remaining || strcmp(remaining, "0") == 0;
}

/* How often a name stands in a comma list, or 0 when it does not begin with it at `at` for the first time. */
static size_t times_listed(const char *list, const char *at, size_t length)
{
	size_t times = 0;

	for (const char *word = list; *word; word += strspn(word, ",")) {
		size_t n = strcspn(word, ",");

		if (n == length && strncmp(word, at, n) == 0) {
			if (word < at)
				return 0;
			times++;
		}
		word += n;
	}
	return times;
}

static int add_newest(struct hook *h, const char *domain, const char *type, size_t count, json_t *batch)
{
	json_t *all = NULL, *c;
	int status = h->backend->list(h, domain, &all);
	size_t i;

	json_array_foreach(all, i, c)
		if (count && strcmp(json_text(c, "type"), type) == 0 && count--)
			json_array_append(batch, c);
	json_decref(all);
	return status;
}

static int await_batch(struct hook *h, const char *type, json_t *own)
{
	const char *list = setting("CERTBOT_ALL_DOMAINS");
	json_t *batch = json_array();
	int status = EXIT_DONE;

	for (const char *at = list ? list : ""; *at && status == EXIT_DONE; at += strspn(at, ",")) {
		size_t length = strcspn(at, ","), times = times_listed(list, at, length);
		CLEANUP(mem_freep) char *domain = mem_printf("%.*s", (int)length, at);

		if (times)
			status = add_newest(h, domain, type, times, batch);
		at += length;
	}
	if (status == EXIT_DONE)
		status = hook_await(h, json_array_size(batch) ? batch : own);
	json_decref(batch);
	return status;
}

static int auth(struct hook *h)
{
	struct hook_item item;
	json_t *own = NULL;
	int status = read_item(h, &item);

	if (status == EXIT_DONE)
		status = hook_present(h, &item, 1, &own);
	if (status == EXIT_DONE) {
		printf("%s\n", json_text(json_array_get(own, 0), "id"));
		if (is_last())
			status = await_batch(h, item.type, own);
	}
	json_decref(own);
	return status;
}

static int cleanup(struct hook *h)
{
	struct hook_item item;
	int status = read_item(h, &item);

	if (status == EXIT_DONE)
		status = hook_release(h, &item, setting("CERTBOT_AUTH_OUTPUT"));
	return status == EXIT_DONE && is_last() ? h->backend->finish(h) : status;
}

int hook_certbot(struct hook *h, int argc, char **argv)
{
	int status;

	if (argc == 1 && strcmp(argv[0], "auth") == 0)
		status = auth(h);
	else if (argc == 1 && strcmp(argv[0], "cleanup") == 0)
		status = cleanup(h);
	else
		return cli_usage_error("hook certbot", "the verb is auth or cleanup");
	h->backend->close(h);
	return status;
}
