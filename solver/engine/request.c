#include "solver/engine/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/base/shared.h"
#include "solver/crypto/crypto.h"
#include "solver/engine/entry.h"
#include "solver/engine/identity.h"
#include "solver/engine/record.h"
#include "solver/engine/route.h"
#include "solver/verdict/dns/persist_record.h"

#define DEADLINE_MIN_MS 1000
#define DAY_MS (24LL * 3600 * 1000)
#define LIFETIME_MAX_MS (30 * DAY_MS)
#define STANDING_MAX_MS (3650 * DAY_MS)     /* dns-persist-01 */
#define STANDING_DEFAULT_MS (365 * DAY_MS)

static int check_wanted(const struct challenge_request *r, struct err *err)
{
	return r->raw ? 0 : wanted_check(r->type, r->token, r->key_authorization, r->value, r->instead, err);
}

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
	if (token_check(r->token, err) < 0 || key_authorization_check(r->key_authorization, r->token, err) < 0 || check_wanted(r, err) < 0)
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
	if (record_name(c, fqdn, err) < 0 || check_wanted(r, err) < 0)
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

/* A record that no authority could read stands for a year without use. */
static int check_standing(const char *value, struct err *err)
{
	struct persist_record p;
	int rc = persist_record_parse((const unsigned char *)value, strlen(value), &p, err);

	persist_record_done(&p);
	return rc < 0 ? err_in(err, "value: no authority reads it") : 0;
}

/* The record is the caller's, or is made from the authority and the account. */
static int read_persist(const struct challenge_request *r, const struct authority *a, struct challenge *c, struct err *err)
{
	CLEANUP(mem_freep) char *value = NULL;
	CLEANUP(mem_freep) char *account = NULL;
	char fqdn[NAME_SIZE];

	if (r->key_authorization || r->token)
		return err_set(err, ERR_INVALID, "dns-persist-01 has no token and no key authorization: its record names the account");
	if (!r->value == !r->account_uri)
		return err_set(err, ERR_INVALID, "dns-persist-01 needs either value or account_uri");
	if (record_name(c, fqdn, err) < 0)
		return err->code;
	if (!r->value && (!a || !a->issuers || !a->issuers[0]))
		return err_set(err, ERR_INVALID, "authority %s has no issuer domain name that a record could name", a ? a->name : "?");
	if (r->value && !r->raw && check_standing(r->value, err) < 0)
		return err->code;
	account = r->value ? NULL : persist_account_text(a, c->identifier, c->account_uri, r->account_thumbprint);
	if (!r->value && !account)
		return err_set(err, ERR_INVALID, "authority %s wants a digest of the account: account_thumbprint (of the account's key) is needed too", a->name);
	value = r->value ? mem_dup(r->value) : persist_value(a->issuers[0], account, c->wildcard, c->expires_ms / 1000);
	if (value_check(value, err) < 0)
		return err->code;
	c->value = mem_dup(value);
	return 0;
}

