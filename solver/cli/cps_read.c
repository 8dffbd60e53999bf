/* dcvd cps deployments, history, active, warnings: what CPS says. */
#include <string.h>

#include "solver/base/mem.h"
#include "solver/cli/cps_desk.h"

static int read_and_print(struct desk *d, json_t *input)
{
	int code = desk_ask(d, "read", input);

	if (code == EXIT_DONE)
		print_json(d->result);
	desk_close(d);
	return code;
}

int cps_cli_deployments(int argc, char **argv)
{
	struct desk d = { 0 };
	const struct cli_option options[] = { DESK_OPTIONS(&d), { NULL } };
	int64_t enrollment = 0;
	char **rest;
	int count, code = cli_parse("cps deployments ENROLLMENT", "What is deployed to production and staging.", options, argc, argv, &rest, &count);

	if (code)
		return code - 1;
	if (!desk_read_enrollment("cps deployments", count, rest, &enrollment))
		return EXIT_USAGE;
	return read_and_print(&d, json_pack("{s:I, s:s}", "enrollment", (json_int_t)enrollment, "what", "deployments"));
}

int cps_cli_history(int argc, char **argv)
{
	struct desk d = { 0 };
	const struct cli_option options[] = { DESK_OPTIONS(&d), { NULL } };
	int64_t enrollment = 0;
	char **rest;
	int count, code = cli_parse("cps history ENROLLMENT changes|certificates|dv", "What became of earlier changes, certificates and validations.", options,
	                            argc, argv, &rest, &count);

	if (code)
		return code - 1;
	if (count != 2 || (strcmp(rest[1], "changes") != 0 && strcmp(rest[1], "certificates") != 0 && strcmp(rest[1], "dv") != 0))
		return cli_usage_error("cps history", "an enrollment, and changes, certificates or dv, are wanted");
	if (!desk_read_enrollment("cps history", 1, rest, &enrollment))
		return EXIT_USAGE;
	return read_and_print(&d, json_pack("{s:I, s:s}", "enrollment", (json_int_t)enrollment, "what", rest[1]));
}

int cps_cli_active(int argc, char **argv)
{
	struct desk d = { 0 };
	const char *contract = NULL;
	const struct cli_option options[] = { DESK_OPTIONS(&d), { "contract", CLI_TEXT, &contract, "ID", "of this contract only" }, { NULL } };
	char **rest;
	int count, code = cli_parse("cps active", "Certificates that are active on the network.", options, argc, argv, &rest, &count);

	if (code)
		return code - 1;
	if (count)
		return cli_usage_error("cps active", "\"%s\" is too much", rest[0]);
	return read_and_print(&d, json_pack("{s:s, s:s}", "what", "active", "contract", contract ? contract : ""));
}

int cps_cli_warnings(int argc, char **argv)
{
	struct desk d = { 0 };
	const struct cli_option options[] = { DESK_OPTIONS(&d), { NULL } };
	int64_t enrollment = 0;
	char **rest;
	int count, code = cli_parse("cps warnings ENROLLMENT", "The warnings that hold its newest pending change, with their codes.", options, argc, argv, &rest, &count);
	json_t *one;
	size_t i;

	if (code)
		return code - 1;
	if (!desk_read_enrollment("cps warnings", count, rest, &enrollment))
		return EXIT_USAGE;
	code = desk_ask(&d, "warnings", json_pack("{s:I}", "enrollment", (json_int_t)enrollment));
	if (code == EXIT_DONE && d.json)
		print_json(d.result);
	else if (code == EXIT_DONE) {
		json_array_foreach(json_object_get(d.result, "warnings"), i, one) {
			printf("%s: ", json_text(one, "code"));
			desk_print_line(stdout, json_text(one, "text"));
		}
		printf("%s\n", json_text(d.result, "digest"));
	}
	desk_close(&d);
	return code;
}
