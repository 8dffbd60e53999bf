/* The table of routes. Every request: find the route, find the caller, answer. */
#include <string.h>
#include <strings.h>

#include "solver/api/acmedns/acme_dns.h"
#include "solver/api/audit/audit.h"
#include "solver/api/access/credential.h"
#include "solver/api/server.h"
#include "solver/api/caller/caller.h"
#include "solver/api/door_routes.h"
#include "solver/api/mpic/mpic.h"
#include "solver/api/rest/rest.h"
#include "solver/api/router.h"
#include "solver/api/certmanager/webhook.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"

/* A reader may use GET on every route of operators. */
enum access { ACCESS_ALL, ACCESS_CLIENT, ACCESS_OPERATOR, ACCESS_MANAGER /* an operator with a token */ };

static const struct row {
	struct route_pattern pattern;
	enum access access;
	route_fn run;
	const char *what; /* of a function that serves several rows: caller.what */
} rows[] = {
	{ { "POST", "/v1/challenges" }, ACCESS_CLIENT, challenges_post },
	{ { "GET", "/v1/challenges" }, ACCESS_CLIENT, challenges_list },
	{ { "GET", "/v1/challenges/{}" }, ACCESS_CLIENT, challenges_get },
	{ { "DELETE", "/v1/challenges/{}" }, ACCESS_CLIENT, challenges_delete },
	{ { "POST", "/v1/challenges/{}/forget" }, ACCESS_OPERATOR, challenges_forget },
	{ { "POST", "/v1/challenges/{}/outcome" }, ACCESS_CLIENT, challenges_outcome },
	{ { "POST", "/v1/orders" }, ACCESS_CLIENT, orders_post },
	{ { "GET", "/v1/orders" }, ACCESS_CLIENT, orders_list },
	{ { "GET", "/v1/orders/{}" }, ACCESS_CLIENT, orders_get },
	{ { "DELETE", "/v1/orders/{}" }, ACCESS_CLIENT, orders_delete },
	{ { "GET", "/v1/callbacks" }, ACCESS_CLIENT, callbacks_get },
	{ { "GET", "/v1/events" }, ACCESS_CLIENT, events_get },
	{ { "POST", "/v1/checks" }, ACCESS_CLIENT, checks_post },
	{ { "POST", "/v1/clients" }, ACCESS_MANAGER, clients_post },
	{ { "GET", "/v1/clients" }, ACCESS_MANAGER, clients_list },
	{ { "GET", "/v1/clients/{}" }, ACCESS_MANAGER, clients_get },
	{ { "PATCH", "/v1/clients/{}" }, ACCESS_MANAGER, clients_patch },
	{ { "DELETE", "/v1/clients/{}" }, ACCESS_MANAGER, clients_delete },
	{ { "POST", "/v1/clients/{}/rotate" }, ACCESS_MANAGER, clients_rotate },
	{ { "GET", "/v1/delegations" }, ACCESS_CLIENT, delegations_list },
	{ { "POST", "/v1/delegations" }, ACCESS_MANAGER, delegations_post },
	{ { "DELETE", "/v1/delegations/{}" }, ACCESS_MANAGER, delegations_delete },
	{ { "GET", "/v1/acme-dns/accounts" }, ACCESS_MANAGER, acme_dns_accounts_list },
	{ { "POST", "/v1/acme-dns/accounts" }, ACCESS_MANAGER, acme_dns_accounts_post },
	{ { "DELETE", "/v1/acme-dns/accounts/{}" }, ACCESS_MANAGER, acme_dns_accounts_delete },
	{ { "GET", "/v1/cps/enrollments" }, ACCESS_OPERATOR, cps_enrollments_list },
	{ { "GET", "/v1/cps/enrollments/{}" }, ACCESS_OPERATOR, cps_ask_read, "show" },
	{ { "GET", "/v1/cps/enrollments/{}/certificate" }, ACCESS_OPERATOR, cps_ask_read, "certificate" },
	{ { "GET", "/v1/cps/enrollments/{}/warnings" }, ACCESS_OPERATOR, cps_ask_read, "warnings" },
	{ { "GET", "/v1/cps/enrollments/{}/schedule" }, ACCESS_OPERATOR, cps_ask_read, "schedule" },
	{ { "GET", "/v1/cps/enrollments/{}/document" }, ACCESS_OPERATOR, cps_ask_read, "enrollment" },
	{ { "GET", "/v1/cps/enrollments/{}/deployments" }, ACCESS_OPERATOR, cps_ask_read, "read deployments" },
	{ { "GET", "/v1/cps/enrollments/{}/deployments/production" }, ACCESS_OPERATOR, cps_ask_read, "read production" },
	{ { "GET", "/v1/cps/enrollments/{}/deployments/staging" }, ACCESS_OPERATOR, cps_ask_read, "read staging" },
	{ { "GET", "/v1/cps/enrollments/{}/history/changes" }, ACCESS_OPERATOR, cps_ask_read, "read changes" },
	{ { "GET", "/v1/cps/enrollments/{}/history/certificates" }, ACCESS_OPERATOR, cps_ask_read, "read certificates" },
	{ { "GET", "/v1/cps/enrollments/{}/history/dv" }, ACCESS_OPERATOR, cps_ask_read, "read dv" },
	{ { "GET", "/v1/cps/active-certificates" }, ACCESS_OPERATOR, cps_ask_read, "read active" },
	{ { "POST", "/v1/cps/enrollments" }, ACCESS_OPERATOR, cps_ask_write, "create" },
	{ { "PATCH", "/v1/cps/enrollments/{}" }, ACCESS_OPERATOR, cps_ask_write, "update" },
	{ { "DELETE", "/v1/cps/enrollments/{}" }, ACCESS_OPERATOR, cps_ask_write, "delete" },
	{ { "POST", "/v1/cps/enrollments/{}/cancel" }, ACCESS_OPERATOR, cps_ask_write, "cancel" },
	{ { "PUT", "/v1/cps/enrollments/{}/schedule" }, ACCESS_OPERATOR, cps_ask_write, "schedule" },
	{ { "POST", "/v1/cps/enrollments/{}/acknowledge" }, ACCESS_OPERATOR, cps_ask_write, "ack" },
	{ { "POST", "/v1/cps/enrollments/{}/validate" }, ACCESS_OPERATOR, cps_validate_post },
	{ { "POST", "/v1/cps/enrollments/{}/approve" }, ACCESS_MANAGER, cps_approve_post },
	{ { "GET", "/v1/cps/inventory" }, ACCESS_OPERATOR, cps_inventory_get },
	{ { "GET", "/v1/cps/validations" }, ACCESS_OPERATOR, cps_validations_list },
	{ { "GET", "/v1/cps/validations/{}" }, ACCESS_OPERATOR, cps_validation_get },
	{ { "POST", "/mpic" }, ACCESS_ALL, mpic_post },
	{ { "POST", "/dcv" }, ACCESS_ALL, dcv_post },
	{ { "POST", "/caa" }, ACCESS_ALL, caa_post },
	{ { "GET", "/v1/audit" }, ACCESS_OPERATOR, audit_list },
	{ { "GET", "/v1/audit/head" }, ACCESS_OPERATOR, audit_head_get },
	{ { "GET", "/v1/config" }, ACCESS_OPERATOR, config_get },
	{ { "GET", "/v1/health/live" }, ACCESS_ALL, health_live },
	{ { "GET", "/v1/health/ready" }, ACCESS_ALL, health_ready },
	{ { "GET", "/v1/openapi.json" }, ACCESS_ALL, openapi_get },
	{ { "GET", "/metrics" }, ACCESS_CLIENT, metrics_get },
	{ { "GET", "/" }, ACCESS_CLIENT, status_get },
	{ { "GET", "/status/{}" }, ACCESS_CLIENT, status_get },
	{ { NULL } },
};

