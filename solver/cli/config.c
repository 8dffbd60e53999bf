#include <stdio.h>
#include <stdlib.h>

#include "providers/registry.h"
#include "solver/base/mem.h"
#include "solver/cli/cli.h"
#include "solver/conf/config.h"
#include "solver/daemon/privileges.h"
#include "solver/daemon/refused.h"
#include "solver/daemon/schema.h"
#include "solver/daemon/verify.h"

#define OUTPUT_MAX (4 * 1024 * 1024)

/* With `mistakes` all of them are collected there. `set` is used as long as *ret_from. */
static int read_file(const char *command, const char *about, int argc, char **argv, struct cli_list *set, struct daemon_options *ret_from, struct buf *mistakes,
                     struct config **ret)
{
	const char *file = NULL;
	const struct cli_option options[] = { { "config", CLI_TEXT, &file, "FILE", "the file; without one, the defaults" },
		{ "set", CLI_LIST, set, "KEY=VALUE", "overrides one option" }, { NULL } };
	CLEANUP(mem_freep) char *usage = mem_printf("%s [FILE]", command);
	struct err err;
	int count, status = cli_parse(usage, about, options, argc, argv, &argv, &count);

	if (status)
		return status;
	if (count > 1 || (count && file))
		return cli_usage_error(command, "give one file") + 1;
	*ret_from = (struct daemon_options){ count ? argv[0] : file, set->items };
	if (config_read_all(ret_from->config_file, set->items, schema_provider_table, mistakes, ret, &err) == 0)
		return 0;
	fprintf(stderr, "%s\n", err.text);
	return EXIT_USAGE + 1;
}

static int check(int argc, char **argv)
{
	CLEANUP(buf_done) struct buf warnings = BUF_INIT(OUTPUT_MAX);
	CLEANUP(buf_done) struct buf mistakes = BUF_INIT(OUTPUT_MAX);
	struct config *config = NULL;
	struct daemon_options from;
	struct cli_list set = { 0 };
	int status = read_file("config check", "Says everything that is wrong with the configuration, what is unwise, and which records of the journal could not be written any more. "
	                       "Nothing listens, nobody is contacted.",
	                       argc, argv, &set, &from, &mistakes, &config);

	if (status)
		return status - 1;
	if (!mistakes.length)
		privileges_check_user(&from, config, &mistakes, &warnings);
	verify(config, &mistakes);
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

static int dump(int argc, char **argv)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT(OUTPUT_MAX);
	struct config *config = NULL;
	struct daemon_options from;
	struct cli_list set = { 0 };
	int status = read_file("config dump", "The effective configuration, secrets as ***.", argc, argv, &set, &from, NULL, &config);

	if (status)
		return status - 1;
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
	{ "check", check, "[FILE]", "say what is wrong or unwise" },
	{ "dump", dump, "[FILE]", "the effective configuration" },
	{ "example", example, "", "every option, commented" },
	{ NULL },
};

int cli_config(int argc, char **argv)
{
	return cli_dispatch(commands, "config", argc, argv);
}
