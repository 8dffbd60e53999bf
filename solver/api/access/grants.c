#include "solver/api/access/grants.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/api/common/fields.h"
#include "solver/base/network.h"
#include "solver/api/access/subject.h"
#include "solver/base/mem.h"
#include "solver/dns/name.h"

struct identifier {
	char *text;   /* as granted, normalised: "a.b", "*.a.b", ".a.b", "*" */
	char *name;   /* "a.b"; "" for "*" */
	bool exact;   /* the name only */
	bool itself;  /* the name is included */
};

struct texts {
	char **items;
	size_t count;
};

struct grants {
	struct identifier *identifiers;
	size_t identifier_count;
	struct networks *networks;
	struct texts doors, identities;
	struct subject_rule *certificates;
	size_t certificate_count;
	struct rate rate;
	char *rate_text;
	enum role role;
	bool types[CHALLENGE_TYPES];
	bool wildcard, all;
};

static void texts_free(struct texts *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->items[i]);
	free(t->items);
}

static bool texts_hold(const struct texts *t, const char *text)
{
	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->items[i], text) == 0)
			return true;
	return false;
}

void grants_free(struct grants *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->identifier_count; i++) {
		free(g->identifiers[i].text);
		free(g->identifiers[i].name);
	}
	for (size_t i = 0; i < g->certificate_count; i++)
		subject_rule_done(&g->certificates[i]);
	networks_free(g->networks);
	texts_free(&g->doors);
	texts_free(&g->identities);
	free(g->identifiers);
	free(g->certificates);
	free(g->rate_text);
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

	if (!count)
		return problem_set(problem, 422, ERR_INVALID, NULL, "no identifier is granted; only a reader has none: name one at least (--grant NAME), or the role reader");
	if (count > GRANTS_IDENTIFIERS_MAX)
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

/* Lists that narrow down or let in. An empty list would mean "all" here, and "none" to the person who wrote it. */
static int list_check(const json_t *array, size_t max, const char *absent, struct problem *problem)
{
	size_t count = json_array_size(array);

	if (!count)
		return problem_set(problem, 422, ERR_INVALID, NULL, "the list is empty; leave it out %s", absent);
	if (count > max)
		return problem_set(problem, 422, ERR_INVALID, NULL, "at most %zu are granted, not %zu", max, count);
	return 0;
}

static int network_add(struct grants *g, const char *text, struct err *err)
{
	return networks_add(g->networks, text, err);
}

static int door_add(struct grants *g, const char *text, struct err *err)
{
	static const char *const known[] = { "rest", "httpreq", "acme-dns", "cert-manager", "mpic" };

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(known[i], text) == 0) {
			g->doors.items = mem_resize(g->doors.items, g->doors.count + 1, sizeof(char *));
			g->doors.items[g->doors.count++] = mem_dup(text);
			return 0;
		}
	return err_set(err, ERR_INVALID, "there is no door \"%.40s\"; it is rest, httpreq, acme-dns, cert-manager or mpic", text);
}

static int identity_add(struct grants *g, const char *text, struct err *err)
{
	if (!*text || strlen(text) > GRANTS_TEXT_MAX)
		return err_set(err, ERR_INVALID, "an identity has 1 to %d characters", GRANTS_TEXT_MAX);
	g->identities.items = mem_resize(g->identities.items, g->identities.count + 1, sizeof(char *));
	g->identities.items[g->identities.count++] = mem_dup(text);
	return 0;
}

static int certificate_add(struct grants *g, const char *text, struct err *err)
{
	struct subject_rule rule;

	if (subject_rule_read(text, &rule, err) < 0)
		return err->code;
	g->certificates = mem_resize(g->certificates, g->certificate_count + 1, sizeof(rule));
	g->certificates[g->certificate_count++] = rule;
	return 0;
}

static int list_read(const json_t *array, struct grants *g, const char *absent,
                     int (*add)(struct grants *g, const char *text, struct err *err), struct problem *problem)
{
	char step[24];
	struct err err;

	if (!array)
		return 0;
	if (list_check(array, GRANTS_LIST_MAX, absent, problem) < 0)
		return problem->err.code;
	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *text = json_string_value(json_array_get(array, i));

		if (!text)
			err_set(&err, ERR_INVALID, "each must be a text");
		else if (add(g, text, &err) == 0)
			continue;
		snprintf(step, sizeof(step), "%zu", i);
		problem_set(problem, 422, ERR_INVALID, NULL, "%s", err.text);
		problem_inside(problem, step);
		return ERR_INVALID;
	}
	return 0;
}

