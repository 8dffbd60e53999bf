/* A group of commands, as a table. */
#include <stdio.h>
#include <string.h>

#include "solver/cli/common/common.h"
#include "solver/conf/suggest.h"

#define LEFT_COLUMNS 44 /* the widest row */

static void print_table(const struct cli_command *table, const char *group)
{
	char left[80];

	printf("dcvd%s%s COMMAND …\n\n", group ? " " : "", group ? group : "");
	for (; table->name; table++) {
		snprintf(left, sizeof(left), "%s %s", table->name, table->arguments);
		printf("  %s%*s  %s\n", left, LEFT_COLUMNS - text_columns(left), "", table->help);
	}
	printf("\ndcvd%s%s COMMAND --help says more.\n", group ? " " : "", group ? group : "");
}

static int unknown(const struct cli_command *table, const char *group, const char *word)
{
	struct suggestion s = { .word = word };
	char text[96];

	for (; table->name; table++)
		suggestion_consider(&s, table->name);
	fprintf(stderr, "dcvd: there is no command \"%s%s%s\"%s\n", group ? group : "", group ? " " : "", word, suggestion_text(&s, text));
	return EXIT_USAGE;
}

int cli_dispatch(const struct cli_command *table, const char *group, int argc, char **argv)
{
	if (argc < 2) {
		print_table(table, group);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
		print_table(table, group);
		return EXIT_DONE;
	}
	for (const struct cli_command *c = table; c->name; c++)
		if (strcmp(c->name, argv[1]) == 0)
			return c->run(argc - 1, argv + 1);
	return unknown(table, group, argv[1]);
}
