/* /v1/delegations: the delegation zones, which names in them belong to whom, and where an identifier's CNAME must point. */
#include <stdlib.h>
#include <string.h>

#include "solver/api/audit/audit.h"
#include "solver/api/rest/delegations.h"
#include "solver/api/rest/rest.h"
#include "solver/base/clock.h"
#include "solver/base/mem.h"

/* ---- what there is ---- */

static json_t *zones_json(const struct config *c)
{
	json_t *zones = json_array();

	for (size_t i = 0; i < c->route_count; i++)
		if (c->routes[i].delegation != DELEGATION_OFF)
			json_array_append_new(zones, json_pack("{ss sb}", "zone", c->routes[i].suffix, "first_use",
			                                       c->routes[i].delegation == DELEGATION_FIRST_USE));
	return zones;
}

static json_t *binding_json(const struct engine_binding *b)
{
	char created[CLOCK_TEXT_SIZE];

	return json_pack("{ss ss ss sb ss}", "name", b->name, "identifier", b->identifier, "by", b->by, "first_use", b->first_use, "created",
	                 clock_text(b->created_ms, created));
}

static void add_binding(const struct engine_binding *b, void *arg)
{
	json_array_append_new(arg, binding_json(b));
}

/* ---- the CNAME of one identifier ---- */

struct wanted {
	const struct config *config;
	const struct engine *engine;
	const char *identifier, *record; /* the name that the CNAME stands at */
	json_t *records;
};

/* A longer delegation zone inside this one, or a binding, would overrule it. */
static void add_target(struct wanted *w, const char *zone, const char *how, const char *label)
{
	CLEANUP(mem_freep) char *text = mem_printf("%s.%s", label, zone);
	const struct config_route *route;
	char name[NAME_SIZE];
	struct err err;

	if (name_normalize(text, name, &err) < 0)
		return;
	route = config_delegation(w->config, name);
	if (route && strcmp(route->suffix, zone) == 0 && !engine_bound(w->engine, name) && engine_delegates(w->engine, name, w->identifier))
		json_array_append_new(w->records, json_pack("{ss ss ss ss}", "name", w->record, "target", name, "zone", zone, "how", how));
}

static void add_bound(const struct engine_binding *b, void *arg)
{
	struct wanted *w = arg;
	const struct config_route *route = config_delegation(w->config, b->name);

	if (route && strcmp(b->identifier, w->identifier) == 0)
		json_array_append_new(w->records, json_pack("{ss ss ss ss}", "name", w->record, "target", b->name, "zone", route->suffix, "how", "bound"));
}

static json_t *records_json(struct api *a, const char *identifier, const char *record)
{
	struct wanted w = { a->config, a->parts.engine, identifier, record, json_array() };
	char digest[TARGET_DIGEST_SIZE];

	target_digest(identifier, digest);
	engine_each_binding(a->parts.engine, add_bound, &w);
	for (size_t i = 0; i < a->config->route_count; i++) {
		const struct config_route *route = &a->config->routes[i];

		if (route->delegation == DELEGATION_OFF)
			continue;
		if (strchr(identifier, '.'))
			add_target(&w, route->suffix, "form", identifier);
		add_target(&w, route->suffix, "digest", digest);
	}
	return w.records;
}

static int add_records(struct api *a, const char *text, json_t *all, struct problem *problem)
{
	char identifier[NAME_SIZE], record[NAME_SIZE], digest[TARGET_DIGEST_SIZE];
	bool wildcard;
	struct err err;

	if (name_identifier(text, identifier, &wildcard, &err) < 0 || name_challenge(identifier, record, &err) < 0)
		return problem_set(problem, 422, err.code, NULL, "identifier: %s", err.text);
	if (name_is_address(identifier))
		return problem_set(problem, 422, ERR_INVALID, NULL, "identifier: %s is an address, and no DNS record proves an address (RFC 8738 section 7)", identifier);
	target_digest(identifier, digest);
	json_object_set_new(all, "identifier", json_string(identifier));
	json_object_set_new(all, "digest", json_string(digest));
	json_object_set_new(all, "records", records_json(a, identifier, record));
	return 0;
}