int request_read_challenge(const struct challenge_request *r, const struct authority *a, struct challenge *c, struct err *err)
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
	if (r->record_name && challenge_type_is_dns(r->type) && record_label_check(r->type, name, err) < 0)
		return err->code;
	c->record_name = r->record_name ? mem_dup(name) : NULL;
	if (r->account_uri && account_uri_check(r->type, r->account_uri, err) < 0)
		return err->code;
	c->account_uri = shared_text(r->account_uri);
	switch (r->type) {
	case CHALLENGE_HTTP01:
		return read_http(r, c, err);
	case CHALLENGE_DNS01:
	case CHALLENGE_DNS_ACCOUNT01:
		return read_dns(r, c, err);
	case CHALLENGE_DNS_PERSIST01:
		return read_persist(r, a, c, err);
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

/* The route of dns-01 is that of the place where the record must stand, which is known later (plan.c); here only what can never work is refused. */
static int choose_route(const struct config *config, struct challenge *c, struct err *err)
{
	const struct config_route *route;

	if (challenge_type_is_dns(c->type))
		return has_dns_route(config) ? 0 : no_route(c, err);
	route = config_route(config, c->type, c->identifier);
	if (!route)
		return no_route(c, err);
	c->provider = shared_text(route->publish == ROUTE_FOLDER ? "folder" : "responder");
	c->zone = route->publish == ROUTE_FOLDER ? shared_text(route->folder) : NULL;
	return 0;
}

/* Only what is made to stand may stand long. */
static int check_lifetime(const struct order_request *r, struct err *err)
{
	bool standing = true;

	for (size_t i = 0; i < r->count; i++)
		standing = standing && r->challenges[i].type == CHALLENGE_DNS_PERSIST01;
	if (r->lifetime_ms == LIFETIME_FOREVER && !standing)
		return err_set(err, ERR_INVALID, "only records of dns-persist-01 may stand for ever");
	if (r->lifetime_ms < LIFETIME_FOREVER || r->lifetime_ms > (standing ? STANDING_MAX_MS : LIFETIME_MAX_MS))
		return err_set(err, ERR_INVALID, "the lifetime must not be over %s", standing ? "3650 d" : "30 d");
	return 0;
}

static int64_t lifetime_of(const struct config *config, const struct order_request *r, enum challenge_type type)
{
	if (r->lifetime_ms)
		return r->lifetime_ms;
	return type == CHALLENGE_DNS_PERSIST01 ? STANDING_DEFAULT_MS : config->challenge.lifetime_ms;
}

static int read_order(const struct order_request *r, int64_t now_ms, struct order *o, struct err *err)
{
	if (r->count < 1 || r->count > ORDER_MAX)
		return err_set(err, ERR_INVALID, "an order holds 1 to %d challenges, not %zu", ORDER_MAX, r->count);
	if (r->deadline_ms && (r->deadline_ms < DEADLINE_MIN_MS || r->deadline_ms > LIFETIME_MAX_MS))
		return err_set(err, ERR_INVALID, "the deadline must lie between 1 s and 30 d");
	if (check_lifetime(r, err) < 0)
		return err->code;
	*o = (struct order){ .client = mem_dup(r->client), .callback_url = mem_dup(r->callback_url),
	                     .callback_secret = mem_dup(r->callback_secret), .label = mem_dup(r->label),
	                     .created_ms = now_ms };
	id_new(o->id, "or");
	return 0;
}

/* The rules that apply to the name, before it was read. */
static const struct authority *authority_of(const struct engine *e, const struct challenge_request *r)
{
	char name[NAME_SIZE];
	const struct config_route *route;
	bool wildcard;

	if (!r->domain || name_identifier(r->domain, name, &wildcard, NULL) < 0)
		return NULL;
	route = config_route(e->config, r->type, name);
	return checker_authority(e->checker, route ? route->authority : NULL);
}

static void free_all(struct order *o, struct challenge *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		challenge_done(&list[i]);
	free(list);
	order_done(o);
}

static int read_one(const struct engine *e, const struct order_request *r, const struct order *o, size_t i,
                    struct challenge *c, struct err *err)
{
	const struct challenge_request *request = &r->challenges[i];
	int64_t lifetime_ms = lifetime_of(e->config, r, request->type);

	id_new(c->id, "ch");
	memcpy(c->order_id, o->id, ID_SIZE);
	c->client = shared_text(r->client);
	c->created_ms = c->updated_ms = o->created_ms;
	c->within_ms = r->deadline_ms ? r->deadline_ms : e->config->challenge.deadline_ms;
	c->deadline_ms = o->created_ms + c->within_ms;
	c->expires_ms = lifetime_ms == LIFETIME_FOREVER ? 0 : o->created_ms + lifetime_ms;
	if (request_read_challenge(request, authority_of(e, request), c, err) < 0 || choose_route(e->config, c, err) < 0 ||
	    route_check_name(e, c, err) < 0)
		return err_in(err, "challenge %zu (%s %.100s)", i + 1, challenge_type_name(request->type),
		              request->domain ? request->domain : "?");
	return 0;
}

int request_read(const struct engine *e, const struct order_request *r, int64_t now_ms, struct order *ret_order,
                 struct challenge **ret_list, struct err *err)
{
	struct challenge *list;
	int code = 0;

	if (read_order(r, now_ms, ret_order, err) < 0)
		return err->code;
	list = mem_new(r->count, sizeof(*list));
	for (size_t i = 0; i < r->count && code == 0; i++)
		code = read_one(e, r, ret_order, i, &list[i], err);
	if (code == 0)
		code = identity_check_unique(list, r->count, err);
	if (code < 0) {
		free_all(ret_order, list, r->count);
		return code;
	}
	*ret_list = list;
	return 0;
}
