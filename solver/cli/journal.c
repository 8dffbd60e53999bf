/* dcvd journal: checks a damaged journal, or accepts it. The service must not run. */
#include <stdio.h>

#include "solver/api/audit/audit_chain.h"
#include "solver/base/mem.h"
#include "solver/cli/cli.h"
#include "solver/store/store.h"

static int exit_status(int code)
{
	switch (code) {
	case ERR_DAMAGED:
		return EXIT_DAMAGED;
	case ERR_BUSY:
		return EXIT_REACH;
	case ERR_NOT_FOUND:
		return EXIT_USAGE; /* another folder was meant */
	default:
		return EXIT_REFUSED;
	}
}

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
	return exit_status(err.code);
}

static int verify_audit(const char *folder, struct err *err)
{
	struct store *copy = NULL;
	struct err old;
	int code = store_open_copy(folder, &copy, err);

	if (code < 0)
		return code;
	code = audit_chain_verify(copy, err);
	store_close(copy);
	if (code != ERR_CONFLICT)
		return code;
	err_in(err, "%s/journal.db: the audit log is broken", folder);
	old = *err;
	return err_set(err, ERR_DAMAGED, "%.300s. All else is whole and dcvd starts; what the log says from there on proves nothing. "
	               "For the log as it was, put a backup of the whole folder in its place", old.text);
}

static int check(const char *folder, struct err *err)
{
	int code = store_check_sqlite(folder, err);

	return code < 0 ? code : verify_audit(folder, err);
}

static int journal_check(int argc, char **argv)
{
	return run("journal check", "Reads all of the journal and the chain of its audit log, and says whether they are what was written: 0, or 4 and what is\n"
	           "wrong, or 2 when there is no journal. Nothing is written.",
	           check, "is whole", argc, argv);
}

static int journal_accept(int argc, char **argv)
{
	return run("journal accept",
	           "Goes on with a damaged journal: accepts the rows that can be read as correct; missing rows stay lost. Records that only\n"
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
