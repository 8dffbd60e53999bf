/* dcvd hook CLIENT VERB …: what the clients have in common. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/cli/hook/hook.h"

#define LIFETIME_DEFAULT "2h"
#define WORDS_MAX 64

static const struct client {
	const char *name;
	int (*run)(struct hook *h, int argc, char **argv);
} clients[] = {
	{ "certbot", hook_certbot },
	{ "dehydrated", hook_dehydrated },
	{ "uacme", hook_uacme },
	{ "lego-exec", hook_lego },
	{ "lego", hook_lego },
};

static bool env_is_on(const char *name)
{
	const char *value = getenv(name);

	return value && *value && strcmp(value, "0") != 0 && strcmp(value, "no") != 0;
}

/* Clients that call a program by its path alone say the rest in the environment. */
static void read_environment(struct hook *h)
{
	h->service.config = getenv("DCVD_CONFIG");
	h->types = getenv("DCVD_HOOK_TYPES");
	h->deadline = getenv("DCVD_HOOK_DEADLINE");
	h->lifetime = getenv("DCVD_HOOK_LIFETIME");
	h->standalone = env_is_on("DCVD_HOOK_STANDALONE");
	if (!h->lifetime)
		h->lifetime = LIFETIME_DEFAULT;
}

static bool is_flag(const char *word)
{
	return strchr(word, '=') || strcmp(word, "--standalone") == 0 || strcmp(word, "--json") == 0 || strcmp(word, "--help") == 0;
}

/* Options stand before the verb only: what follows belongs to the client, and a token may begin with "-". Returns
 * how many words of argv they and the client's name take. */
static int split(int argc, char **argv, char **ret_words, int *ret_count, const char **ret_client)
{
	int i = 1;

	*ret_client = NULL;
	ret_words[(*ret_count)++] = argv[0];
	for (; i < argc && *ret_count < WORDS_MAX; i++) {
		if (strncmp(argv[i], "--", 2) == 0) {
			ret_words[(*ret_count)++] = argv[i];
			if (!is_flag(argv[i]) && i + 1 < argc)
				ret_words[(*ret_count)++] = argv[++i];
		} else if (*ret_client) {
			break;
		} else {
			*ret_client = argv[i];
		}
	}
	return i;
}

static int parse(struct hook *h, int count, char **words)
{
	const struct cli_option options[] = {
		{ "standalone", CLI_FLAG, &h->standalone, NULL, "without a service: publish from here, by --config (also $DCVD_HOOK_STANDALONE=1)" },
		{ "types", CLI_TEXT, &h->types, "LIST", "serve only these challenge types, as dns-01,http-01 (also $DCVD_HOOK_TYPES)" },
		{ "deadline", CLI_TEXT, &h->deadline, "TIME", "ready by then, or failed (also $DCVD_HOOK_DEADLINE)" },
		{ "lifetime", CLI_TEXT, &h->lifetime, "TIME", "withdrawn after that also without a cleanup (2h; also $DCVD_HOOK_LIFETIME)" },
		{ "set", CLI_LIST, &h->overrides, "KEY=VALUE", "with --standalone: as for dcvd serve; repeatable" },
		CLI_SERVICE_OPTIONS(&h->service), { NULL } };
	char **rest;
	int left;

	return cli_parse("hook certbot auth|cleanup\n"
	                 "dcvd hook dehydrated VERB …\n"
	                 "dcvd hook uacme begin|done|failed TYPE IDENT TOKEN AUTH\n"
	                 "dcvd hook lego-exec present|cleanup FQDN VALUE | -- DOMAIN TOKEN KEYAUTH",
	                 "Hands the challenges of another ACME client to dcvd. Options stand before the verb; the configuration is\n"
	                 "also taken from $DCVD_CONFIG.", options, count, words, &rest, &left);
}

static const struct client *client_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(clients); i++)
		if (strcmp(clients[i].name, name) == 0)
			return &clients[i];
	return NULL;
}

int cli_hook(int argc, char **argv)
{
	struct hook h = { 0 };
	char *words[WORDS_MAX + 2];
	const struct client *client;
	int status, count = 0, used = split(argc, argv, words, &count, &h.client);

	read_environment(&h);
	status = parse(&h, count, words);
	if (status)
		return status - 1;
	if (!h.client)
		return cli_usage_error("hook", "give a client: certbot, dehydrated, uacme or lego-exec");
	client = client_named(h.client);
	if (!client)
		return cli_usage_error("hook", "there is no client \"%s\"; there are certbot, dehydrated, uacme and lego-exec", h.client);
	cli_watch_interrupt();
	h.backend = h.standalone ? &hook_alone : &hook_service;
	return client->run(&h, argc - used, argv + used);
}