static int rate_set(const char *text, struct grants *g, struct problem *problem)
{
	struct err err;

	if (!text)
		return 0;
	if (rate_read(text, &g->rate, &err) < 0)
		return problem_set(problem, 422, ERR_INVALID, NULL, "%s", err.text);
	g->rate_text = mem_dup(text);
	return 0;
}

static int types_read(const json_t *array, struct grants *g, struct problem *problem)
{
	for (size_t i = 0; i < CHALLENGE_TYPES; i++)
		g->types[i] = !array;
	if (array && !json_array_size(array))
		return problem_set(problem, 422, ERR_INVALID, NULL, "types is empty; leave it out to allow all");
	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *text = json_string_value(json_array_get(array, i));
		int type = text ? challenge_type_from_name(text) : -1;

		if (type < 0)
			return problem_set(problem, 422, ERR_INVALID, NULL, "a type is \"http-01\", \"dns-01\", \"dns-account-01\", \"dns-persist-01\" or \"tls-alpn-01\"");
		g->types[type] = true;
	}
	return 0;
}

struct grants_body {
	json_t *identifiers, *types, *networks, *doors, *certificates, *identities;
	const char *rate, *role;
	bool wildcard;
};

static const struct field grants_fields[] = {
	{ "role", FIELD_TEXT, offsetof(struct grants_body, role) },
	{ "identifiers", FIELD_ARRAY, offsetof(struct grants_body, identifiers) },
	{ "wildcard", FIELD_BOOL, offsetof(struct grants_body, wildcard) },
	{ "types", FIELD_ARRAY, offsetof(struct grants_body, types) },
	{ "networks", FIELD_ARRAY, offsetof(struct grants_body, networks) },
	{ "doors", FIELD_ARRAY, offsetof(struct grants_body, doors) },
	{ "certificates", FIELD_ARRAY, offsetof(struct grants_body, certificates) },
	{ "identities", FIELD_ARRAY, offsetof(struct grants_body, identities) },
	{ "rate", FIELD_TEXT, offsetof(struct grants_body, rate) },
	{ NULL },
};

/* ---- the role ---- */

static const char *const role_names[] = { [ROLE_CLIENT] = "client", [ROLE_READER] = "reader", [ROLE_OPERATOR] = "operator" };

const char *role_name(enum role role)
{
	return role_names[role];
}

static enum role implied_role(const struct grants *g)
{
	return g->all ? ROLE_OPERATOR : ROLE_CLIENT;
}

static int role_read(const char *text, const struct grants *g, enum role *ret, struct problem *problem)
{
	*ret = implied_role(g);
	if (!text)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(role_names); i++)
		if (strcmp(role_names[i], text) == 0) {
			*ret = (enum role)i;
			return 0;
		}
	return problem_set(problem, 422, ERR_INVALID, NULL, "a role is client, reader or operator, not \"%.40s\"", text);
}

static int refuse_operator(struct problem *problem)
{
	return problem_set(problem, 422, ERR_INVALID, NULL, "an operator is granted the identifier \"*\": name it too (--grant '*')");
}

/* Check everything else first: how many identifiers are needed depends on the role. */
static int role_check(const struct grants_body *body, const struct grants *g, struct problem *problem)
{
	enum role role;

	if (role_read(body->role, g, &role, problem) < 0)
		return problem->err.code;
	return role == ROLE_OPERATOR && !body->identifiers ? refuse_operator(problem) : 0;
}

static int role_set(const struct grants_body *body, struct grants *g, struct problem *problem)
{
	if (role_read(body->role, g, &g->role, problem) < 0)
		return problem->err.code;
	if (g->role == ROLE_OPERATOR && !g->all)
		return refuse_operator(problem);
	if (g->role == ROLE_READER && body->identifiers)
		return problem_set(problem, 422, ERR_INVALID, NULL, "a reader changes nothing, so that it is granted no identifiers; leave them out");
	return 0;
}

