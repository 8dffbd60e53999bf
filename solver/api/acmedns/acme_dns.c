#include "solver/api/acmedns/acme_dns.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/api/acmedns/acme_dns_body.h"
#include "solver/api/audit/audit.h"
#include "solver/api/door/door.h"
#include "solver/api/access/peer.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/crypto/password.h"
#include "solver/net/work.h"

#define UPDATE_LIMIT_MS 20000
#define RATE_MINUTE_MS 60000
#define RATE_HOUR_MS (60 * RATE_MINUTE_MS)
#define ALL_STRANGERS DOOR_ACME_DNS " registrations" /* no name of a client: they have no spaces */
#define FORBIDDEN "forbidden" /* the one error word for every fault of the credentials */

/* One request while its password is digested on a worker thread. Two hold it: the exchange and the work. */
struct exchange {
	struct api *api;
	struct http_exchange *x; /* NULL: the client has gone, and `api` may have, too */
	unsigned holders;
	char peer[ADDRESS_TEXT_SIZE];
	char username[UUID_SIZE], subdomain[UUID_SIZE];
	char password[ACME_DNS_PASSWORD_SIZE], hash[PASSWORD_HASH_SIZE];
	char *allow_from;        /* register */
	struct update_body body; /* update */
	bool known, matches;     /* update: there is such a user; and the password is its own */
	struct err err;
};

static void exchange_release(struct exchange *e)
{
	if (--e->holders)
		return;
	free(e->allow_from);
	explicit_bzero(e, sizeof(*e));
	free(e);
}

static void on_gone(void *arg)
{
	struct exchange *e = arg;

	door_forget(e->api, e);
	e->x = NULL;
	exchange_release(e);
}

static struct exchange *exchange_new(struct api *a, struct http_exchange *x)
{
	struct exchange *e = mem_new(1, sizeof(*e));

	e->api = a;
	e->x = x;
	e->holders = 1;
	peer_find(a, x, e->peer);
	http_exchange_on_gone(x, on_gone, e);
	return e;
}

static void start_work(struct exchange *e, void (*run)(void *arg), void (*done)(void *arg))
{
	struct err err;

	e->holders++;
	if (work_start(e->api->parts.loop, run, done, e, &err) == 0)
		return;
	e->holders--;
	door_reply_error(e->api, e->x, 503, "busy");
}

static bool check_method(struct api *a, struct http_exchange *x, const char *method)
{
	if (strcmp(http_exchange_method(x), method) == 0)
		return true;
	http_exchange_header(x, "Allow", method);
	door_reply_error(a, x, 405, "method_not_allowed");
	return false;
}

/* The answer of the original's router: no such route. */
static void reply_absent(struct http_exchange *x)
{
	static const char text[] = "404 page not found\n";

	http_exchange_reply(x, 404, "text/plain; charset=utf-8", text, sizeof(text) - 1);
}

void acme_dns_health(struct api *a, struct http_exchange *x)
{
	if (check_method(a, x, "GET"))
		http_exchange_reply(x, 200, NULL, "", 0);
}

/* ---- register ---- */

static void run_register(void *arg)
{
	struct exchange *e = arg;

	password_hash(e->password, e->hash, &e->err);
}

static void note(struct api *a, const char *peer, const char *action, const char *name, const char *result, const char *detail)
{
	audit_note(a, &(struct audit_event){ .door = DOOR_ACME_DNS, .peer = peer, .action = action, .name = name, .result = result,
	                                     .detail = detail });
}

static void reply_account(struct exchange *e, struct account *account, const char *name)
{
	account_remember(e->api->accounts, account, e->password); /* its first update comes at once */
	note(e->api, e->peer, "register", name, "ok", NULL);
	reply_json(e->x, 201, json_pack("{ss ss ss ss so}", "username", e->username, "password", e->password, "fulldomain", name,
	                                "subdomain", e->subdomain, "allowfrom", allow_from_json(account)));
}

static void on_registered(void *arg)
{
	struct exchange *e = arg;
	struct store_account fresh = { e->subdomain, e->username, e->hash, e->allow_from, 0, false };
	char name[NAME_SIZE];
	bool existed;

	if (!e->x) { /* the caller is gone, so the password would be lost */
		exchange_release(e);
		return;
	}
	fresh.created_ms = loop_wall_ms(e->api->parts.loop);
	if (!e->err.code && !acme_dns_name(e->api->config, e->subdomain, name))
		err_set(&e->err, ERR_INVALID, "the zone of acme-dns is too long");
	if (e->err.code || accounts_add(e->api->accounts, e->api->parts.store, &fresh, &existed, &e->err) < 0) {
		log_event(LOG_ERROR, "an acme-dns account was not made", "error", e->err.text, NULL);
		door_reply_error(e->api, e->x, 500, "db_error");
	} else {
		reply_account(e, accounts_subdomain(e->api->accounts, e->subdomain), name);
	}
	exchange_release(e);
}

