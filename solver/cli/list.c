#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/cli/cli.h"

struct list_options {
	struct cli_service s;
	const char *state, *type, *domain, *limit, *after;
};

static void add(struct buf *path, const char *name, const char *value)
{
	CLEANUP(mem_freep) char *escaped = value ? url_escape(value) : NULL;

	if (value)
		buf_printf(path, "%c%s=%s", strchr(buf_text(path), '?') ? '&' : '?', name, escaped);
}

static void print_page(const json_t *page)
{
	static const char *const headings[] = { "ID", "STATE", "TYPE", "DOMAIN", "PROVIDER", "AGE", "REASON", NULL };
	struct table *t = table_new(headings);
	char age[16];
	json_t *c;
	size_t i;

	json_array_foreach(json_object_get(page, "challenges"), i, c) {
		const char *const cells[] = { json_text(c, "id"), json_text(c, "state"), json_text(c, "type"), json_text(c, "domain"),
			                      json_text(c, "provider"), age_text(json_text(c, "created"), age), challenge_why(c), NULL };

		table_row(t, cells);
	}
	table_print_free(t);
	if (*json_text(page, "next"))
		fprintf(stderr, "more with --after %s\n", json_text(page, "next"));
}

int cli_list(int argc, char **argv)
{
	struct list_options o = { 0 };
	const struct cli_option options[] = { { "only", CLI_TEXT, &o.state, "STATE", "queued, publishing, propagating, ready, withdrawing, gone or failed" },
		{ "type", CLI_TEXT, &o.type, "TYPE", "dns-01 or http-01" }, { "domain", CLI_TEXT, &o.domain, "DOMAIN", "this name only" },
		{ "limit", CLI_TEXT, &o.limit, "N", "1 to 1000 (50)" }, { "after", CLI_TEXT, &o.after, "ID", "the page after this challenge" },
		CLI_SERVICE_OPTIONS(&o.s), { NULL } };
	CLEANUP(buf_done) struct buf path = BUF_INIT(8192);
	json_t *page = NULL;
	int count, status = cli_parse("list", "Challenges, newest first.", options, argc, argv, &argv, &count);

	if (status)
		return status - 1;
	if (count)
		return cli_usage_error("list", "\"%s\" is one word too many", argv[0]);
	buf_add_text(&path, "/v1/challenges");
	add(&path, "state", o.state);
	add(&path, "type", o.type);
	add(&path, "domain", o.domain);
	add(&path, "limit", o.limit);
	add(&path, "after", o.after);
	status = service_call(&o.s, "GET", buf_text(&path), NULL, NULL, &page);
	if (status == EXIT_DONE && o.s.json)
		print_json(page);
	else if (status == EXIT_DONE)
		print_page(page);
	json_decref(page);
	return status;
}
