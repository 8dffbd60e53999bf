#include "solver/api/grants.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/api/fields.h"
#include "solver/base/mem.h"
#include "solver/dns/name.h"

struct network {
	unsigned char address[16]; /* IPv4 as ::ffff:a.b.c.d */
	unsigned bits;             /* of those 128 */
	char *text;
};

struct identifier {
	char *text;   /* as granted, normalised: "a.b", "*.a.b", ".a.b", "*" */
	char *name;   /* "a.b"; "" for "*" */
	bool exact;   /* the name only */
	bool itself;  /* the name is included */
};

struct grants {
	struct identifier *identifiers;
	size_t identifier_count;
	struct network *networks;
	size_t network_count;
	bool types[CHALLENGE_TYPES];
	bool wildcard, all;
};

void grants_free(struct grants *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->identifier_count; i++) {
		free(g->identifiers[i].text);
		free(g->identifiers[i].name);
	}
	for (size_t i = 0; i < g->network_count; i++)
		free(g->networks[i].text);
	free(g->identifiers);
	free(g->networks);
	free(g);
}

static int identifier_read(const char *text, struct identifier *i, bool *all, struct err *err)
{
	const char *rest = text;
	char name[NAME_SIZE];

	if (strcmp(text, "*") == 0) {
		*all = i->itself = true;
		i->text = mem_dup("*");
		i->name = mem_dup("");
		return 0;
	}
	if (strncmp(text, "*.", 2) == 0)
		rest = text + 2;
	else if (text[0] == '.')
		rest = text + 1;
	if (name_normalize(rest, name, err) < 0)
		return err->code;
	i->exact = rest == text;
	i->itself = text[0] != '*';
	i->name = mem_dup(name);
	i->text = mem_printf("%.*s%s", (int)(rest - text), text, name);
	return 0;
}

static int identifiers_read(const json_t *array, struct grants *g, struct problem *problem)
{
	size_t count = json_array_size(array);
	char step[24];
	struct err err;

	if (count < 1 || count > GRANTS_IDENTIFIERS_MAX)
		return problem_set(problem, 422, ERR_INVALID, NULL, "1 to %d identifiers are granted, not %zu",
		                   GRANTS_IDENTIFIERS_MAX, count);
	g->identifiers = mem_new(count, sizeof(*g->identifiers));
	for (size_t i = 0; i < count; i++) {
		const char *text = json_string_value(json_array_get(array, i));

		if (!text)
			err_set(&err, ERR_INVALID, "must be a text");
		else if (identifier_read(text, &g->identifiers[g->identifier_count], &g->all, &err) == 0) {
			g->identifier_count++;
			continue;
		}
		snprintf(step, sizeof(step), "%zu", i);
		problem_set(problem, 422, ERR_INVALID, NULL, "identifier %zu: %s", i + 1, err.text);
		problem_inside(problem, step);
		return ERR_INVALID;
	}
	return 0;
}

static bool address_read(const char *text, unsigned char address[16], bool *v4)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

	memcpy(address, mapped, sizeof(mapped));
	*v4 = inet_pton(AF_INET, text, address + 12) == 1;
	if (*v4)
		return true;
	if (inet_pton(AF_INET6, text, address) != 1)
		return false;
	*v4 = memcmp(address, mapped, sizeof(mapped)) == 0;
	return true;
}

static int network_read(const char *text, struct network *n, struct err *err)
{
	char address[64];
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	unsigned long bits;
	bool v4;

	if (length >= sizeof(address))
		return err_set(err, ERR_INVALID, "\"%.60s\" is not a network", text);
	memcpy(address, text, length);
	address[length] = '\0';
	if (!address_read(address, n->address, &v4))
		return err_set(err, ERR_INVALID, "\"%.60s\" is not an address or network like 192.0.2.0/24", text);
	v4 = v4 && !strchr(address, ':');
	bits = v4 ? 32 : 128;
	if (slash) {
		size_t digits = strspn(slash + 1, "0123456789");
		unsigned long given = strtoul(slash + 1, NULL, 10);

		if (digits < 1 || digits > 3 || slash[1 + digits] || given > bits)
			return err_set(err, ERR_INVALID, "\"%.60s\": the prefix length is 0 to %lu", text, bits);
		bits = given;
	}
	n->bits = (unsigned)(v4 ? bits + 96 : bits);
	n->text = mem_dup(text);
	return 0;
}

static int networks_read(const json_t *array, struct grants *g, struct problem *problem)
{
	size_t count = json_array_size(array);
	struct err err;
	char step[24];

	if (count > GRANTS_NETWORKS_MAX)
		return problem_set(problem, 422, ERR_INVALID, NULL, "at most %d networks, not %zu", GRANTS_NETWORKS_MAX, count);
	/* An empty list would read as "from anywhere" here and as "from nowhere" to who wrote it. */
	if (!count)
		return problem_set(problem, 422, ERR_INVALID, NULL, "networks is empty; leave it out to allow every address");
	g->networks = mem_new(count, sizeof(*g->networks));
	for (size_t i = 0; i < count; i++) {
		const char *text = json_string_value(json_array_get(array, i));

		if (!text)
			err_set(&err, ERR_INVALID, "network %zu must be a text", i + 1);
		else if (network_read(text, &g->networks[g->network_count], &err) == 0) {
			g->network_count++;
			continue;
		}
		snprintf(step, sizeof(step), "%zu", i);
		problem_set(problem, 422, ERR_INVALID, NULL, "%s", err.text);
		problem_inside(problem, step);
		return ERR_INVALID;
	}
	return 0;
}

