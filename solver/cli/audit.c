/* dcvd audit: the log of who did what. It is read through the service, or from its state folder while it does not run. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/api/audit/audit_chain.h"
#include "solver/base/mem.h"
#include "solver/cli/audit.h"

#define SHOWN_DEFAULT 50
#define SHOWN_MAX 1000

static bool number_read(const char *text, int64_t max, int64_t *ret)
{
	size_t digits = text ? strspn(text, "0123456789") : 0;

	if (!text)
		return true;
	*ret = digits && digits <= 15 && !text[digits] ? strtoll(text, NULL, 10) : -1;
	return *ret >= 0 && *ret <= max;
}

/* ---- list ---- */

static int add_row(const struct store_audit *entry, void *arg)
{
	json_t *e = json_loads(entry->line, 0, NULL), *number = json_object_get(e, "number");
	CLEANUP(mem_freep) char *text = mem_printf("%" JSON_INTEGER_FORMAT, json_integer_value(number));
	const char *const cells[] = { text, json_text(e, "at"), json_text(e, "door"), json_text(e, "client"), json_text(e, "peer"),
		                      json_text(e, "action"), json_text(e, "type"), json_text(e, "name"), json_text(e, "result"),
		                      json_text(e, "detail"), NULL };

	table_row(arg, cells);
	json_decref(e);
	return EXIT_DONE;
}

static int add_json(const struct store_audit *entry, void *arg)
{
	json_t *e = json_loads(entry->line, 0, NULL);

	if (!e)
		e = json_object();
	json_object_set_new(e, "digest", json_string(entry->digest));
	json_array_append_new(arg, e);
	return EXIT_DONE;
}

static int list(int argc, char **argv)
{
	static const char *const headings[] = { "NUMBER", "AT", "DOOR", "CLIENT", "PEER", "ACTION", "TYPE", "NAME", "RESULT", "DETAIL", NULL };
	struct cli_service s = { 0 };
	const char *limit = NULL, *after = NULL;
	int64_t only = SHOWN_DEFAULT, from = 0;
	const struct cli_option options[] = { { "limit", CLI_TEXT, &limit, "N", "the newest so many, 1 to 1000 (50)" },
		{ "after", CLI_TEXT, &after, "NUMBER", "only those behind this entry" }, CLI_SERVICE_OPTIONS(&s), { NULL } };
	int count, status = cli_parse("audit list", "The newest entries of the audit log, oldest first.", options, argc, argv, &argv, &count);
	struct table *t;
	json_t *all;

	if (status)
		return status - 1;
	if (count || !number_read(limit, SHOWN_MAX, &only) || !only || !number_read(after, INT64_MAX, &from))
		return cli_usage_error("audit list", "--limit is 1 to %d, --after the number of an entry", SHOWN_MAX);
	if (s.json) {
		all = json_array();
		status = audit_read_entries(&s, from, only, add_json, all);
		if (status == EXIT_DONE)
			print_json(all);
		json_decref(all);
		return status;
	}
	t = table_new(headings);
	status = audit_read_entries(&s, from, only, add_row, t);
	if (status == EXIT_DONE)
		table_print_free(t);
	else
		table_free(t);
	return status;
}

/* ---- export ---- */

static int print_one(const struct store_audit *entry, void *arg)
{
	(void)arg;
	return puts(entry->line) < 0 ? EXIT_USAGE : EXIT_DONE;
}

static int export(int argc, char **argv)
{
	struct cli_service s = { 0 };
	const char *after = NULL;
	int64_t from = 0;
	const struct cli_option options[] = { { "after", CLI_TEXT, &after, "NUMBER", "only those behind this entry" }, CLI_SERVICE_OPTIONS(&s), { NULL } };
	int count, status = cli_parse("audit export", "All entries, one line of JSON each, as their digests were made of.", options, argc, argv, &argv, &count);

	if (status)
		return status - 1;
	if (count || !number_read(after, INT64_MAX, &from))
		return cli_usage_error("audit export", "--after is the number of an entry");
	return audit_read_entries(&s, from, 0, print_one, NULL);
}

/* ---- head ---- */

static int head_of_store(struct store *store, bool sign, json_t **ret)
{
	struct audit_chain last;
	struct err err;

	if (sign) {
		fputs("dcvd: the running service signs; start it and repeat this\n", stderr);
		return EXIT_REACH;
	}
	if (audit_chain_load(store, &last, &err) < 0) {
		fprintf(stderr, "dcvd: %s\n", err.text);
		return EXIT_REFUSED;
	}
	*ret = json_pack("{sI ss}", "number", (json_int_t)last.number, "digest", last.digest);
	return EXIT_DONE;
}

static int read_head(const struct cli_service *s, bool sign, json_t **ret)
{
	struct store *store = NULL;
	int status = cli_open_store(s, false, &store);

	if (status < 0)
		return service_call(s, "GET", sign ? "/v1/audit/head?sign=true" : "/v1/audit/head", NULL, NULL, ret);
	if (status)
		return status;
	status = head_of_store(store, sign, ret);
	store_close(store);
	return status;
}

static int head(int argc, char **argv)
{
	struct cli_service s = { 0 };
	bool sign = false;
	const struct cli_option options[] = { { "sign", CLI_FLAG, &sign, NULL, "with a statement of the service and its signature (Ed25519, base64)" },
		CLI_SERVICE_OPTIONS(&s), { NULL } };
	json_t *all = NULL;
	int count, status = cli_parse("audit head", "NUMBER:DIGEST of the last entry. Keep it elsewhere: \"audit verify --expect\" says whether the log still holds it.",
	                              options, argc, argv, &argv, &count);

	if (status)
		return status - 1;
	if (count)
		return cli_usage_error("audit head", "\"%s\" is not understood", argv[0]);
	status = read_head(&s, sign, &all);
	if (status == EXIT_DONE && s.json)
		print_json(all);
	else if (status == EXIT_DONE && sign)
		printf("%s\n%s\n", json_text(all, "statement"), json_text(all, "signature"));
	else if (status == EXIT_DONE)
		printf("%" JSON_INTEGER_FORMAT ":%s\n", json_integer_value(json_object_get(all, "number")), json_text(all, "digest"));
	json_decref(all);
	return status;
}

static int key(int argc, char **argv)
{
	struct cli_service s = { 0 };
	const struct cli_option options[] = { CLI_SERVICE_OPTIONS(&s), { NULL } };
	json_t *all = NULL;
	int count, status = cli_parse("audit key", "The public key (PEM) that signatures of \"audit head --sign\" are checked with.", options, argc, argv, &argv, &count);

	if (status)
		return status - 1;
	if (count)
		return cli_usage_error("audit key", "\"%s\" is not understood", argv[0]);
	status = read_head(&s, true, &all);
	if (status == EXIT_DONE && s.json)
		print_json(json_object_get(all, "public_key"));
	else if (status == EXIT_DONE)
		fputs(json_text(all, "public_key"), stdout);
	json_decref(all);
	return status;
}

static const struct cli_command commands[] = {
	{ "list", list, "[--limit N]", "the newest entries" },
	{ "verify", audit_verify, "[FOLDER|FILE]", "whether an entry was changed or is missing" },
	{ "head", head, "[--sign]", "number and digest of the last entry" },
	{ "key", key, "", "the public key that its signatures are checked with" },
	{ "export", export, "", "all, one line each" },
	{ NULL },
};

int cli_audit(int argc, char **argv)
{
	return cli_dispatch(commands, "audit", argc, argv);
}
