#include <stdio.h>
#include <stdlib.h>

#include "providers/registry.h"
#include "solver/base/mem.h"
#include "solver/cli/cli.h"
#include "solver/cli/config_running.h"
#include "solver/conf/config.h"
#include "solver/daemon/privileges.h"
#include "solver/daemon/refused.h"
#include "solver/daemon/schema.h"
#include "solver/daemon/verify.h"

#define OUTPUT_MAX (4 * 1024 * 1024)

/* With `mistakes` all of them are collected there. */
static int read_file(const struct daemon_options *from, struct buf *mistakes, struct config **ret)
{
	struct err err;

	if (config_read_all(from->config_file, from->overrides, schema_provider_table, mistakes, ret, &err) == 0)
		return EXIT_DONE;
	fprintf(stderr, "%s\n", err.text);
	return EXIT_USAGE;
}

/* The file that stands alone, or with --config. */
static int file_of(const char *command, int count, char **rest, const char *named, const char **ret)
{
	if (count > 1 || (count && named))
		return cli_usage_error(command, "give one file");
	*ret = count ? rest[0] : named;
	return EXIT_DONE;
}

static int check_file(const struct daemon_options *from)
{
	CLEANUP(buf_done) struct buf warnings = BUF_INIT(OUTPUT_MAX);
	CLEANUP(buf_done) struct buf mistakes = BUF_INIT(OUTPUT_MAX);
	struct config *config = NULL;
	int status = read_file(from, &mistakes, &config);

	if (status)
		return status;
	if (!mistakes.length)
		privileges_check_user(from, config, &mistakes, &warnings);
	verify_config(config, &mistakes);
	if (!mistakes.length) { /* otherwise parts of it are missing */
		config_warnings(config, &warnings);
		verify_advise(config, &warnings);
		refused_read(config, &warnings);
	}
	fprintf(stderr, "%s%s", buf_text(&mistakes), buf_text(&warnings));
	if (!mistakes.length)
		printf("%s is in order\n", config->file ? config->file : "the default configuration");
	config_free(config);
	return mistakes.length ? EXIT_USAGE : EXIT_DONE;
}

static int check(int argc, char **argv)
{
	struct cli_service service = { 0 };
	struct cli_list set = { 0 };
	bool running = false;
	const struct cli_option options[] = {
		{ "set", CLI_LIST, &set, "KEY=VALUE", "overrides one option" },
		{ "running", CLI_FLAG, &running, NULL, "asks the service whether it uses what its file says, and what waits for a reload or a restart" },
		CLI_SERVICE_OPTIONS(&service), { NULL } };
	const char *file;
	int count, status = cli_parse("config check [FILE]", "Says everything that is wrong with the configuration, what is unwise, and which records of the journal could not be "
	                              "written any more. It opens no listener and contacts no other host. With --running the service reads its file and compares.", options, argc, argv, &argv, &count);

	if (status)
		return status - 1;
	if ((status = file_of("config check", count, argv, service.config, &file)) != EXIT_DONE)
		return status;
	if (running && set.count)
		return cli_usage_error("config check", "--set is for a file, --running for what the service was started with");
	return running ? config_running(&service, file) : check_file(&(struct daemon_options){ file, set.items });
}

static int dump(int argc, char **argv)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT(OUTPUT_MAX);
	struct config *config = NULL;
	struct cli_list set = { 0 };
	const char *named = NULL, *file;
	const struct cli_option options[] = { { "config", CLI_TEXT, &named, "FILE", "the file; without one, the defaults" },
		{ "set", CLI_LIST, &set, "KEY=VALUE", "overrides one option" }, { NULL } };
	int count, status = cli_parse("config dump [FILE]", "The effective configuration, secrets as ***.", options, argc, argv, &argv, &count);

	if (status)
		return status - 1;
	if ((status = file_of("config dump", count, argv, named, &file)) != EXIT_DONE ||
	    (status = read_file(&(struct daemon_options){ file, set.items }, NULL, &config)) != EXIT_DONE)
		return status;
	config_dump(config, &out);
	fputs(buf_text(&out), stdout);
	config_free(config);
	return EXIT_DONE;
}

static int example(int argc, char **argv)
{
	const struct cli_option options[] = { { NULL } };
	CLEANUP(buf_done) struct buf out = BUF_INIT(OUTPUT_MAX);
	const char *types[64] = { NULL };
	size_t n = 0;
	int count, status = cli_parse("config example", "Every option with its default, commented; valid as it stands.", options, argc, argv, &argv, &count);

	if (status)
		return status - 1;
	for (const struct provider_api *const *p = provider_list(); *p && n + 1 < ARRAY_LEN(types); p++)
		types[n++] = (*p)->name;
	config_example(types, schema_provider_table, &out);
	fputs(buf_text(&out), stdout);
	return EXIT_DONE;
}

static const struct cli_command commands[] = {
	{ "check", check, "[FILE]", "report mistakes and unwise settings" },
	{ "dump", dump, "[FILE]", "the effective configuration" },
	{ "example", example, "", "every option, commented" },
	{ NULL },
};

int cli_config(int argc, char **argv)
{
	return cli_dispatch(commands, "config", argc, argv);
}
