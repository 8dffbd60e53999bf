/* Who asks, and what they may see and ask for. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "solver/api/door.h"
#include "solver/api/internal.h"

/* A page in a browser on this host can reach the loopback, with the rights of nobody: it announces itself by
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

static int loopback_find(struct api *a, struct http_exchange *x, struct caller *ret, struct problem *problem)
{
	if (!a->config->api.loopback_open || !http_exchange_from_loopback(x))
		return problem_set(problem, 401, ERR_DENIED, NULL,
		                   "no bearer token; create a client with \"dcvd client add\" and send Authorization: Bearer …");
	if (from_a_browser(x))
		return problem_set(problem, 403, ERR_DENIED, NULL, "requests of web pages need a bearer token, also from loopback");
	*ret = (struct caller){ .name = "loopback", .grants = a->everything, .loopback = true };
	return 0;
}

int caller_find(struct api *a, struct http_exchange *x, struct caller *ret, struct problem *problem)
{
	const char *header = http_exchange_request_header(x, "Authorization");
	const struct client *client = NULL;

	if (!header)
		return loopback_find(a, x, ret, problem);
	if (strncasecmp(header, "Bearer ", 7) == 0)
		client = client_list_bearer(a->clients, header + 7 + strspn(header + 7, " "));
	if (!client)
		return problem_set(problem, 401, ERR_DENIED, NULL, "the bearer token is not known or was revoked");
	if (!grants_allow_peer(client->grants, http_exchange_peer(x)))
		return problem_set(problem, 403, ERR_DENIED, NULL, "client %s may not ask from %s", client->name, http_exchange_peer(x));
	*ret = (struct caller){ .name = client->name, .grants = client->grants };
	return 0;
}

bool caller_sees(const struct caller *caller, const char *client)
{
	return grants_operator(caller->grants) || strcmp(caller->name, client) == 0;
}

int caller_challenge(struct api *a, const struct caller *caller, const char *id, const struct challenge **ret, struct problem *problem)
{
	const struct challenge *c = engine_challenge(a->parts.engine, id);

	if (!c || !caller_sees(caller, c->client))
		return problem_set(problem, 404, ERR_NOT_FOUND, NULL, "there is no challenge %.40s", id);
	*ret = c;
	return 0;
}

int caller_order(struct api *a, const struct caller *caller, const char *id, const struct order **ret, struct problem *problem)
{
	const struct order *o = engine_order(a->parts.engine, id);

	if (!o || !caller_sees(caller, o->client))
		return problem_set(problem, 404, ERR_NOT_FOUND, NULL, "there is no order %.40s", id);
	*ret = o;
	return 0;
}

int caller_may_submit(const struct caller *caller, const struct order_body *body, struct problem *problem)
{
	char pointer[POINTER_MAX] = "/domain";
	struct err err;

	for (size_t i = 0; i < body->request.count; i++) {
		const struct challenge_request *c = &body->challenges[i];

		if (door_check_grant(caller, c, &err) == 0)
			continue;
		if (body->single)
			return problem_set(problem, 0, err.code, pointer, "%s", err.text);
		snprintf(pointer, sizeof(pointer), "/challenges/%zu/domain", i);
		return problem_set(problem, 0, err.code, pointer, "challenge %zu: %s", i + 1, err.text);
	}
	return 0;
}