static int types_read(const json_t *array, struct grants *g, struct problem *problem)
{
	for (size_t i = 0; i < CHALLENGE_TYPES; i++)
		g->types[i] = !array;
	if (array && !json_array_size(array))
		return problem_set(problem, 422, ERR_INVALID, NULL, "types is empty; leave it out to allow both");
	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *text = json_string_value(json_array_get(array, i));
		int type = text ? challenge_type_from_name(text) : -1;

		if (type < 0)
			return problem_set(problem, 422, ERR_INVALID, NULL, "a type is \"http-01\" or \"dns-01\"");
		g->types[type] = true;
	}
	return 0;
}

struct grants_body { json_t *identifiers, *types, *networks; bool wildcard; };

static const struct field grants_fields[] = {
	{ "identifiers", FIELD_ARRAY, offsetof(struct grants_body, identifiers), .required = true },
	{ "wildcard", FIELD_BOOL, offsetof(struct grants_body, wildcard) },
	{ "types", FIELD_ARRAY, offsetof(struct grants_body, types) },
	{ "networks", FIELD_ARRAY, offsetof(struct grants_body, networks) },
	{ NULL },
};

static int grants_fill(const struct grants_body *body, struct grants *g, struct problem *problem)
{
	const char *part = NULL;

	g->wildcard = body->wildcard;
	if (identifiers_read(body->identifiers, g, problem) < 0)
		part = "identifiers";
	else if (types_read(body->types, g, problem) < 0)
		part = "types";
	else if (body->networks && networks_read(body->networks, g, problem) < 0)
		part = "networks";
	if (!part)
		return 0;
	problem_inside(problem, part);
	return problem->err.code;
}

int grants_read(const json_t *object, struct grants **ret, struct problem *problem)
{
	struct grants_body body = { 0 };
	struct grants *g;

	if (fields_read(object, grants_fields, &body, problem) < 0)
		return problem->err.code;
	g = mem_new(1, sizeof(*g));
	if (grants_fill(&body, g, problem) < 0) {
		grants_free(g);
		return problem->err.code;
	}
	*ret = g;
	return 0;
}

int grants_parse(const char *text, struct grants **ret, struct err *err)
{
	struct problem problem = { 0 };
	json_t *object = NULL;
	int code = fields_parse(text, strlen(text), &object, &problem);

	if (code == 0)
		code = grants_read(object, ret, &problem);
	json_decref(object);
	return code < 0 ? err_set(err, code, "%s", problem.err.text) : 0;
}

struct grants *grants_all(void)
{
	struct grants *g = NULL;
	struct err err;

	grants_parse("{\"identifiers\":[\"*\"],\"wildcard\":true}", &g, &err);
	return g;
}

json_t *grants_json(const struct grants *g)
{
	json_t *identifiers = json_array(), *types = json_array(), *networks = json_array(), *all;

	for (size_t i = 0; i < g->identifier_count; i++)
		json_array_append_new(identifiers, json_string(g->identifiers[i].text));
	for (int i = 0; i < CHALLENGE_TYPES; i++)
		if (g->types[i])
			json_array_append_new(types, json_string(challenge_type_name(i)));
	for (size_t i = 0; i < g->network_count; i++)
		json_array_append_new(networks, json_string(g->networks[i].text));
	all = json_pack("{so sb so}", "identifiers", identifiers, "wildcard", g->wildcard, "types", types);
	if (g->network_count)
		json_object_set(all, "networks", networks);
	json_decref(networks);
	return all;
}

bool grants_operator(const struct grants *g)
{
	return g->all;
}

/* A wildcard stands for every name below: only a grant that holds all of those covers it. */
static bool identifier_covers(const struct identifier *i, const char *name, bool wildcard)
{
	bool same = strcmp(i->name, name) == 0;

	if (!i->name[0])
		return true;
	if (i->exact)
		return same && !wildcard;
	if (same)
		return wildcard || i->itself;
	return name_is_below(name, i->name);
}

int grants_allow(const struct grants *g, enum challenge_type type, const char *domain, struct err *err)
{
	char name[NAME_SIZE];
	bool wildcard = false;

	if (name_identifier(domain, name, &wildcard, err) < 0)
		return err->code;
	if (!g->types[type])
		return err_set(err, ERR_DENIED, "%s is not granted to this client", challenge_type_name(type));
	if (wildcard && !g->wildcard && !g->all)
		return err_set(err, ERR_DENIED, "wildcards are not granted to this client (*.%s)", name);
	for (size_t i = 0; i < g->identifier_count; i++)
		if (identifier_covers(&g->identifiers[i], name, wildcard))
			return 0;
	return err_set(err, ERR_DENIED, "%s%s is not granted to this client", wildcard ? "*." : "", name);
}

static bool network_holds(const struct network *n, const unsigned char address[16])
{
	unsigned bytes = n->bits / 8, rest = n->bits % 8;

	if (memcmp(n->address, address, bytes) != 0)
		return false;
	return !rest || ((n->address[bytes] ^ address[bytes]) >> (8 - rest)) == 0;
}

bool grants_allow_peer(const struct grants *g, const char *peer)
{
	unsigned char address[16];
	bool v4;

	if (!g->network_count)
		return true;
	if (!address_read(peer, address, &v4))
		return false;
	for (size_t i = 0; i < g->network_count; i++)
		if (network_holds(&g->networks[i], address))
			return true;
	return false;
}
