#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "solver/cli/common/common.h"
#include "solver/conf/suggest.h"

#define WORD_SIZE 80

static const struct cli_option *option_lettered(const struct cli_option *table, char letter)
{
	for (; table->name; table++)
		if (table->letter == letter)
			return table;
	return NULL;
}

static const struct cli_option *option_named(const struct cli_option *table, const char *text, size_t length)
{
	for (; table->name; table++)
		if (strlen(table->name) == length && strncmp(table->name, text, length) == 0)
			return table;
	return NULL;
}

static void print_help(const char *usage, const char *about, const struct cli_option *table)
{
	char left[64];

	printf("dcvd %s\n\n%s\n\n", usage, about);
	for (; table->name; table++) {
		snprintf(left, sizeof(left), "%s%c%s--%s%s%s", table->letter ? "-" : "", table->letter ? table->letter : ' ',
		         table->letter ? ", " : "   ", table->name, table->argument && table->kind != CLI_OPTIONAL ? " " : "", table->argument ? table->argument : "");
		printf("  %-28s  %s\n", left, table->help);
	}
	puts("\nExit status: 0 done, 1 not ready or refused, 2 usage or configuration, 3 cannot reach.");
}

int cli_usage_error(const char *command, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "dcvd %s: ", command);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "; see dcvd %s --help\n", command);
	return EXIT_USAGE;
}

static bool store_value(const struct cli_option *o, const char *value)
{
	struct cli_list *list = o->target;

	if (o->kind == CLI_TEXT) {
		*(const char **)o->target = value;
		return true;
	}
	if (list->count == CLI_LIST_MAX)
		return false;
	list->items[list->count++] = value;
	return true;
}

static int unknown_option(const char *command, const struct cli_option *table, const char *text)
{
	char word[WORD_SIZE], hint[96];
	struct suggestion nearest = { .word = word };

	snprintf(word, sizeof(word), "%.*s", (int)strcspn(text, "="), text);
	nearest.word += strspn(word, "-");
	for (; table->name; table++)
		suggestion_consider(&nearest, table->name);
	if (nearest.nearest)
		snprintf(hint, sizeof(hint), "; did you mean --%s?", nearest.nearest);
	return cli_usage_error(command, "there is no option %s%s", word, nearest.nearest ? hint : "");
}

/* Takes "--name", "--name=value", "--name value" or "-n value" at argv[0]; returns how many words, or 0 when it is wrong. */
static int take(const char *command, const struct cli_option *table, int left, char **argv)
{
	const char *word = argv[0] + 2, *equals = strchr(argv[0], '=');
	size_t length = equals ? (size_t)(equals - word) : strlen(word);
	const struct cli_option *o = argv[0][1] == '-' ? option_named(table, word, length) :
	                             !argv[0][2]       ? option_lettered(table, argv[0][1]) : NULL;

	if (!o)
		return unknown_option(command, table, argv[0]), 0;
	if (o->kind == CLI_FLAG) {
		if (equals)
			return cli_usage_error(command, "--%s takes no value", o->name), 0;
		*(bool *)o->target = true;
		return 1;
	}
	if (o->kind == CLI_OPTIONAL) {
		*(const char **)o->target = equals ? equals + 1 : "";
		return 1;
	}
	if (!equals && left < 2)
		return cli_usage_error(command, "--%s needs %s", o->name, o->argument), 0;
	if (!store_value(o, equals ? equals + 1 : argv[1]))
		return cli_usage_error(command, "--%s is given more than %d times", o->name, CLI_LIST_MAX), 0;
	return equals ? 1 : 2;
}

/* The words of a usage up to the one that named the command: "config check" of "config check [FILE]". */
static void command_of(const char *usage, const char *name, char ret[WORD_SIZE])
{
	size_t length = strlen(name);
	const char *at = usage;

	while (*at && (strncmp(at, name, length) != 0 || (at[length] && !strchr(" \n", at[length])))) {
		at += strcspn(at, " \n");
		at += strspn(at, " \n");
	}
	if (*at)
		snprintf(ret, WORD_SIZE, "%.*s", (int)(at - usage + (long)length), usage);
	else
		snprintf(ret, WORD_SIZE, "%s", name);
}

int cli_parse(const char *usage, const char *about, const struct cli_option *table, int argc, char **argv,
              char ***ret_rest, int *ret_count)
{
	char command[WORD_SIZE];
	int i = 1, kept = 0;

	command_of(usage, argv[0], command);
	while (i < argc) {
		int words;

		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			print_help(usage, about, table);
			return EXIT_DONE + 1;
		}
		if (strcmp(argv[i], "--") == 0) {
			while (++i < argc)
				argv[++kept] = argv[i];
			break;
		}
		if (argv[i][0] != '-' || !argv[i][1]) {
			argv[++kept] = argv[i];
			i++;
			continue;
		}
		words = take(command, table, argc - i, argv + i);
		if (!words)
			return EXIT_USAGE + 1;
		i += words;
	}
	if (kept + 1 < argc)
		argv[kept + 1] = NULL; /* what is left may be handed to exec */
	*ret_rest = argv + 1;
	*ret_count = kept;
	return 0;
}