/* A client may ask for its own names only; operators and readers see the owners of all. */
static int check_asker(struct api *a, struct http_exchange *x, const struct caller *caller, const char *identifier, struct problem *problem)
{
	CLEANUP(mem_freep) char *wildcard = identifier ? mem_printf("*.%s", identifier) : NULL;
	struct err err;

	if (grants_see_all(caller->grants))
		return 0;
	for (size_t type = 0; identifier && type < CHALLENGE_TYPES; type++)
		if (challenge_type_is_dns((enum challenge_type)type) && (grants_allow(caller->grants, (enum challenge_type)type, identifier, &err) == 0 ||
		                                                         grants_allow(caller->grants, (enum challenge_type)type, wildcard, &err) == 0))
			return 0;
	if (identifier)
		problem_set(problem, 403, ERR_DENIED, NULL, "%.253s is not granted to client %s for DNS challenges", identifier, caller->name);
	else
		problem_set(problem, 403, ERR_DENIED, NULL, "client %s sees only where its own names may point: send one as ?identifier=NAME; the list of all needs "
		            "the role operator or reader", caller->name);
	audit_caller(a, caller, "access", NULL, http_exchange_path(x), "denied", problem->err.text);
	return problem->err.code;
}

void delegations_list(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument)
{
	const char *identifier = http_exchange_query(x, "identifier");
	struct problem problem = { 0 };
	json_t *bindings = json_array(), *all = json_object();

	(void)argument;
	if (check_asker(a, x, caller, identifier, &problem) == 0 && (!identifier || add_records(a, identifier, all, &problem) == 0)) {
		if (grants_see_all(caller->grants)) {
			engine_each_binding(a->parts.engine, add_binding, bindings);
			json_object_set(all, "bindings", bindings);
			json_object_set_new(all, "zones", zones_json(a->config));
		}
		reply_json(x, 200, json_incref(all));
	} else {
		reply_problem(a, x, &problem);
	}
	json_decref(bindings);
	json_decref(all);
}

/* ---- bindings that an operator makes and removes ---- */

struct binding_call {
	struct call *call;
	const char *action;
	char *name, *identifier; /* identifier: NULL when it was removed */
};

static struct binding_call *binding_call_new(struct api *a, struct http_exchange *x, const struct caller *caller, const char *action,
                                             const char *name, const char *identifier)
{
	struct binding_call *b = mem_new(1, sizeof(*b));

	*b = (struct binding_call){ call_new(a, x, caller), action, mem_dup(name), mem_dup(identifier) };
	b->call->holders++;
	return b;
}

static void on_kept(const struct err *err, void *arg)
{
	struct binding_call *b = arg;
	struct call *c = b->call;

	call_audit(c, b->action, NULL, b->name, err);
	if (c->x && err->code)
		reply_err(c->api, c->x, err);
	else if (c->x)
		reply_json(c->x, b->identifier ? 201 : 200, json_pack("{ss ss*}", "name", b->name, "identifier", b->identifier));
	call_release(c);
	free(b->name);
	free(b->identifier);
	free(b);
}

void delegations_post(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument)
{
	struct { const char *name, *identifier; } body = { NULL };
	const struct field fields[] = { { "name", FIELD_TEXT, 0, .required = true },
		                        { "identifier", FIELD_TEXT, sizeof(char *), .required = true }, { NULL } };
	struct problem problem = { 0 };
	json_t *document = NULL;
	struct binding_call *b;

	(void)argument;
	if (fields_parse(http_exchange_body(x), http_exchange_body_length(x), &document, &problem) < 0 ||
	    fields_read(document, fields, &body, &problem) < 0) {
		json_decref(document);
		reply_problem(a, x, &problem);
		return;
	}
	b = binding_call_new(a, x, caller, "delegation.bind", body.name, body.identifier);
	if (engine_bind(a->parts.engine, body.name, body.identifier, caller->name, on_kept, b, &problem.err) < 0)
		on_kept(&problem.err, b);
	json_decref(document);
}

void delegations_delete(struct api *a, struct http_exchange *x, const struct caller *caller, const char *name)
{
	struct binding_call *b = binding_call_new(a, x, caller, "delegation.unbind", name, NULL);
	struct err err;

	if (engine_unbind(a->parts.engine, name, on_kept, b, &err) < 0)
		on_kept(&err, b);
}

void api_note_bound(struct api *a, const struct engine_binding *b)
{
	CLEANUP(mem_freep) char *detail = mem_printf("to %s, by its first use", b->identifier);

	audit_note(a, &(struct audit_event){ .door = "engine", .client = b->by, .action = "delegation.bind", .name = b->name, .result = "ok",
	                                     .detail = detail });
}
