/* Who asks, and what they may see and ask for. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "solver/api/audit/audit.h"
#include "solver/api/access/credential.h"
#include "solver/api/caller/caller.h"
#include "solver/api/access/peer.h"
#include "solver/base/mem.h"
#include "solver/net/http_claims.h"

#define CLAIM_RETRY_S 5

/* A web page in a browser on this host can reach the loopback and must not get its rights. It shows itself by
 * an Origin, or by a Host that is a name it controls (DNS rebinding). */
static bool host_is_loopback(const char *host)
{
	if (strncasecmp(host, "localhost", 9) == 0)
		return !host[9] || host[9] == ':';
	if (strncmp(host, "[::1]", 5) == 0)
		return !host[5] || host[5] == ':';
	/* Digits only: "127.0.0.1.example.com" is a name. */
	return strncmp(host, "127.", 4) == 0 && !host[strspn(host, "0123456789.:")];
}

static bool from_a_browser(struct http_exchange *x)
{
	const char *host = http_exchange_request_header(x, "Host");

	return http_exchange_request_header(x, "Origin") || http_exchange_request_header(x, "Sec-Fetch-Site") ||
	       (host && !host_is_loopback(host));
}

/* A browser sends its saved credentials (a password, a certificate) with every request, also with those that a foreign page
 * starts. Such a request has an Origin that is not this host, or Sec-Fetch-Site. */
static bool from_a_foreign_page(struct http_exchange *x)
{
	const char *origin = http_exchange_request_header(x, "Origin"), *site = http_exchange_request_header(x, "Sec-Fetch-Site");
	const char *host = http_exchange_request_header(x, "Host"), *behind = origin ? strstr(origin, "://") : NULL;

	if (strcmp(http_exchange_method(x), "GET") == 0)
		return false;
	if (site && strcasecmp(site, "same-origin") != 0 && strcasecmp(site, "none") != 0)
		return true;
	return origin && (!behind || !host || strcasecmp(behind + 3, host) != 0);
}

void peer_find(const struct api *a, struct http_exchange *x, char ret_peer[ADDRESS_TEXT_SIZE])
{
	CLEANUP(mem_freep) char *forwarded = http_exchange_request_header_all(x, "X-Forwarded-For");

	peer_forwarded(a->proxies, http_exchange_peer(x), forwarded, ret_peer);
}

/* ---- who ---- */

/* A request that a proxy forwards does not come from a user of this machine, even when it arrives over loopback. */
static int loopback_find(struct api *a, struct http_exchange *x, struct caller *ret, struct problem *problem)
{
	if (!a->config->api.loopback_open || !http_exchange_from_loopback(x) || http_exchange_request_header(x, "X-Forwarded-For") ||
	    http_exchange_request_header(x, "Forwarded"))
		return problem_set(problem, 401, ERR_DENIED, NULL,
		                   "no credentials came with this request; make a client with \"dcvd client add NAME --grant DOMAIN\" and send its token as "
		                   "Authorization: Bearer TOKEN, or as the password of HTTP Basic with NAME, or as the first part of the path");
	if (from_a_browser(x))
		return problem_set(problem, 403, ERR_DENIED, NULL, "requests of web pages need a bearer token, also from loopback");
	ret->name = "loopback";
	ret->grants = a->everything;
	ret->loopback = true;
	return 0;
}

static bool is_front_proxy(const struct api *a, const struct http_certificate *certificate)
{
	if (!certificate->trusted[TRUST_FRONT_PROXY] || !certificate->cn)
		return false;
	for (char **name = a->config->api.front_proxy_names; name && *name; name++)
		if (strcmp(*name, certificate->cn) == 0)
			return true;
	return false;
}

/* Refuse two headers: it would be chance which one counts. */
static const struct client *identity_find(struct api *a, struct http_exchange *x, struct problem *problem)
{
	CLEANUP(mem_freep) char *user = http_exchange_request_header_all(x, "X-Remote-User");
	const struct client *client = user && !strchr(user, ',') ? client_list_identity(a->clients, user) : NULL;

	if (!client)
		problem_set(problem, 403, ERR_DENIED, NULL, "no client has the identity \"%.200s\"", user ? user : "");
	return client;
}

