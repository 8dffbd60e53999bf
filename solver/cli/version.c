#include <stdio.h>
#include <curl/curl.h>
#include <jansson.h>

#include "solver/cli/cli.h"

int cli_version(int argc, char **argv)
{
	struct cli_service s = { 0 };
	const struct cli_option options[] = { { "json", CLI_FLAG, &s.json, NULL, "output for machines" }, { NULL } };
	int count, status = cli_parse("version", "Version of dcvd.", options, argc, argv, &argv, &count);

	if (status)
		return status - 1;
	if (s.json)
		printf("{\"version\":\"%s\"}\n", DCVD_VERSION);
	else
		printf("dcvd %s (%s, jansson %s)\n", DCVD_VERSION, curl_version(), jansson_version_str());
	return EXIT_DONE;
}