static int find_route(const struct api *a, struct http_exchange *x, int *ret_index, char argument[ROUTE_ARGUMENT_MAX], struct problem *problem)
{
	const char *method = http_exchange_method(x), *path = http_exchange_path(x);
	char allow[64];

	switch (router_find(rows, sizeof(rows[0]), method, path, ret_index, argument)) {
	case ROUTE_FOUND:
		return 0;
	case ROUTE_NO_METHOD:
		router_allow(rows, sizeof(rows[0]), path, allow, sizeof(allow));
		http_exchange_header(x, "Allow", allow);
		return problem_set(problem, 405, ERR_UNSUPPORTED, NULL, "%.100s answers %s, not %.20s", path, allow, method);
	case ROUTE_NO_PATH:
		break;
	}
	if (strncmp(path, "/.well-known/acme-challenge/", 28) == 0)
		return problem_set(problem, 404, ERR_NOT_FOUND, NULL, "this is the API; challenges of HTTP-01 are answered at http.listen (%s)",
		                   a->config->http.listen && a->config->http.listen[0] ? a->config->http.listen[0] : "it is off");
	return problem_set(problem, 404, ERR_NOT_FOUND, NULL, "no route matches %.100s; see /v1/openapi.json", path);
}

static int check_access(struct api *a, struct http_exchange *x, enum access access, struct caller *caller, struct problem *problem)
{
	if (access == ACCESS_ALL)
		return 0;
	if (caller_find(a, x, DOOR_REST, caller, problem) < 0)
		return problem->err.code;
	if (access >= ACCESS_OPERATOR && !grants_see_all(caller->grants))
		problem_set(problem, 403, ERR_DENIED, NULL, "this needs the role operator%s, and client %s has the role client",
		            strcmp(http_exchange_method(x), "GET") == 0 ? " or reader" : "", caller->name);
	else if (access == ACCESS_MANAGER && caller->loopback)
		problem_set(problem, 403, ERR_DENIED, NULL, "clients are managed with an operator's token, also from loopback");
	else
		return 0;
	audit_caller(a, caller, "access", NULL, http_exchange_path(x), "denied", problem->err.text);
	return problem->err.code;
}

