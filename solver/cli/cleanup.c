#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/cli/cli.h"

/* The order for which a challenge stays published, or NULL. */
static const char *holder_of(const json_t *reply)
{
	const char *state = json_text(reply, "state");

	return strcmp(state, "withdrawing") == 0 || strcmp(state, "gone") == 0 ? NULL : json_string_value(json_array_get(json_object_get(reply, "orders"), 0));
}

static int withdraw(const struct cli_service *s, const char *id)
{
	CLEANUP(mem_freep) char *escaped = url_escape(id);
	CLEANUP(mem_freep) char *path = mem_printf("/v1/%s/%s", strncmp(id, "or_", 3) == 0 ? "orders" : "challenges", escaped);
	json_t *reply = NULL;
	int status = service_call(s, "DELETE", path, NULL, NULL, &reply);

	if (status == EXIT_DONE && s->json)
		print_json(reply);
	else if (status == EXIT_DONE)
		printf("%s  %s%s%s\n", id, json_text(reply, "state"), holder_of(reply) ? ", needed by order " : "", holder_of(reply) ? holder_of(reply) : "");
	json_decref(reply);
	return status;
}

static bool is_live(const json_t *c)
{
	const char *state = json_text(c, "state");

	return strcmp(state, "gone") != 0 && strcmp(state, "failed") != 0;
}

/* Every live challenge of a domain, or those with the value or token. */
static int withdraw_domain(const struct cli_service *s, const char *domain, const char *value, const char *token, size_t *ret_count)
{
	CLEANUP(mem_freep) char *escaped = url_escape(domain);
	CLEANUP(mem_freep) char *path = mem_printf("/v1/challenges?limit=1000&domain=%s", escaped);
	json_t *page = NULL, *c;
	int status = service_call(s, "GET", path, NULL, NULL, &page), one;
	size_t i;

	json_array_foreach(json_object_get(page, "challenges"), i, c) {
		if (!is_live(c) || (value && strcmp(json_text(c, "value"), value) != 0) || (token && strcmp(json_text(c, "token"), token) != 0))
			continue;
		++*ret_count;
		one = withdraw(s, json_text(c, "id"));
		status = one > status ? one : status;
	}
	json_decref(page);
	return status;
}

int cli_cleanup(int argc, char **argv)
{
	struct cli_service s = { 0 };
	const char *value = NULL, *token = NULL;
	const struct cli_option options[] = { { "value", CLI_TEXT, &value, "VALUE", "of the domain only the one with this TXT value" },
		{ "token", CLI_TEXT, &token, "TOKEN", "of the domain only the one with this token" }, CLI_SERVICE_OPTIONS(&s), { NULL } };
	int count, one, status = cli_parse("cleanup ID|DOMAIN…", "Withdraws challenges (ch_…), orders (or_…), or all challenges of a domain. What is gone already is fine.",
	                                   options, argc, argv, &argv, &count);
	size_t found = 0;

	if (status)
		return status - 1;
	if (count < 1)
		return cli_usage_error("cleanup", "give an id or a domain");
	for (int i = 0; i < count; i++) {
		bool id = strncmp(argv[i], "ch_", 3) == 0 || strncmp(argv[i], "or_", 3) == 0;

		one = id ? withdraw(&s, argv[i]) : withdraw_domain(&s, argv[i], value, token, &found);
		if (!id && one == EXIT_DONE && !found && !s.json)
			printf("%s has no live challenge\n", argv[i]);
		status = one > status ? one : status;
	}
	return status;
}
