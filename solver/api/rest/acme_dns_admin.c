/* /v1/acme-dns/accounts: lists, removes and imports accounts, which the original acme-dns cannot do. */
#include <stdlib.h>
#include <string.h>

#include "solver/api/acmedns/acme_dns.h"
#include "solver/api/acmedns/acme_dns_body.h"
#include "solver/api/rest/rest.h"
#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/crypto/password.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MAX 1000
#define IMPORT_MAX 1000

static void count_one(const struct challenge *c, void *arg)
{
	static const char prefix[] = DOOR_ACME_DNS ":";
	struct account *account = NULL;

	if (c->state < CHALLENGE_WITHDRAWING && strncmp(c->client, prefix, strlen(prefix)) == 0)
		account = accounts_subdomain(arg, c->client + strlen(prefix));
	if (account)
		account->values++;
}

/* Reads all live challenges once, however many accounts are listed. */
static void count_values(struct api *a)
{
	const struct challenge_filter filter = { .state = -1, .type = CHALLENGE_DNS01 };

	for (struct account *account = a->accounts->by_subdomain; account; account = account->by_subdomain.next)
		account->values = 0;
	engine_list(a->parts.engine, &filter, NULL, SIZE_MAX, count_one, a->accounts);
}

static json_t *account_json(struct api *a, const struct account *account)
{
	const struct store_account *s = &account->stored;
	char created[CLOCK_TEXT_SIZE], name[NAME_SIZE] = "";

	if (acme_dns_zone(a->config))
		acme_dns_name(a->config, s->subdomain, name);
	return json_pack("{ss ss ss so sI ss sb}", "subdomain", s->subdomain, "username", s->username, "fulldomain", name, "allowfrom",
	                 allow_from_json(account), "values", (json_int_t)account->values, "created", clock_text(s->created_ms, created), "revoked", s->revoked);
}

/* ---- list ---- */

static int read_limit(struct http_exchange *x, size_t *ret, struct problem *problem)
{
	const char *text = http_exchange_query(x, "limit");
	size_t digits = text ? strspn(text, "0123456789") : 0;

	*ret = LIMIT_DEFAULT;
	if (!text)
		return 0;
	*ret = digits && digits < 6 ? strtoul(text, NULL, 10) : 0;
	if (text[digits] || *ret < 1 || *ret > LIMIT_MAX)
		return problem_set(problem, 400, ERR_INVALID, NULL, "limit is a number from 1 to %d", LIMIT_MAX);
	return 0;
}

void acme_dns_accounts_list(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument)
{
	const char *after = http_exchange_query(x, "after"), *zone = acme_dns_zone(a->config);
	const struct account *account = after ? accounts_subdomain(a->accounts, after) : NULL;
	json_t *list = json_array(), *next = json_null();
	struct problem problem = { 0 };
	size_t limit;

	(void)caller;
	(void)argument;
	if (after && !account)
		problem_set(&problem, 400, ERR_INVALID, NULL, "there is no account %.63s; start from the first page", after);
	if (problem.err.code || read_limit(x, &limit, &problem) < 0) {
		json_decref(list);
		reply_problem(a, x, &problem);
		return;
	}
	count_values(a);
	for (account = account ? account->by_subdomain.next : a->accounts->by_subdomain; account && json_array_size(list) < limit;
	     account = account->by_subdomain.next) {
		json_array_append_new(list, account_json(a, account));
		if (json_array_size(list) == limit && account->by_subdomain.next)
			next = json_string(account->stored.subdomain);
	}
	reply_json(x, 200, json_pack("{so so so}", "zone", zone ? json_string(zone) : json_null(), "accounts", list, "next", next));
}

/* ---- remove ---- */

/* Confirmed when the journal has the end of each value: a restart would publish the others again. */
struct removal {
	struct call *call;
	char *subdomain;
	unsigned pending; /* values, and one until all were asked for */
	struct err err;
};

static void removal_answer(struct removal *r)
{
	struct call *c = r->call;
	const struct account *account = c->api ? accounts_subdomain(c->api->accounts, r->subdomain) : NULL;

	call_audit(c, "acme-dns.remove", NULL, r->subdomain, &r->err);
	if (c->x && r->err.code)
		reply_err(c->api, c->x, &r->err);
	else if (c->x)
		reply_json(c->x, 200, account_json(c->api, account));
}