static const struct client *certificate_find(struct api *a, struct http_exchange *x, const struct http_certificate *certificate,
                                             struct problem *problem)
{
	const struct client *client;

	if (is_front_proxy(a, certificate))
		return identity_find(a, x, problem);
	if (!certificate->trusted[TRUST_CLIENT]) {
		problem_set(problem, 401, ERR_DENIED, NULL, "the client certificate is not trusted: %s",
		            certificate->why_not ? certificate->why_not : "it is not from the CA of api.tls-client-ca");
		return NULL;
	}
	client = client_list_certificate(a->clients, certificate->subject, certificate->cn, certificate->fingerprint);
	if (!client)
		problem_set(problem, 403, ERR_DENIED, NULL, "no client has the certificate \"%.200s\"", certificate->subject);
	return client;
}

static const struct client *credential_find(struct api *a, const struct credential *c, struct problem *problem)
{
	const struct client *client = NULL;

	if (c->kind == CREDENTIAL_BASIC)
		client = client_list_basic(a->clients, c->user, c->token);
	else if (c->kind != CREDENTIAL_BROKEN)
		client = client_list_bearer(a->clients, c->token);
	if (!client)
		problem_set(problem, 401, ERR_DENIED, NULL, "%s", c->kind == CREDENTIAL_BASIC ?
		            "the name and the token are not known together, or the token was revoked" :
		            "the bearer token is not known or was revoked");
	return client;
}

/* Credentials in the request go before those of the connection. */
static int identify(struct api *a, struct http_exchange *x, struct caller *ret, struct problem *problem)
{
	const struct http_certificate *certificate = http_exchange_client_certificate(x);
	CLEANUP(credential_wipe) struct credential credential;
	const struct client *client;

	credential_read(http_exchange_request_header(x, "Authorization"), &credential);
	if (credential.kind == CREDENTIAL_NONE && http_exchange_prefix(x))
		credential_in_path(http_exchange_prefix(x), &credential);
	if (credential.kind == CREDENTIAL_NONE && !certificate)
		return loopback_find(a, x, ret, problem);
	if ((credential.kind == CREDENTIAL_NONE || credential.kind == CREDENTIAL_BASIC) && from_a_foreign_page(x))
		return problem_set(problem, 403, ERR_DENIED, NULL, "requests of other web pages need a bearer token");
	client = credential.kind == CREDENTIAL_NONE ? certificate_find(a, x, certificate, problem) : credential_find(a, &credential, problem);
	if (!client)
		return problem->err.code;
	ret->name = client->name;
	ret->grants = client->grants;
	return 0;
}

bool caller_is_known(struct api *a, struct http_exchange *x)
{
	struct problem problem = { 0 };
	struct caller caller;

	return identify(a, x, &caller, &problem) == 0;
}

/* ---- may they come in ---- */

static int refuse_rate(const struct caller *caller, int64_t wait_ms, struct problem *problem)
{
	problem->retry_after_s = (int)((wait_ms + 999) / 1000);
	return problem_set(problem, 429, ERR_RATE, NULL, "client %s asks for more changes than the rate %s that it is granted; try again in %d s",
	                   caller->name, grants_rate_text(caller->grants), problem->retry_after_s);
}

int caller_take_rate(struct api *a, const struct caller *caller, size_t count, struct problem *problem)
{
	const struct rate *rate = grants_rate(caller->grants);
	int64_t wait_ms = rate_take(a->rates, caller->name, rate, (int64_t)count, loop_now_ms(a->parts.loop));

	if (wait_ms != RATE_NEVER)
		return wait_ms ? refuse_rate(caller, wait_ms, problem) : 0;
	return problem_set(problem, 422, ERR_TOO_LARGE, NULL,
	                   "these are %zu challenges, and the rate of client %s is %s, so that they can never be taken together: send at most %" PRId64
	                   " in one order, or have an operator grant a higher rate", count, caller->name, grants_rate_text(caller->grants), rate->count);
}

void caller_give_rate(struct api *a, const struct caller *caller, size_t count)
{
	rate_give(a->rates, caller->name, (int64_t)count);
}

/* submit.c counts submitted challenges once their number is known. */
static bool is_counted_later(struct http_exchange *x)
{
	const char *path = http_exchange_path(x);

	return strcmp(path, "/v1/orders") == 0 || strcmp(path, "/v1/challenges") == 0;
}

