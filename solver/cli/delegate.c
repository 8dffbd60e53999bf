/* dcvd delegate: where the CNAME of an identifier must point, and which names of delegation zones are bound to which. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/cli/cli.h"

/* ---- the record of an identifier ---- */

static const char *how_text(const char *how)
{
	if (strcmp(how, "form") == 0)
		return "by its form";
	return strcmp(how, "digest") == 0 ? "by its digest, which hides the name and fits where it is long" : "bound";
}

static void print_records(const json_t *reply)
{
	const json_t *records = json_object_get(reply, "records");
	json_t *r;
	size_t i;

	json_array_foreach(records, i, r)
		printf("%s. CNAME %s. ; %s\n", json_text(r, "name"), json_text(r, "target"), how_text(json_text(r, "how")));
	if (json_array_size(records) > 1)
		fprintf(stderr, "Set one of them.\n");
	if (!json_array_size(records))
		fprintf(stderr, "dcvd: no route of the configuration is a delegation zone; add one as {suffix: dlg.example.com, provider: NAME, delegation: on}\n");
}

static int show(const char *identifier, const struct cli_service *s)
{
	CLEANUP(mem_freep) char *escaped = url_escape(identifier);
	CLEANUP(mem_freep) char *path = mem_printf("/v1/delegations?identifier=%s", escaped);
	json_t *reply = NULL;
	int status = service_call(s, "GET", path, NULL, NULL, &reply);

	if (status == EXIT_DONE && s->json)
		print_json(reply);
	else if (status == EXIT_DONE)
		print_records(reply);
	if (status == EXIT_DONE && !json_array_size(json_object_get(reply, "records")))
		status = EXIT_REFUSED;
	json_decref(reply);
	return status;
}

static int show_command(int argc, char **argv)
{
	struct cli_service s = { 0 };
	const struct cli_option options[] = { CLI_SERVICE_OPTIONS(&s), { NULL } };
	int count, status = cli_parse("delegate IDENTIFIER", "The CNAME records that hand the challenges of an identifier over to dcvd: one for each delegation zone and way "
	                              "to name its place there.\nSee also: dcvd delegate bind|list|unbind.", options, argc, argv, &argv, &count);

	if (status)
		return status - 1;
	return count == 1 ? show(argv[0], &s) : cli_usage_error("delegate", "give the domain whose challenges are handed over, or bind, list or unbind");
}

/* ---- bindings ---- */

static int bind_name(int argc, char **argv)
{
	struct cli_service s = { 0 };
	const struct cli_option options[] = { CLI_SERVICE_OPTIONS(&s), { NULL } };
	json_t *reply = NULL;
	int count, status = cli_parse("delegate bind TARGET IDENTIFIER", "From now on the name in a delegation zone belongs to this identifier, and to no other. Make sure first that "
	                              "its owner wants that: whoever is granted the identifier may write there.", options, argc, argv, &argv, &count);

	if (status)
		return status - 1;
	if (count != 2)
		return cli_usage_error("delegate bind", "give the target of the CNAME and the domain that it belongs to");
	status = service_call(&s, "POST", "/v1/delegations", json_pack("{ss ss}", "name", argv[0], "identifier", argv[1]), NULL, &reply);
	if (status == EXIT_DONE && s.json)
		print_json(reply);
	else if (status == EXIT_DONE)
		printf("%s belongs to %s\n", argv[0], argv[1]);
	json_decref(reply);
	return status;
}

static int unbind(int argc, char **argv)
{
	struct cli_service s = { 0 };
	const struct cli_option options[] = { CLI_SERVICE_OPTIONS(&s), { NULL } };
	CLEANUP(mem_freep) char *path = NULL;
	json_t *reply = NULL;
	int count, status = cli_parse("delegate unbind TARGET", "Removes the owner of a name in a delegation zone. Records at the name are withdrawn as usual.",
	                              options, argc, argv, &argv, &count);

	if (status)
		return status - 1;
	if (count != 1)
		return cli_usage_error("delegate unbind", "give the name, as dcvd delegate list shows it");
	CLEANUP(mem_freep) char *escaped = url_escape(argv[0]);
	path = mem_printf("/v1/delegations/%s", escaped);
	status = service_call(&s, "DELETE", path, NULL, NULL, &reply);
	if (status == EXIT_DONE && s.json)
		print_json(reply);
	else if (status == EXIT_DONE)
		printf("%s is not bound any more\n", argv[0]);
	json_decref(reply);
	return status;
}

static void print_bindings(const json_t *all)
{
	static const char *const headings[] = { "TARGET", "IDENTIFIER", "BY", "HOW", "AGE", NULL };
	struct table *t = table_new(headings);
	json_t *b;
	size_t i;

	json_array_foreach(json_object_get(all, "bindings"), i, b) {
		char age[16];
		const char *const cells[] = { json_text(b, "name"), json_text(b, "identifier"), json_text(b, "by"),
			                      json_is_true(json_object_get(b, "first_use")) ? "first use" : "operator",
			                      age_text(json_text(b, "created"), age), NULL };

		table_row(t, cells);
	}
	table_print_free(t);
}

static int list(int argc, char **argv)
{
	struct cli_service s = { 0 };
	const struct cli_option options[] = { CLI_SERVICE_OPTIONS(&s), { NULL } };
	json_t *all = NULL;
	int count, status = cli_parse("delegate list", "Names of delegation zones that are bound to an identifier.", options, argc, argv, &argv, &count);

	if (status)
		return status - 1;
	status = service_call(&s, "GET", "/v1/delegations", NULL, NULL, &all);
	if (status == EXIT_DONE && s.json)
		print_json(all);
	else if (status == EXIT_DONE)
		print_bindings(all);
	json_decref(all);
	return status;
}

static const struct cli_command commands[] = {
	{ "bind", bind_name, "TARGET IDENTIFIER", "this name of a delegation zone belongs to that identifier" },
	{ "list", list, "", "which names are bound" },
	{ "unbind", unbind, "TARGET", "remove the owner of the name" },
	{ NULL },
};

int cli_delegate(int argc, char **argv)
{
	for (const struct cli_command *c = commands; argc > 1 && c->name; c++)
		if (strcmp(c->name, argv[1]) == 0)
			return cli_dispatch(commands, "delegate", argc, argv);
	return show_command(argc, argv);
}
