#include <stdio.h>

#include "solver/cli/cli.h"

static void show(const json_t *c)
{
	const char *state = json_text(c, "state");
	bool dns = json_object_get(c, "value") != NULL;

	printf("%s  %s%s%s  %s  %s\n", json_text(c, "id"), state_colour(state), state, colour_end(), json_text(c, "type"),
	       json_text(c, "domain"));
	if (dns)
		printf("  %s TXT \"%s\"\n", *json_text(c, "fqdn") ? json_text(c, "fqdn") : "_acme-challenge", json_text(c, "value"));
	else
		printf("  %s\n", json_text(c, "url"));
}

int cli_present(int argc, char **argv)
{
	struct cli_service s = { 0 };
	struct cli_challenge c = { 0 };
	const char *timeout = NULL;
	bool no_wait = false;
	const struct cli_option options[] = { CLI_CHALLENGE_OPTIONS(&c),
		{ "no-wait", CLI_FLAG, &no_wait, NULL, "return as soon as it is journalled" },
		{ "timeout", CLI_TEXT, &timeout, "TIME", "stop waiting after that; it stays presented" },
		CLI_SERVICE_OPTIONS(&s), { NULL } };
	json_t *challenge = NULL;
	int count, status = cli_parse("present DOMAIN --value V | --key-authorization K [--token T]",
	                              "Publishes the answer to a challenge and waits until an authority would see it.", options, argc, argv,
	                              &argv, &count);

	if (status)
		return status - 1;
	if (count != 1)
		return cli_usage_error("present", "give one domain");
	c.domain = argv[0];
	cli_watch_interrupt();
	status = challenge_present(&s, &c, &challenge);
	if (status == EXIT_DONE && !no_wait)
		status = challenge_follow(&s, timeout, &challenge);
	if (challenge && s.json)
		print_json(challenge);
	else if (challenge)
		show(challenge);
	json_decref(challenge);
	return status;
}
