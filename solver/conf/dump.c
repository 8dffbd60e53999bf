/* The effective configuration in the words of the tables, and remarks on it. */
#include <string.h>

#include "solver/conf/config.h"
#include "solver/conf/cps.h"
#include "solver/conf/tables.h"

static void dump_options(const struct option *table, const void *base, const char *indent, struct buf *out)
{
	for (const struct option *o = table; o && o->name; o++) {
		buf_printf(out, "%s%s: ", indent, o->name);
		option_dump(o, base, out);
		buf_add_char(out, '\n');
	}
}

static void dump_providers(const struct config *c, struct buf *out)
{
	buf_add_text(out, c->provider_count ? "providers:\n" : "providers: {}\n");
	for (size_t i = 0; i < c->provider_count; i++) {
		buf_add_text(out, "  ");
		option_dump_text(c->providers[i].name, out);
		buf_add_text(out, ":\n    type: ");
		option_dump_text(c->providers[i].type, out);
		buf_add_char(out, '\n');
		dump_options(c->providers[i].table, c->providers[i].options, "    ", out);
	}
}

static void dump_routes(const struct config *c, struct buf *out)
{
	const char *indent;

	buf_add_text(out, c->route_count ? "routes:\n" : "routes: []\n");
	for (size_t i = 0; i < c->route_count; i++) {
		indent = "  - ";
		for (const struct option *o = route_options; o->name; o++, indent = "    ") {
			buf_printf(out, "%s%s: ", indent, o->name);
			option_dump(o, &c->routes[i], out);
			buf_add_char(out, '\n');
		}
	}
}

static void dump_callback_secrets(const struct config *c, struct buf *out)
{
	buf_add_text(out, c->callback_secret_count ? "callback-secrets:\n" : "callback-secrets: {}\n");
	for (size_t i = 0; i < c->callback_secret_count; i++) {
		buf_add_text(out, "  ");
		option_dump_text(c->callback_secrets[i].name, out);
		buf_add_text(out, ": \"***\"\n");
	}
}

static void dump_callbacks(const struct config *c, struct buf *out)
{
	const char *indent;

	buf_add_text(out, c->callback_count ? "callbacks:\n" : "callbacks: []\n");
	for (size_t i = 0; i < c->callback_count; i++) {
		indent = "  - ";
		for (const struct option *o = callback_options; o->name; o++, indent = "    ") {
			buf_printf(out, "%s%s: ", indent, o->name);
			option_dump(o, &c->callbacks[i], out);
			buf_add_char(out, '\n');
		}
	}
}

void config_dump(const struct config *c, struct buf *out)
{
	for (const struct section *s = config_sections; s->name; s++) {
		if (*s->name)
			buf_printf(out, "%s:\n", s->name);
		dump_options(s->table, section_base(s, c), *s->name ? "  " : "", out);
		if (strcmp(s->name, "cps") == 0)
			cps_dump(c, out);
	}
	dump_providers(c, out);
	dump_routes(c, out);
	dump_callback_secrets(c, out);
	dump_callbacks(c, out);
}

static bool is_loopback(const char *listen)
{
	return strncmp(listen, "127.", 4) == 0 || strncmp(listen, "[::1]:", 6) == 0;
}

static void warn_routes(const struct config *c, struct buf *out)
{
	for (size_t i = 0; i < c->route_count; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(c->routes[i].suffix, c->routes[j].suffix) == 0 &&
			    (c->routes[j].type == CHALLENGE_TYPES || c->routes[i].type == c->routes[j].type)) {
				buf_printf(out, "routes[%zu] is never used: routes[%zu] has the same suffix\n", i, j);
				break;
			}
}

void config_warnings(const struct config *c, struct buf *out)
{
	buf_add_text(out, c->warnings ? c->warnings : "");
	for (size_t i = 0; c->api.listen && c->api.listen[i]; i++)
		if (!is_loopback(c->api.listen[i]))
			buf_printf(out, "api.listen: %s is reachable from other machines without TLS; put a proxy in front\n",
			           c->api.listen[i]);
	if (c->api.loopback_open)
		buf_add_text(out, "api.loopback-open: every local user may publish challenges without a token\n");
	if (c->resolver.authority_port != 53)
		buf_add_text(out, "resolver.authority-port: real authoritative servers listen on port 53\n");
	if (c->check.http_port != 80)
		buf_add_text(out, "check.http-port: authorities look at port 80\n");
	warn_routes(c, out);
}
