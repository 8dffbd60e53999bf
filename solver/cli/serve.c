/* dcvd serve: the service in the foreground. */
#include <stdio.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/cli/cli.h"
#include "solver/daemon/daemon.h"

#define MISTAKES_MAX (1024 * 1024)

static const char about[] =
	"Runs the service in the foreground: the HTTP-01 responder, the embedded DNS server and the API.\n"
	"\n"
	"SIGHUP reads the configuration again, SIGTERM ends it. `dcvd config example` shows every option. It ends with 4 when the\n"
	"journal is damaged (see dcvd journal), with 1 when something else than the configuration keeps it from starting.";

static void tell(const struct daemon_options *options, const struct err *err)
{
	CLEANUP(buf_done) struct buf all = BUF_INIT(MISTAKES_MAX);
	char *at = NULL;

	daemon_explain(options, err, &all);
	for (char *line = strtok_r(all.data, "\n", &at); line; line = strtok_r(NULL, "\n", &at))
		fprintf(stderr, "dcvd serve: %s\n", line);
}

int cli_serve(int argc, char **argv)
{
	struct daemon_options daemon = { 0 };
	struct cli_list set = { 0 };
	const struct cli_option options[] = {
		{ "config", CLI_TEXT, &daemon.config_file, "FILE", "configuration; without it every option has its default", 'c' },
		{ "set", CLI_LIST, &set, "KEY=VALUE", "overrides one option: --set http.listen=127.0.0.1:8080", 's' }, { NULL } };
	struct err err = { 0 };
	int count, status = cli_parse("serve [--config FILE] [--set KEY=VALUE]…", about, options, argc, argv, &argv, &count);

	if (status)
		return status - 1;
	if (count)
		return cli_usage_error("serve", "\"%s\" is not understood", argv[0]);
	daemon.overrides = set.items;
	if (daemon_run(&daemon, &err) == 0)
		return EXIT_DONE;
	tell(&daemon, &err);
	return err.code == ERR_INVALID ? EXIT_USAGE : err.code == ERR_DAMAGED ? EXIT_DAMAGED : EXIT_REFUSED;
}