static bool network_may_register(const struct config_acme_dns *c, const char *peer)
{
	struct networks *n = networks_new();
	struct err err;
	bool may;

	for (char **text = c->networks; text && *text; text++)
		if (networks_add(n, *text, &err) < 0)
			log_event(LOG_ERROR, "acme-dns.networks", "error", err.text, NULL);
	may = !c->networks || !c->networks[0] || networks_hold(n, peer);
	networks_free(n);
	return may;
}

/* The status of a refusal, or 0; `problem` has the rest of 429. */
static int may_register(struct api *a, struct http_exchange *x, struct problem *problem)
{
	const struct config_acme_dns *c = &a->config->acme_dns;
	char peer[ADDRESS_TEXT_SIZE];
	struct caller caller = { 0 };

	if (c->registration == ACME_DNS_OFF || !acme_dns_zone(a->config))
		return 404;
	peer_find(a, x, peer);
	if (!network_may_register(c, peer)) {
		note(a, peer, "register", NULL, "denied", "the address is not in acme-dns.networks");
		return 401;
	}
	if (c->registration == ACME_DNS_TOKEN && caller_find(a, x, DOOR_ACME_DNS, &caller, problem) < 0)
		return problem->status == 429 ? 429 : 401;
	return accounts_count(a->accounts) >= (size_t)c->accounts ? 503 : 0;
}

static bool is_of_this_machine(struct http_exchange *x)
{
	return http_exchange_from_loopback(x) && !http_exchange_request_header(x, "X-Forwarded-For") && !http_exchange_request_header(x, "Forwarded");
}

/* 0, or the milliseconds until strangers may make an account again. There are no more buckets than accounts: one is made when all together had one left. */
static int64_t registration_take(struct api *a, const char *peer)
{
	const struct rate all = { a->config->acme_dns.registrations, RATE_HOUR_MS }, one = { (all.count + 9) / 10, RATE_HOUR_MS };
	int64_t now_ms = loop_now_ms(a->parts.loop), wait_ms = rate_take(a->rates, ALL_STRANGERS, &all, 1, now_ms);
	CLEANUP(mem_freep) char *bucket = NULL;
	char place[ADDRESS_TEXT_SIZE];

	if (wait_ms)
		return wait_ms;
	peer_place(peer, place);
	bucket = mem_printf(ALL_STRANGERS " %s", place);
	wait_ms = rate_take(a->rates, bucket, &one, 1, now_ms);
	if (wait_ms)
		rate_give(a->rates, ALL_STRANGERS, 1);
	return wait_ms;
}

static bool take_registration(struct api *a, struct http_exchange *x)
{
	static const char text[] = "strangers make more accounts in an hour than acme-dns.registrations; try again later";
	char peer[ADDRESS_TEXT_SIZE];
	int64_t wait_ms;

	if (a->config->acme_dns.registration != ACME_DNS_OPEN || is_of_this_machine(x))
		return true;
	peer_find(a, x, peer);
	wait_ms = registration_take(a, peer);
	if (!wait_ms)
		return true;
	note(a, peer, "register", NULL, "denied", text);
	door_reply_later(a, x, 429, text, (int)((wait_ms + 999) / 1000));
	return false;
}

static void refuse_register(struct api *a, struct http_exchange *x, int status, const struct problem *problem)
{
	if (status == 404)
		reply_absent(x);
	else if (status == 429)
		door_reply_later(a, x, status, problem->err.text, problem->retry_after_s);
	else
		door_reply_error(a, x, status, status == 401 ? FORBIDDEN : "busy");
}

void acme_dns_register(struct api *a, struct http_exchange *x)
{
	struct register_body body = { 0 };
	struct problem problem = { 0 };
	struct exchange *e;
	const char *wrong;
	int status;

	if (!check_method(a, x, "POST"))
		return;
	status = may_register(a, x, &problem);
	if (status) {
		refuse_register(a, x, status, &problem);
		return;
	}
	wrong = register_body_read(http_exchange_body(x), http_exchange_body_length(x), &body);
	if (wrong) {
		door_reply_error(a, x, 400, wrong);
		return;
	}
	if (!take_registration(a, x)) {
		free(body.allow_from);
		return;
	}
	e = exchange_new(a, x);
	e->allow_from = body.allow_from;
	uuid_new(e->username);
	uuid_new(e->subdomain);
	acme_dns_password_new(e->password);
	start_work(e, run_register, on_registered);
}

/* ---- update ---- */

static void on_presented(const struct door_result *result, void *arg)
{
	struct exchange *e = arg;
	char text[ACME_DNS_VALUE_LENGTH + 16];

	if (result->code) {
		log_event(LOG_ERROR, "a value of acme-dns was not published", "subdomain", e->body.subdomain, "error", result->text, NULL);
		door_reply_error(e->api, e->x, 500, "db_error");
		return;
	}
	snprintf(text, sizeof(text), "{\"txt\": \"%s\"}", e->body.txt);
	http_exchange_reply(e->x, 200, JSON_TYPE, text, strlen(text));
}

/* What an account may do: one name, one type. */
static struct grants *account_grants(const char *name)
{
	CLEANUP(mem_freep) char *text = mem_printf("{\"identifiers\":[\"%s\"],\"types\":[\"dns-01\"]}", name);
	struct grants *g = NULL;
	struct err err;

