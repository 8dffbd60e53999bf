#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "providers/registry.h"
#include "solver/base/mem.h"
#include "solver/cli/cli.h"

static const char *kind_text(const struct option *o)
{
	static const char *const names[] = {
		[OPTION_BOOL] = "true/false", [OPTION_INT] = "number", [OPTION_DURATION] = "duration", [OPTION_TEXT] = "text",
		[OPTION_PATH] = "path",       [OPTION_ENUM] = "one of", [OPTION_LIST] = "list",        [OPTION_SECRET] = "secret",
	};

	return names[o->kind];
}

static json_t *option_json(const struct option *o)
{
	json_t *names = NULL, *all;

	all = json_pack("{ss ss ss* sb ss*}", "name", o->name, "kind", kind_text(o), "default", o->def, "required", o->required, "help", o->help);
	for (size_t i = 0; o->kind == OPTION_ENUM && o->names && o->names[i]; i++) {
		names = names ? names : json_array();
		json_array_append_new(names, json_string(o->names[i]));
	}
	if (names)
		json_object_set_new(all, "names", names);
	return all;
}

static json_t *provider_json(const struct provider_api *p)
{
	json_t *options = json_array();

	for (const struct option *o = p->options; o && o->name; o++)
		json_array_append_new(options, option_json(o));
	return json_pack("{ss ss sI sI sI sb so}", "name", p->name, "summary", p->summary, "changes_per_job", (json_int_t)p->caps.changes_per_job,
	                 "values_per_name", (json_int_t)p->caps.values_per_name, "min_ttl", (json_int_t)p->caps.min_ttl, "local", p->caps.local,
	                 "options", options);
}

static void print_option(const struct option *o)
{
	printf("  %-22s %s", o->name, kind_text(o));
	for (size_t i = 0; o->kind == OPTION_ENUM && o->names && o->names[i]; i++)
		printf("%s %s", i ? " |" : "", o->names[i]);
	if (o->required)
		printf(", required");
	else if (o->def)
		printf(", default %s", o->def);
	printf("\n  %-22s   %s\n", "", o->help ? o->help : "");
}

static void print_provider(const struct provider_api *p)
{
	printf("%s: %s\n\n", p->name, p->summary);
	printf("  changes per call: %u%s   values per name: %u%s   least TTL: %u s\n\n", p->caps.changes_per_job,
	       p->caps.changes_per_job ? "" : " (no limit)", p->caps.values_per_name, p->caps.values_per_name ? "" : " (no limit)", p->caps.min_ttl);
	if (!p->options || !p->options->name)
		puts("  It has no options.");
	for (const struct option *o = p->options; o && o->name; o++)
		print_option(o);
	printf("\nproviders:\n  my-%s:\n    type: %s\n", p->name, p->name);
}

static int list(bool json)
{
	static const char *const headings[] = { "NAME", "PUBLISHES", NULL };
	json_t *all = json_array();
	struct table *t;

	if (json) {
		for (const struct provider_api *const *p = provider_list(); *p; p++)
			json_array_append_new(all, provider_json(*p));
		print_json(all);
	} else {
		t = table_new(headings);
		for (const struct provider_api *const *p = provider_list(); *p; p++)
			table_row(t, (const char *const[]){ (*p)->name, (*p)->summary });
		table_print_free(t);
	}
	json_decref(all);
	return EXIT_DONE;
}

int cli_providers(int argc, char **argv)
{
	bool json = false;
	const struct cli_option options[] = { { "json", CLI_FLAG, &json, NULL, "output for machines" }, { NULL } };
	const struct provider_api *p;
	json_t *one;
	int count, status = cli_parse("providers [NAME]", "What can publish DNS records; with a name, its options.", options, argc, argv, &argv, &count);

	if (status)
		return status - 1;
	if (count > 1)
		return cli_usage_error("providers", "give one name");
	if (!count || strcmp(argv[0], "list") == 0)
		return list(json);
	p = provider_find(argv[0]);
	if (!p)
		return cli_usage_error("providers", "there is no provider \"%s\"", argv[0]);
	if (!json) {
		print_provider(p);
		return EXIT_DONE;
	}
	one = provider_json(p);
	print_json(one);
	json_decref(one);
	return EXIT_DONE;
}
