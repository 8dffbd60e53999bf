/* dcvd journal: what to do when the journal is not what was written. The service must not run. */
#include <stdio.h>

#include "solver/base/mem.h"
#include "solver/cli/cli.h"
#include "solver/store/store.h"

static int run(const char *command, const char *about, int (*fn)(const char *folder, struct err *err), const char *done, int argc, char **argv)
{
	struct cli_service s = { 0 };
	const struct cli_option options[] = {
		{ "config", CLI_TEXT, &s.config, "FILE", "configuration: where the service keeps its state" },
		{ "state", CLI_TEXT, &s.state, "DIR", "state folder, when it is not that of the configuration" }, { NULL } };
	CLEANUP(mem_freep) char *state = NULL;
	struct err err = { 0 };
	int count, status = cli_parse(command, about, options, argc, argv, &argv, &count);

	if (status)
		return status - 1;
	if (count)
		return cli_usage_error(command, "\"%s\" is not understood", argv[0]);
	state = service_state(&s);
	if (!state)
		return EXIT_USAGE;
	if (fn(state, &err) == 0) {
		printf("%s/journal.db %s\n", state, done);
		return EXIT_DONE;
	}
	fprintf(stderr, "dcvd: %s\n", err.text);
	return err.code == ERR_DAMAGED ? EXIT_DAMAGED : err.code == ERR_BUSY ? EXIT_REACH : EXIT_REFUSED;
}

static int journal_check(int argc, char **argv)
{
	return run("journal check", "Reads all of the journal and says whether it is what was written: 0, or 4 and what is wrong.",
	           store_check_sqlite, "is whole", argc, argv);
}

static int journal_accept(int argc, char **argv)
{
	return run("journal accept",
	           "Goes on with a damaged journal: what can be read is taken for what was written, what is missing stays missing. Records that only\n"
	           "the lost part knew of stay published, and what was withdrawn last may be published again: compare the zones with \"dcvd list\".\n"
	           "Copy the whole state folder first.",
	           store_accept_sqlite, "is taken as it is", argc, argv);
}

int cli_journal(int argc, char **argv)
{
	static const struct cli_command commands[] = {
		{ "check", journal_check, "[--state DIR]", "is it what was written" },
		{ "accept", journal_accept, "[--state DIR]", "go on with what can be read" },
		{ NULL },
	};

	return cli_dispatch(commands, "journal", argc, argv);
}