/* A client may always withdraw what it published, even after its grants changed or its rate is used up: otherwise the record would stay for
 * its whole lifetime. */
static bool only_withdraws(struct http_exchange *x)
{
	const char *verb = strrchr(http_exchange_path(x), '/');

	return strcmp(http_exchange_method(x), "DELETE") == 0 || (verb && strcmp(verb, "/cleanup") == 0);
}

static int claim_request(struct api *a, struct http_exchange *x, const struct caller *caller, struct problem *problem)
{
	int64_t max = a->config->api.requests_per_client;

	if (http_exchange_claim(x, a->claims, caller->name, (unsigned)max) == 0)
		return 0;
	problem->retry_after_s = CLAIM_RETRY_S;
	return problem_set(problem, 429, ERR_RATE, NULL, "client %s has %lld requests under way already (api.requests-per-client); end some of its "
	                   "event streams or waits, or ask again later", caller->name, (long long)max);
}

static int admit(struct api *a, struct http_exchange *x, const struct caller *caller, bool withdraws, struct problem *problem)
{
	bool reads = strcmp(http_exchange_method(x), "GET") == 0;

	if (!reads && grants_role(caller->grants) == ROLE_READER)
		return problem_set(problem, 403, ERR_DENIED, NULL, "client %s is a reader, which changes nothing", caller->name);
	if (!grants_allow_peer(caller->grants, caller->peer))
		return problem_set(problem, 403, ERR_DENIED, NULL, "client %s may not ask from %s", caller->name, caller->peer);
	if (withdraws)
		return 0;
	if (claim_request(a, x, caller, problem) < 0)
		return problem->err.code;
	if (!grants_allow_door(caller->grants, caller->door))
		return problem_set(problem, 403, ERR_DENIED, NULL, "client %s may not use the door %s", caller->name, caller->door);
	return reads || is_counted_later(x) ? 0 : caller_take_rate(a, caller, 1, problem);
}

int caller_find(struct api *a, struct http_exchange *x, const char *door, struct caller *ret, struct problem *problem)
{
	return caller_find_for(a, x, door, only_withdraws(x), ret, problem);
}

int caller_find_for(struct api *a, struct http_exchange *x, const char *door, bool withdraws, struct caller *ret, struct problem *problem)
{
	*ret = (struct caller){ .door = door ? door : DOOR_REST };
	peer_find(a, x, ret->peer);
	if (identify(a, x, ret, problem) == 0 && admit(a, x, ret, withdraws, problem) == 0)
		return 0;
	audit_note(a, &(struct audit_event){ .door = ret->door, .client = ret->name, .peer = ret->peer, .action = "access",
	                                     .result = "denied", .detail = problem->err.text });
	return problem->err.code;
}

/* ---- what they may see and ask for ---- */

bool caller_sees(const struct caller *caller, const char *client)
{
	return grants_see_all(caller->grants) || strcmp(caller->name, client) == 0;
}

int caller_challenge(struct api *a, const struct caller *caller, const char *id, const struct challenge **ret, struct problem *problem)
{
	const struct challenge *c = engine_challenge(a->parts.engine, id);

	if (c && !caller_sees(caller, c->client))
		audit_challenge(a, caller, "access", c, "denied", "the challenge of another client");
	if (!c || !caller_sees(caller, c->client))
		return problem_set(problem, 404, ERR_NOT_FOUND, NULL, "there is no challenge %.40s", id);
	*ret = c;
	return 0;
}

int caller_order(struct api *a, const struct caller *caller, const char *id, const struct order **ret, struct problem *problem)
{
	const struct order *o = engine_order(a->parts.engine, id);

	if (o && !caller_sees(caller, o->client))
		audit_caller(a, caller, "access", NULL, o->id, "denied", "the order of another client");
	if (!o || !caller_sees(caller, o->client))
		return problem_set(problem, 404, ERR_NOT_FOUND, NULL, "there is no order %.40s", id);
	*ret = o;
	return 0;
}

int caller_may_raw(const struct caller *caller, bool raw, struct err *err)
{
	if (!raw || grants_operator(caller->grants))
		return 0;
	return err_set(err, ERR_DENIED, "only operators may send raw; leave it out, and send the value that the ACME client computed");
}
