/* The table of commands. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/cli/cli.h"
#include "solver/cli/cps/cps.h"
#include "solver/cli/hook/hook.h"

static const struct cli_command commands[] = {
	{ "serve", cli_serve, "[--config FILE]", "run the service in the foreground" },
	{ "check", cli_check, "DOMAIN", "look now: would an authority be content, and if not, why" },
	{ "present", cli_present, "DOMAIN --value V", "publish the answer to a challenge" },
	{ "cleanup", cli_cleanup, "ID|DOMAIN…", "withdraw challenges or orders" },
	{ "forget", cli_forget, "ID…", "give up a withdrawal that cannot succeed" },
	{ "solve", cli_solve, "DOMAIN … -- COMMAND", "present, wait until ready, run a command, withdraw" },
	{ "list", cli_list, "", "challenges, newest first" },
	{ "describe", cli_describe, "ID", "everything about a challenge or an order" },
	{ "cps", cli_cps, "list|show|create|validate|ack|…", "Akamai CPS enrollments" },
	{ "delegate", cli_delegate, "IDENTIFIER|bind|list|unbind", "where the CNAME of a domain must point" },
	{ "client", cli_client, "add|set|list|show|rotate|revoke", "who may use the API, and for which names" },
	{ "acme-dns", cli_acme_dns, "import|list|remove", "accounts of acme-dns clients" },
	{ "hook", cli_hook, "certbot|dehydrated|uacme|lego-exec VERB", "the hook of another ACME client" },
	{ "audit", cli_audit, "list|verify|head|key|export", "who did what to which name" },
	{ "journal", cli_journal, "check|accept", "is the journal what was written, and go on if it is not" },
	{ "providers", cli_providers, "[NAME]", "what can publish DNS records, and the options of each" },
	{ "config", cli_config, "check|dump|example", "the configuration" },
	{ "version", cli_version, "", "version and libraries" },
	{ NULL },
};

/* A client that calls a program without arguments is given a link: "dcvd-hook-uacme" is "dcvd hook uacme". */
static int run_hook(const char *client, int argc, char **argv)
{
	char **words = mem_new((size_t)argc + 2, sizeof(*words));
	int status;

	words[0] = mem_dup("hook");
	words[1] = mem_dup(client);
	memcpy(words + 2, argv + 1, (size_t)argc * sizeof(*argv)); /* with the NULL behind the last */
	status = cli_hook(argc + 1, words);
	free(words[0]);
	free(words[1]);
	free(words);
	return status;
}

int main(int argc, char **argv)
{
	static char check[] = "check", version[] = "version";
	static const char hook[] = "dcvd-hook-";
	const char *slash = strrchr(argv[0], '/'), *name = slash ? slash + 1 : argv[0];

	if (strncmp(name, hook, strlen(hook)) == 0)
		return run_hook(name + strlen(hook), argc, argv);

	if (argc > 1 && strcmp(argv[1], "--check") == 0)
		argv[1] = check;
	else if (argc > 1 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0))
		argv[1] = version;
	return cli_dispatch(commands, NULL, argc, argv);
}