static void on_value_released(const struct err *err, void *arg)
{
	struct removal *r = arg;

	if (err && err->code && !r->err.code)
		r->err = *err;
	if (--r->pending)
		return;
	removal_answer(r);
	call_release(r->call);
	free(r->subdomain);
	free(r);
}

struct standing_ids {
	struct engine *engine;
	json_t *ids;
};

/* Includes values that are being released but whose release is not in the journal yet. */
static void add_standing(const struct challenge *c, void *arg)
{
	struct standing_ids *s = arg;

	if (engine_kept_state(s->engine, c->id) < CHALLENGE_WITHDRAWING)
		json_array_append_new(s->ids, json_string(c->id));
}

static void release_values(struct api *a, struct removal *r)
{
	struct standing_ids s = { a->parts.engine, json_array() };
	char client[80];
	const struct challenge_filter filter = { .client = client, .state = -1, .type = CHALLENGE_DNS01 };
	struct err err;
	json_t *id;
	size_t i;

	acme_dns_client(r->subdomain, client);
	engine_list(a->parts.engine, &filter, NULL, SIZE_MAX, add_standing, &s);
	json_array_foreach (s.ids, i, id) {
		r->pending++;
		if (engine_release_challenge(a->parts.engine, json_string_value(id), on_value_released, r, &err) < 0)
			r->pending--;
	}
	json_decref(s.ids);
}

void acme_dns_accounts_delete(struct api *a, struct http_exchange *x, const struct caller *caller, const char *subdomain)
{
	struct account *account = accounts_subdomain(a->accounts, subdomain);
	struct removal *r;
	struct err err;

	if (!account)
		err_set(&err, ERR_NOT_FOUND, "there is no account %.63s", subdomain);
	else
		err.code = accounts_revoke(account, a->parts.store, &err);
	if (err.code < 0) {
		reply_err(a, x, &err);
		return;
	}
	account->values = 0;
	r = mem_new(1, sizeof(*r));
	*r = (struct removal){ .call = call_new(a, x, caller), .subdomain = mem_dup(subdomain), .pending = 1 };
	r->call->holders++;
	release_values(a, r);
	on_value_released(NULL, r);
}

/* ---- import ---- */

/* Answered when the journal has all of it. */
struct import {
	struct api *api;
	struct call *call;
	unsigned pending; /* values, and one until all were asked for */
	json_int_t imported, existed, values;
	json_t *refused;
};

struct import_body {
	const char *username, *subdomain, *password_hash;
	json_t *allow_from, *values;
};

static const struct field import_fields[] = {
	{ "username", FIELD_TEXT, offsetof(struct import_body, username), .required = true },
	{ "subdomain", FIELD_TEXT, offsetof(struct import_body, subdomain), .required = true },
	{ "password_hash", FIELD_TEXT, offsetof(struct import_body, password_hash), .required = true },
	{ "allowfrom", FIELD_ARRAY, offsetof(struct import_body, allow_from) },
	{ "values", FIELD_ARRAY, offsetof(struct import_body, values) },
	{ NULL },
};

static int import_check(const struct import_body *b, char username[UUID_SIZE], struct err *err)
{
	if (!uuid_read(b->username, username))
		return err_set(err, ERR_INVALID, "the username is no UUID");
	if (!acme_dns_subdomain_is_valid(b->subdomain))
		return err_set(err, ERR_INVALID, "the subdomain is not one label of a name");
	if (!password_hash_is_known(b->password_hash))
		return err_set(err, ERR_INVALID, "the password is no bcrypt digest");
	return 0;
}

static int import_account(struct import *i, const struct import_body *b, struct err *err)
{
	CLEANUP(mem_freep) char *allow_from = b->allow_from ? json_dumps(b->allow_from, JSON_COMPACT) : mem_dup("[]");
	struct networks *networks = NULL;
	char username[UUID_SIZE];
	struct store_account fresh = { (char *)b->subdomain, username, (char *)b->password_hash, allow_from, 0, false };
	bool existed;

	if (import_check(b, username, err) < 0 || allow_from_read(b->allow_from, &networks, err) < 0)
		return err->code;
	networks_free(networks);
	if (accounts_count(i->api->accounts) >= (size_t)i->api->config->acme_dns.accounts)
		return err_set(err, ERR_BUSY, "acme-dns.accounts are all taken");
	fresh.created_ms = loop_wall_ms(i->api->parts.loop);
	if (accounts_add(i->api->accounts, i->api->parts.store, &fresh, &existed, err) < 0)
		return err->code;
	if (existed)
		i->existed++;
	else
		i->imported++;
	return 0;
}