	return grants_parse(text, &g, &err) == 0 ? g : NULL;
}

static void present(struct exchange *e, struct account *account)
{
	int64_t lifetime_ms = e->api->config->acme_dns.lifetime_ms;
	char name[NAME_SIZE] = "", client[80];
	const struct challenge_request request = { .type = CHALLENGE_DNS01, .domain = name, .record_name = name, .value = e->body.txt };
	/* The client decides how long it waits. */
	const struct order_request order = { .challenges = &request, .count = 1, .deadline_ms = lifetime_ms, .lifetime_ms = lifetime_ms };
	struct caller caller = { .name = client, .door = DOOR_ACME_DNS };
	struct grants *grants;

	if (!acme_dns_zone(e->api->config) || !acme_dns_name(e->api->config, e->body.subdomain, name) || !(grants = account_grants(name))) {
		door_reply_error(e->api, e->x, 400, "bad_subdomain");
		return;
	}
	caller.grants = grants;
	memcpy(caller.peer, e->peer, sizeof(caller.peer));
	acme_dns_client(e->body.subdomain, client);
	acme_dns_make_room(e->api, account, e->body.txt);
	door_present(e->api, &caller, &order, DOOR_QUICK, UPDATE_LIMIT_MS, on_presented, e);
	grants_free(grants);
}

static void forbid(struct exchange *e, const char *why)
{
	note(e->api, e->peer, "update", NULL, "denied", why);
	door_reply_error(e->api, e->x, 401, FORBIDDEN);
}

static bool take_rate(struct exchange *e)
{
	const struct rate rate = { e->api->config->acme_dns.updates, RATE_MINUTE_MS };
	CLEANUP(mem_freep) char *bucket = mem_printf(DOOR_ACME_DNS ":%s", e->body.subdomain);
	int64_t wait_ms = rate_take(e->api->rates, bucket, &rate, 1, loop_now_ms(e->api->parts.loop));
	char text[ERR_TEXT_MAX];

	if (!wait_ms)
		return true;
	snprintf(text, sizeof(text), "the account makes more than %" PRId64 " updates a minute, which is acme-dns.updates", rate.count);
	note(e->api, e->peer, "update", NULL, "denied", text);
	door_reply_later(e->api, e->x, 429, text, (int)((wait_ms + 999) / 1000));
	return false;
}

/* The password is the account's own. */
static void update(struct exchange *e, struct account *account)
{
	if (!account_allows(account, e->peer))
		forbid(e, "the address is not among those of the account");
	else if (strcmp(account->stored.subdomain, e->body.subdomain) != 0)
		forbid(e, "the subdomain is not that of the account");
	else if (!acme_dns_subdomain_is_valid(e->body.subdomain))
		door_reply_error(e->api, e->x, 400, "bad_subdomain");
	else if (!e->body.txt[0])
		door_reply_error(e->api, e->x, 400, "bad_txt");
	else if (take_rate(e))
		present(e, account);
}

static void run_compare(void *arg)
{
	struct exchange *e = arg;

	e->matches = password_matches(e->password, e->known ? e->hash : NULL) && e->known;
}

static void on_compared(void *arg)
{
	struct exchange *e = arg;
	struct account *account = e->x && e->matches ? accounts_user(e->api->accounts, e->username) : NULL;

	if (account) { /* not revoked meanwhile */
		account_remember(e->api->accounts, account, e->password);
		update(e, account);
	} else if (e->x) {
		forbid(e, "the username and the password are not known together");
	}
	exchange_release(e);
}

static bool read_credentials(struct http_exchange *x, char username[UUID_SIZE], char password[ACME_DNS_PASSWORD_SIZE])
{
	const char *user = http_exchange_request_header(x, "X-Api-User"), *key = http_exchange_request_header(x, "X-Api-Key");

	if (!user || !key || !uuid_read(user, username) || !acme_dns_password_is_well_formed(key))
		return false;
	memcpy(password, key, ACME_DNS_PASSWORD_SIZE);
	return true;
}

void acme_dns_update(struct api *a, struct http_exchange *x)
{
	char username[UUID_SIZE], password[ACME_DNS_PASSWORD_SIZE];
	struct account *account;
	struct exchange *e;

	if (!check_method(a, x, "POST"))
		return;
	if (!read_credentials(x, username, password)) {
		door_reply_error(a, x, 401, FORBIDDEN);
		return;
	}
	e = exchange_new(a, x);
	memcpy(e->username, username, sizeof(username));
	memcpy(e->password, password, sizeof(password));
	explicit_bzero(password, sizeof(password));
	update_body_read(http_exchange_body(x), http_exchange_body_length(x), &e->body);
	account = accounts_user(a->accounts, username);
	if (account && account_knows(a->accounts, account, e->password)) {
		update(e, account);
		return;
	}
	e->known = account != NULL;
	if (account)
		strncpy(e->hash, account->stored.password_hash, sizeof(e->hash) - 1);
	start_work(e, run_compare, on_compared);
}