static int grants_fill(const struct grants_body *body, struct grants *g, struct problem *problem)
{
	bool reads = body->role && strcmp(body->role, role_names[ROLE_READER]) == 0;
	const char *part = NULL;

	g->wildcard = body->wildcard;
	if (role_check(body, g, problem) < 0)
		part = "role";
	else if (!(reads && !body->identifiers) && identifiers_read(body->identifiers, g, problem) < 0)
		part = "identifiers";
	else if (role_set(body, g, problem) < 0)
		part = "role";
	else if (types_read(body->types, g, problem) < 0)
		part = "types";
	else if (list_read(body->networks, g, "to allow every address", network_add, problem) < 0)
		part = "networks";
	else if (list_read(body->doors, g, "to allow every door", door_add, problem) < 0)
		part = "doors";
	else if (list_read(body->certificates, g, "where the client has none", certificate_add, problem) < 0)
		part = "certificates";
	else if (list_read(body->identities, g, "where the client has none", identity_add, problem) < 0)
		part = "identities";
	else if (rate_set(body->rate, g, problem) < 0)
		part = "rate";
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
	g->networks = networks_new();
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

/* Takes the array; an empty one means "all" and is left out, as it was when it was read. */
static void put_list(json_t *all, const char *name, json_t *array)
{
	if (json_array_size(array))
		json_object_set(all, name, array);
	json_decref(array);
}

static void put_text(json_t *array, const char *text)
{
	json_array_append_new(array, json_string(text));
}

static json_t *texts_json(const struct texts *t)
{
	json_t *array = json_array();

	for (size_t i = 0; i < t->count; i++)
		put_text(array, t->items[i]);
	return array;
}

json_t *grants_json(const struct grants *g)
{
	json_t *identifiers = json_array(), *types = json_array(), *networks = json_array(), *certificates = json_array(), *all;

	for (size_t i = 0; i < g->identifier_count; i++)
		put_text(identifiers, g->identifiers[i].text);
	for (int i = 0; i < CHALLENGE_TYPES; i++)
		if (g->types[i])
			put_text(types, challenge_type_name(i));
	for (size_t i = 0; i < networks_count(g->networks); i++)
		put_text(networks, networks_text(g->networks, i));
	for (size_t i = 0; i < g->certificate_count; i++)
		put_text(certificates, g->certificates[i].text);
	all = json_pack("{sb so}", "wildcard", g->wildcard, "types", types);
	put_list(all, "identifiers", identifiers);
	if (g->role != implied_role(g))
		json_object_set_new(all, "role", json_string(role_name(g->role)));
	put_list(all, "networks", networks);
	put_list(all, "doors", texts_json(&g->doors));
	put_list(all, "certificates", certificates);
	put_list(all, "identities", texts_json(&g->identities));
	if (g->rate_text)
		json_object_set_new(all, "rate", json_string(g->rate_text));
	return all;
}

enum role grants_role(const struct grants *g)
{
	return g->role;
}

bool grants_operator(const struct grants *g)
{
	return g->role == ROLE_OPERATOR;
}

bool grants_see_all(const struct grants *g)
{
	return g->role != ROLE_CLIENT;
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
	if (wildcard && !g->wildcard && !grants_operator(g))
		return err_set(err, ERR_DENIED, "wildcards are not granted to this client (*.%s)", name);
	for (size_t i = 0; i < g->identifier_count; i++)
		if (identifier_covers(&g->identifiers[i], name, wildcard))
			return 0;
	return err_set(err, ERR_DENIED, "%s%s is not granted to this client", wildcard ? "*." : "", name);
}

bool grants_allow_peer(const struct grants *g, const char *peer)
{
	return !networks_count(g->networks) || networks_hold(g->networks, peer);
}

bool grants_allow_door(const struct grants *g, const char *door)
{
	return !g->doors.count || texts_hold(&g->doors, door);
}

bool grants_identity(const struct grants *g, const char *identity)
{
	return texts_hold(&g->identities, identity);
}

bool grants_certificate(const struct grants *g, const char *subject, const char *cn, const char *fingerprint)
{
	for (size_t i = 0; i < g->certificate_count; i++)
		if (subject_rule_fits(&g->certificates[i], subject, cn, fingerprint))
			return true;
	return false;
}

const char *grants_shared_credential(const struct grants *a, const struct grants *b)
{
	for (size_t i = 0; i < a->identities.count; i++)
		if (texts_hold(&b->identities, a->identities.items[i]))
			return a->identities.items[i];
	for (size_t i = 0; i < a->certificate_count; i++)
		for (size_t k = 0; k < b->certificate_count; k++)
			if (a->certificates[i].kind == b->certificates[k].kind && strcmp(a->certificates[i].key, b->certificates[k].key) == 0)
				return a->certificates[i].text;
	return NULL;
}

const struct rate *grants_rate(const struct grants *g)
{
	return &g->rate;
}

const char *grants_rate_text(const struct grants *g)
{
	return g->rate_text;
}
