#include "solver/conf/route.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/base/mem.h"
#include "solver/conf/provider.h"
#include "solver/conf/suggest.h"
#include "solver/conf/tables.h"

/* In force while the configuration names no route. */
static const struct config_route default_route = {
	.suffix = (char *)"",
	.type = CHALLENGE_TYPES,
	.provider = (char *)PROVIDER_EMBEDDED,
	.publish = ROUTE_RESPONDER,
};

void routes_free(struct config *c)
{
	for (size_t i = 0; i < c->route_count; i++)
		option_free(route_options, &c->routes[i]);
	free(c->routes);
}

/* "*" is every name as "" is; lower case without a dot at the end. */
static void suffix_normalize(char *suffix)
{
	size_t length = strlen(suffix);

	if (strcmp(suffix, "*") == 0)
		suffix[--length] = '\0';
	if (length > 0 && suffix[length - 1] == '.')
		suffix[length - 1] = '\0';
	for (char *c = suffix; *c; c++)
		*c = (char)tolower((unsigned char)*c);
}

/* "example.com" serves itself and what ends in ".example.com", not "badexample.com". */
static bool suffix_matches(const char *suffix, const char *name)
{
	size_t suffix_length = strlen(suffix), name_length = strlen(name);

	if (suffix_length == 0)
		return true;
	if (suffix_length > name_length || strcasecmp(name + name_length - suffix_length, suffix) != 0)
		return false;
	return suffix_length == name_length || name[name_length - suffix_length - 1] == '.';
}

static int check_provider(const struct config *c, const struct config_route *route, const struct yaml_node *node,
                          const char *path, struct err *err)
{
	const struct yaml_node *where = yaml_find(node, "provider");
	struct suggestion nearest = { .word = route->provider };
	char hint[96];

	if (config_provider(c, route->provider))
		return 0;
	for (size_t i = 0; i < c->provider_count; i++)
		if (c->providers[i].name)
			suggestion_consider(&nearest, c->providers[i].name);
	return yaml_error(where ? where : node, err, "%s: there is no provider '%s'%s", path, route->provider,
	                  suggestion_text(&nearest, hint));
}

static int check_folder(const struct config_route *route, const struct yaml_node *node, const char *path,
                        struct err *err)
{
	const struct yaml_node *publish = yaml_find(node, "publish"), *folder = yaml_find(node, "folder");

	if (route->publish == ROUTE_FOLDER && !route->folder)
		return yaml_error(publish ? publish : node, err, "%s: 'publish: folder' needs the option 'folder'", path);
	if (route->publish == ROUTE_RESPONDER && route->folder)
		return yaml_error(folder ? folder : node, err, "%s: 'folder' needs 'publish: folder'", path);
	return 0;
}

/* Of a route for all names each name is looked at when it comes. */
static int check_zone(const struct config_route *route, const struct yaml_node *node, const char *path, struct err *err)
{
	const struct yaml_node *where = yaml_find(node, "zone");

	if (!route->zone || suffix_matches(route->zone, route->suffix) || suffix_matches(route->suffix, route->zone))
		return 0;
	return yaml_error(where ? where : node, err, "%s: no name below %s lies in the zone %s", path, route->suffix, route->zone);
}

/* Marks a zone for the challenges of others: of all names, or of names that no record is written at, it would be a mistake. */
static int check_delegation(const struct config_route *route, const struct yaml_node *node, const char *path, struct err *err)
{
	const struct yaml_node *where = yaml_find(node, "delegation");

	if (route->delegation == DELEGATION_OFF)
		return 0;
	if (route->type == CHALLENGE_HTTP01)
		return yaml_error(where ? where : node, err, "%s: delegation belongs to dns-01, and this route is of http-01", path);
	if (!route->suffix[0])
		return yaml_error(where ? where : node, err, "%s: a delegation zone needs the option 'suffix': it cannot be every name", path);
	return 0;
}

static int route_read(struct config *c, struct config_route *route, const struct yaml_node *node,
                      struct option_notes *notes, struct err *err)
{
	CLEANUP(mem_freep) char *path = mem_printf("routes[%zu]", (size_t)(route - c->routes));
	size_t before = option_mistakes(notes);
	int code;

	option_defaults(route_options, route);
	code = option_parse_table(route_options, route, node, path, NULL, notes, err);
	if (option_mistakes(notes) > before)
		return code; /* what was read of it is not whole */
	if (code == 0 && route->type == CHALLENGE_TLS_ALPN01)
		code = yaml_error(node, err, "%s: tls-alpn-01 can be checked, but only the web server itself can answer it", path);
	if (code == 0)
		code = check_provider(c, route, node, path, err);
	if (code == 0)
		code = check_folder(route, node, path, err);
	if (code < 0)
		return code;
	suffix_normalize(route->suffix);
	if (route->zone)
		suffix_normalize(route->zone);
	code = check_delegation(route, node, path, err);
	return code < 0 ? code : check_zone(route, node, path, err);
}

int routes_read(struct config *c, const struct yaml_node *list, struct option_notes *notes, struct err *err)
{
	int code = 0;

	if (!list || yaml_is_null(list))
		return 0;
	if (list->kind != YAML_LIST)
		return yaml_error(list, err, "routes: expected a list of routes ('- suffix: …')");
	c->routes = mem_new(list->count + 1, sizeof(*c->routes));
	for (const struct yaml_node *node = list->child; node && code == 0; node = node->next)
		code = option_mistake(notes, route_read(c, &c->routes[c->route_count++], node, notes, err), err);
	return code;
}

/* A route of dns-01 serves whatever is proved by a TXT record. */
static bool type_matches(int route_type, enum challenge_type type)
{
	return route_type == CHALLENGE_TYPES || route_type == (int)type ||
	       (route_type == CHALLENGE_DNS01 && challenge_type_is_dns(type));
}

const struct config_route *config_route(const struct config *c, enum challenge_type type, const char *name)
{
	const struct config_route *best = NULL;

	if (c->route_count == 0)
		return &default_route;
	for (size_t i = 0; i < c->route_count; i++) {
		const struct config_route *route = &c->routes[i];

		if (!type_matches(route->type, type))
			continue;
		if (suffix_matches(route->suffix, name) && (!best || strlen(route->suffix) > strlen(best->suffix)))
			best = route;
	}
	return best;
}

const struct config_route *config_delegation(const struct config *c, const char *name)
{
	const struct config_route *best = NULL;

	for (size_t i = 0; i < c->route_count; i++) {
		const struct config_route *route = &c->routes[i];

		if (route->delegation != DELEGATION_OFF && suffix_matches(route->suffix, name) &&
		    (!best || strlen(route->suffix) > strlen(best->suffix)))
			best = route;
	}
	return best;
}
