/* dcvd serve: the service in the foreground. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/cli/cli.h"
#include "solver/daemon/daemon.h"

#define OVERRIDES_MAX 64
#define MISTAKES_MAX (1024 * 1024)

static void help(void)
{
	puts("dcvd serve [--config FILE] [--set KEY=VALUE]…\n"
	     "\n"
	     "Runs the service in the foreground: the HTTP-01 responder, the embedded DNS server and the API.\n"
	     "\n"
	     "  -c, --config FILE    configuration; without it every option has its default\n"
	     "  -s, --set KEY=VALUE  overrides one option: --set http.listen=127.0.0.1:8080\n"
	     "  -h, --help           this text\n"
	     "\n"
	     "Ends with 2 when the configuration is wrong, with 4 when the journal is damaged (see dcvd journal), with 1 when something else\n"
	     "keeps it from starting.\n"
	     "\n"
	     "SIGHUP reads the configuration again, SIGTERM ends it. `dcvd config example` shows every option.");
}

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
	static const struct option long_options[] = { { "config", required_argument, NULL, 'c' }, { "set", required_argument, NULL, 's' },
	                                              { "help", no_argument, NULL, 'h' }, { 0 } };
	const char *overrides[OVERRIDES_MAX + 1] = { NULL };
	struct daemon_options options = { .overrides = overrides };
	struct err err = { 0 };
	size_t count = 0;
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "c:s:h", long_options, NULL)) != -1) {
		if (c == 'c')
			options.config_file = optarg;
		else if (c == 's' && count < OVERRIDES_MAX)
			overrides[count++] = optarg;
		else if (c == 'h')
			return help(), 0;
		else
			return 2;
	}
	if (optind < argc) {
		fprintf(stderr, "dcvd serve: \"%s\" is not understood; see dcvd serve --help\n", argv[optind]);
		return 2;
	}
	if (daemon_run(&options, &err) == 0)
		return 0;
	tell(&options, &err);
	return err.code == ERR_INVALID ? EXIT_USAGE : err.code == ERR_DAMAGED ? EXIT_DAMAGED : EXIT_REFUSED;
}