/* A form of a web page cannot send this type without asking first (CORS). Who has a token is no such page. */
static int check_body_type(struct http_exchange *x, const struct caller *caller, struct problem *problem)
{
	const char *type = http_exchange_request_header(x, "Content-Type");

	if (body_is_form(x))
		return problem_set(problem, 415, ERR_INVALID, NULL, BODY_IS_FORM);
	if (!caller->loopback || strcmp(http_exchange_method(x), "POST") != 0 || !http_exchange_body_length(x))
		return 0;
	if (type && strncasecmp(type, JSON_TYPE, strlen(JSON_TYPE)) == 0 && strchr(" ;", type[strlen(JSON_TYPE)]))
		return 0;
	return problem_set(problem, 415, ERR_INVALID, NULL, "the body must be sent as Content-Type: application/json");
}

/* Before the answer, which may free the caller. */
static void log_request(struct http_exchange *x, const struct caller *caller)
{
	const char *method = http_exchange_method(x);

	log_event(strcmp(method, "GET") == 0 ? LOG_DEBUG : LOG_INFO, "request", "method", method, "path", http_exchange_path(x), "client",
	          caller->name, "peer", caller->peer, NULL);
}

/* From here on no path holds a token. */
static void cut_token(struct http_exchange *x)
{
	CLEANUP(credential_wipe) struct credential credential;
	size_t length = http_exchange_prefix(x) ? 0 : credential_in_path(http_exchange_path(x), &credential);

	if (length)
		http_exchange_cut_path(x, length);
}

bool api_knows(struct http_exchange *x, void *arg)
{
	cut_token(x);
	return caller_is_known(arg, x);
}

void api_handle(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct problem problem = { 0 };
	struct caller caller = { 0 };
	char argument[ROUTE_ARGUMENT_MAX];
	int index = 0;

	a->requests++;
	cut_token(x);
	if (webhook_handle(a, x))
		return;
	if (doors_handle(a, x))
		return;
	if (find_route(a, x, &index, argument, &problem) < 0 || check_access(a, x, rows[index].access, &caller, &problem) < 0 ||
	    check_body_type(x, &caller, &problem) < 0) {
		reply_problem(a, x, &problem);
		return;
	}
	if (rows[index].access != ACCESS_ALL)
		log_request(x, &caller);
	caller.what = rows[index].what;
	rows[index].run(a, x, &caller, argument);
}
