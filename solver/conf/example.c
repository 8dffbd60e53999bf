/* A commented example of every option, from the tables. What has no value to show stays a comment, so
 * that the text is valid as it stands. */
#include <string.h>

#include "solver/conf/config.h"
#include "solver/conf/cps.h"
#include "solver/conf/tables.h"

static const char secret_value[] = "{file: /etc/dcvd/secret}";

static void example_range(const struct option *o, struct buf *out)
{
	if (o->kind != OPTION_ENUM || !o->names)
		return;
	buf_add_text(out, " (");
	for (size_t i = 0; o->names[i]; i++)
		buf_printf(out, "%s%s", i ? ", " : "", o->names[i]);
	buf_add_char(out, ')');
}

/* "# help" and "name: default", or "#name: …" when there is no default. */
static void example_option(const struct option *o, const char *indent, bool names, struct buf *out)
{
	buf_printf(out, "%s# %s", indent, o->help ? o->help : o->name);
	if (names)
		example_range(o, out);
	buf_printf(out, "%s%s\n", o->required ? " Required." : "", o->start ? " Read at the start only." : "");
	if (o->def && o->kind == OPTION_LIST && o->def[0] == '[')
		buf_printf(out, "%s%s: %s\n", indent, o->name, o->def);
	else if (o->def && (o->kind == OPTION_TEXT || o->kind == OPTION_PATH || o->kind == OPTION_LIST)) {
		buf_printf(out, "%s%s: ", indent, o->name);
		option_dump_text(o->def, out);
		buf_add_char(out, '\n');
	} else if (o->def)
		buf_printf(out, "%s%s: %s\n", indent, o->name, o->def);
	else if (o->kind == OPTION_LIST)
		buf_printf(out, "%s%s: []\n", indent, o->name);
	else
		buf_printf(out, "%s#%s: %s\n", indent, o->name, o->kind == OPTION_SECRET ? secret_value : "…");
}

static void example_section(const struct section *s, struct buf *out)
{
	if (*s->name)
		buf_printf(out, "\n# %s\n%s:\n", s->help, s->name);
	for (const struct option *o = s->table; o->name; o++)
		example_option(o, *s->name ? "  " : "", false, out);
	if (strcmp(s->name, "cps") == 0)
		cps_example(out);
}

static void example_provider(const char *type, const struct option *table, struct buf *out)
{
	buf_printf(out, "#  my-%s:\n#    type: %s\n", type, type);
	for (const struct option *o = table; o && o->name; o++)
		example_option(o, "#    ", true, out);
}

static void example_providers(const char *const *types, config_provider_table_fn tables, struct buf *out)
{
	const struct option *table;
	size_t size;

	buf_add_text(out, "\n# Providers of dns-01, by names of your choice; \"embedded\" exists always.\n#providers:\n");
	for (size_t i = 0; types && types[i]; i++) {
		table = tables ? tables(types[i], &size) : NULL;
		if (table)
			example_provider(types[i], table, out);
	}
}

static void example_routes(struct buf *out)
{
	const char *indent = "#  - ";

	buf_add_text(out, "\n# Which challenges are served, and how: the longest matching suffix wins. Without routes\n"
	                  "# every name is served by the responder and by the embedded DNS server.\n#routes:\n");
	for (const struct option *o = route_options; o->name; o++, indent = "#    ") {
		buf_printf(out, "#    # %s\n%s%s: ", o->help, indent, o->name);
		if (o->def)
			option_dump_text(o->def, out);
		buf_add_char(out, '\n');
	}
}

void config_example(const char *const *provider_types, config_provider_table_fn tables, struct buf *out)
{
	buf_add_text(out, "# The configuration of dcvd: every option with its default. All of it may be left out.\n"
	                  "# Durations: 250ms, 2s, 5m, 12h, 7d. Secrets: {file: …}, {env: …} or {credential: …}.\n\n");
	for (const struct section *s = config_sections; s->name; s++)
		example_section(s, out);
	example_providers(provider_types, tables, out);
	example_routes(out);
	buf_printf(out, "\n# Keys that sign callbacks, by names of your choice.\n#callback-secrets:\n#  workflow: %s\n",
	           secret_value);
	buf_add_text(out, "\n# Who may have which URL called when an order is ready. What no rule allows is refused.\n"
	                  "#callbacks:\n"
	                  "#  - secret: workflow\n"
	                  "#    urls: [\"https://ci.example.com/hooks/\"]   # these and all below\n"
	                  "#    clients: [ci]                              # \"*\": all; without it: operators only\n");
}
