#include "solver/engine/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/crypto/crypto.h"

#define DEADLINE_MIN_MS 1000
#define LIFETIME_MAX_MS (30LL * 24 * 3600 * 1000)

static int read_http(const struct challenge_request *r, struct challenge *c, struct err *err)
{
	if (c->wildcard)
		return err_set(err, ERR_INVALID, "a wildcard can only be validated with dns-01");
	if (!r->token || !r->key_authorization)
		return err_set(err, ERR_INVALID, "http-01 needs token and key_authorization");
	if (r->record_name)
		return err_set(err, ERR_INVALID, "record_name belongs to the DNS types; http-01 is served under the domain itself");
	if (r->value)
		return err_set(err, ERR_INVALID, "value belongs to the DNS types; http-01 serves key_authorization");
	if (token_check(r->token, err) < 0 || key_authorization_check(r->key_authorization, r->token, err) < 0)
		return err->code;
	c->token = mem_dup(r->token);
	c->key_authorization = mem_dup(r->key_authorization);
	return 0;
}

static int read_dns(const struct challenge_request *r, struct challenge *c, struct err *err)
{
	char value[SHA256_TEXT_SIZE], fqdn[NAME_SIZE];

	if (!r->value == !r->key_authorization)
		return err_set(err, ERR_INVALID, "%s needs either value or key_authorization", challenge_type_name(r->type));
	if (r->token && token_check(r->token, err) < 0)
		return err->code;
	if (request_record_name(c, fqdn, err) < 0)
		return err->code;
	if (r->key_authorization) {
		if (key_authorization_check(r->key_authorization, r->token, err) < 0)
			return err->code;
		crypto_dns01_value(r->key_authorization, value);
		c->value = mem_dup(value);
		return 0;
	}
	if (value_check(r->value, err) < 0)
		return err->code;
	c->value = mem_dup(r->value);
	return 0;
}

int request_record_name(const struct challenge *c, char ret_fqdn[NAME_SIZE], struct err *err)
{
	if (!c->record_name)
		return name_challenge(c->identifier, ret_fqdn, err);
	snprintf(ret_fqdn, NAME_SIZE, "%s", c->record_name);
	return 0;
}

int request_read_challenge(const struct challenge_request *r, struct challenge *c, struct err *err)
{
	char name[NAME_SIZE];

	c->type = r->type;
	if (!r->domain)
		return err_set(err, ERR_INVALID, "domain is missing");
	if (name_identifier(r->domain, name, &c->wildcard, err) < 0)
		return err->code;
	c->identifier = mem_dup(name);
	if (r->record_name && name_normalize(r->record_name, name, err) < 0)
		return err_in(err, "record_name");
	c->record_name = r->record_name ? mem_dup(name) : NULL;
	c->account_uri = mem_dup(r->account_uri);
	switch (r->type) {
	case CHALLENGE_HTTP01:
		return read_http(r, c, err);
	case CHALLENGE_DNS01:
		return read_dns(r, c, err);
	case CHALLENGE_TLS_ALPN01:
		return err_set(err, ERR_UNSUPPORTED, "tls-alpn-01 can be checked but not presented: only the web server itself can answer it");
	default:
		return err_set(err, ERR_UNSUPPORTED, "%s cannot be presented", challenge_type_name(r->type));
	}
}

static int no_route(const struct challenge *c, struct err *err)
{
	return err_set(err, ERR_DENIED, "no route of the configuration serves %s for %s; add one under routes:",
	               challenge_type_name(c->type), c->identifier);
}

static bool has_dns_route(const struct config *config)
{
	for (size_t i = 0; i < config->route_count; i++)
		if (config->routes[i].type != CHALLENGE_HTTP01)
			return true;
	return !config->route_count;
}

/* The route of dns-01 is that of the place where the record must stand, which is known later (plan in
 * publish.c); here only what can never work is refused. */
static int choose_route(const struct config *config, struct challenge *c, struct err *err)
{
	const struct config_route *route;

	if (challenge_type_is_dns(c->type))
		return has_dns_route(config) ? 0 : no_route(c, err);
	route = config_route(config, c->type, c->identifier);
	if (!route)
		return no_route(c, err);
	c->provider = mem_dup(route->publish == ROUTE_FOLDER ? "folder" : "responder");
	c->zone = route->publish == ROUTE_FOLDER ? mem_dup(route->folder) : NULL;
	return 0;
}

static int read_order(const struct config *config, const struct order_request *r, int64_t now_ms, struct order *o, struct err *err)
{
	if (r->count < 1 || r->count > ORDER_MAX)
		return err_set(err, ERR_INVALID, "an order holds 1 to %d challenges, not %zu", ORDER_MAX, r->count);
	if (r->deadline_ms && (r->deadline_ms < DEADLINE_MIN_MS || r->deadline_ms > LIFETIME_MAX_MS))
		return err_set(err, ERR_INVALID, "the deadline must lie between 1 s and 30 d");
	if (r->lifetime_ms < 0 || r->lifetime_ms > LIFETIME_MAX_MS)
		return err_set(err, ERR_INVALID, "the lifetime must not be over 30 d");
	(void)config;
	*o = (struct order){ .client = mem_dup(r->client), .callback_url = mem_dup(r->callback_url),
	                     .callback_secret = mem_dup(r->callback_secret), .label = mem_dup(r->label),
	                     .created_ms = now_ms };
	id_new(o->id, "or");
	return 0;
}

static int read_one(const struct config *config, const struct order_request *r, const struct order *o, size_t i,
                    struct challenge *c, struct err *err)
{
	const struct challenge_request *request = &r->challenges[i];

	id_new(c->id, "ch");
	memcpy(c->order_id, o->id, ID_SIZE);
	c->client = mem_dup(r->client);
	c->created_ms = c->updated_ms = o->created_ms;
	c->deadline_ms = o->created_ms + (r->deadline_ms ? r->deadline_ms : config->challenge.deadline_ms);
	c->expires_ms = o->created_ms + (r->lifetime_ms ? r->lifetime_ms : config->challenge.lifetime_ms);
	if (request_read_challenge(request, c, err) < 0 || choose_route(config, c, err) < 0)
		return err_in(err, "challenge %zu (%s %.100s)", i + 1, challenge_type_name(request->type),
		              request->domain ? request->domain : "?");
	return 0;
}

int request_read(const struct config *config, const struct order_request *r, int64_t now_ms, struct order *ret_order,
                 struct challenge **ret_list, struct err *err)
{
	struct challenge *list;

	if (read_order(config, r, now_ms, ret_order, err) < 0)
		return err->code;
	list = mem_new(r->count, sizeof(*list));
	for (size_t i = 0; i < r->count; i++) {
		if (read_one(config, r, ret_order, i, &list[i], err) == 0)
			continue;
		for (size_t k = 0; k <= i; k++)
			challenge_done(&list[k]);
		free(list);
		order_done(ret_order);
		return err->code;
	}
	*ret_list = list;
	return 0;
}

char *check_expected(const struct check_request *r)
{
	char value[SHA256_TEXT_SIZE];

	if (r->type == CHALLENGE_HTTP01)
		return mem_dup(r->key_authorization);
	if (!r->key_authorization)
		return mem_dup(r->value);
	crypto_dns01_value(r->key_authorization, value);
	return mem_dup(value);
}