static void refuse(struct import *i, const char *subdomain, const char *reason)
{
	json_array_append_new(i->refused, json_pack("{ss ss}", "subdomain", subdomain ? subdomain : "", "reason", reason));
}

static void import_over(struct import *i)
{
	struct call *c = i->call;

	if (--i->pending)
		return;
	call_audit(c, "acme-dns.import", NULL, c->api ? acme_dns_zone(c->api->config) : NULL, NULL);
	if (c->x)
		reply_json(c->x, 200, json_pack("{sI sI sI sO}", "imported", i->imported, "existed", i->existed, "values", i->values,
		                                "refused", i->refused));
	json_decref(i->refused);
	call_release(c);
	free(i);
}

struct value_import {
	struct import *import;
	char *subdomain;
};

static void on_submitted(const char *order_id, bool existed, const struct err *err, void *arg)
{
	struct value_import *v = arg;

	(void)order_id;
	(void)existed;
	if (err->code)
		refuse(v->import, v->subdomain, err->text);
	else
		v->import->values++;
	import_over(v->import);
	free(v->subdomain);
	free(v);
}

static void import_value(struct import *i, const char *subdomain, const char *value)
{
	int64_t lifetime_ms = i->api->config->acme_dns.lifetime_ms;
	char name[NAME_SIZE] = "", client[80];
	const struct challenge_request request = { .type = CHALLENGE_DNS01, .domain = name, .record_name = name, .value = value };
	const struct order_request order = { .challenges = &request, .count = 1, .client = client, .deadline_ms = lifetime_ms, .lifetime_ms = lifetime_ms };
	struct value_import *v;
	struct err err;

	if (!value || strlen(value) != ACME_DNS_VALUE_LENGTH || !acme_dns_name(i->api->config, subdomain, name))
		return;
	acme_dns_client(subdomain, client);
	acme_dns_make_room(i->api, accounts_subdomain(i->api->accounts, subdomain), value);
	v = mem_new(1, sizeof(*v));
	*v = (struct value_import){ i, mem_dup(subdomain) };
	i->pending++;
	if (engine_submit(i->api->parts.engine, &order, on_submitted, v, &err) < 0)
		on_submitted(NULL, false, &err, v);
}

static void import_one(struct import *i, const json_t *item)
{
	struct import_body b = { 0 };
	struct problem problem = { 0 };

	if (!json_is_object(item))
		problem_set(&problem, 422, ERR_INVALID, NULL, "an account is an object");
	else if (fields_read(item, import_fields, &b, &problem) == 0)
		import_account(i, &b, &problem.err);
	if (problem.err.code) {
		refuse(i, b.subdomain, problem.err.text);
		return;
	}
	for (size_t n = 0; n < json_array_size(b.values); n++)
		import_value(i, b.subdomain, json_string_value(json_array_get(b.values, n)));
}

static int read_import(struct http_exchange *x, json_t **ret_document, json_t **ret_accounts, struct problem *problem)
{
	struct { json_t *accounts; } body = { NULL };
	const struct field fields[] = { { "accounts", FIELD_ARRAY, 0, .required = true }, { NULL } };

	if (fields_parse(http_exchange_body(x), http_exchange_body_length(x), ret_document, problem) < 0 ||
	    fields_read(*ret_document, fields, &body, problem) < 0)
		return problem->err.code;
	if (json_array_size(body.accounts) > IMPORT_MAX)
		return problem_set(problem, 422, ERR_TOO_LARGE, "/accounts", "at most %d accounts in one call", IMPORT_MAX);
	*ret_accounts = body.accounts;
	return 0;
}

void acme_dns_accounts_post(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument)
{
	struct problem problem = { 0 };
	json_t *document = NULL, *accounts = NULL, *item;
	struct import *i;
	size_t n;

	(void)argument;
	if (!acme_dns_zone(a->config))
		problem_set(&problem, 409, ERR_CONFLICT, NULL, "there is no zone for them: set acme-dns.zone");
	if (problem.err.code || read_import(x, &document, &accounts, &problem) < 0) {
		json_decref(document);
		reply_problem(a, x, &problem);
		return;
	}
	i = mem_new(1, sizeof(*i));
	*i = (struct import){ .api = a, .call = call_new(a, x, caller), .pending = 1, .refused = json_array() };
	i->call->holders++;
	json_array_foreach (accounts, n, item)
		import_one(i, item);
	json_decref(document);
	import_over(i);
}
