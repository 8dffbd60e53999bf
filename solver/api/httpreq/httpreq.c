/* POST …/present and …/cleanup: lego's httpreq and acmeproxy. 200 with an echo of what came, or {"error": a sentence}.
 *
 * acme.sh takes any answer that holds the value for a success, libdns wants the echo to be equal, lego any 2xx. The wait is
 * "quick" or "verified": by httpreq.wait, by a segment of that name in front of the verb (…/verified/present, for clients
 * that can only prefix a URL), or by ?wait=. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/api/door/door.h"
#include "solver/api/httpreq/httpreq.h"
#include "solver/api/httpreq/httpreq_body.h"
#include "solver/base/mem.h"

struct httpreq {
	struct api *api;
	struct http_exchange *x;
	struct httpreq_body body;
};

static void on_gone(void *arg)
{
	struct httpreq *h = arg;

	door_forget(h->api, h);
	httpreq_body_done(&h->body);
	free(h);
}

static int status_of(int code)
{
	switch (code) {
	case ERR_INVALID:
	case ERR_TOO_LARGE:
		return 400;
	case ERR_DENIED:
		return 403;
	case ERR_CONFLICT:
	case ERR_EXISTS:
		return 409;
	case ERR_RATE:
		return 429;
	case ERR_TIMEOUT:
		return 504;
	case ERR_UNREACHABLE:
	case ERR_PROTOCOL:
	case ERR_NOT_FOUND:
		return 502;
	default:
		return 503;
	}
}

static void on_result(const struct door_result *result, void *arg)
{
	struct httpreq *h = arg;
	char text[ERR_TEXT_MAX];

	if (!result->code) {
		reply_json(h->x, 200, httpreq_body_echo(&h->body));
		return;
	}
	httpreq_body_hide(&h->body, result->text, text, sizeof(text));
	door_reply_error(h->api, h->x, status_of(result->code), text);
}

/* ---- quick or verified ---- */

static int wait_named(const char *name, size_t length, enum door_wait *ret)
{
	static const char *const names[] = { [DOOR_QUICK] = "quick", [DOOR_VERIFIED] = "verified" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strlen(names[i]) != length || strncmp(names[i], name, length) != 0)
			continue;
		*ret = (enum door_wait)i;
		return 0;
	}
	return ERR_INVALID;
}

static int read_wait(struct api *a, struct http_exchange *x, enum door_wait *ret, struct problem *problem)
{
	const char *path = http_exchange_path(x), *verb = strrchr(path, '/'), *segment = verb, *query = http_exchange_query(x, "wait");

	*ret = (enum door_wait)a->config->httpreq.wait;
	while (segment > path && segment[-1] != '/')
		segment--;
	wait_named(segment, (size_t)(verb - segment), ret);
	if (query && wait_named(query, strlen(query), ret) < 0)
		return problem_set(problem, 400, ERR_INVALID, NULL, "wait is quick or verified");
	return 0;
}

/* ---- a request ---- */

/* A form of a web page cannot send this type without asking first (CORS); who has a token is no such page. */
static int check_type(struct http_exchange *x, const struct caller *caller, struct problem *problem)
{
	const char *type = http_exchange_request_header(x, "Content-Type");

	if (body_is_form(x))
		return problem_set(problem, 415, ERR_INVALID, NULL, BODY_IS_FORM);
	if (!caller->loopback || (type && strncasecmp(type, JSON_TYPE, strlen(JSON_TYPE)) == 0))
		return 0;
	return problem_set(problem, 400, ERR_INVALID, NULL, "the body must be sent as Content-Type: application/json");
}

static int read_request(struct api *a, struct http_exchange *x, struct caller *caller, enum door_wait *wait, struct httpreq_body *body,
                        struct problem *problem)
{
	if (strcmp(http_exchange_method(x), "POST") != 0) {
		http_exchange_header(x, "Allow", "POST");
		return problem_set(problem, 405, ERR_UNSUPPORTED, NULL, "send a POST");
	}
	if (caller_find(a, x, DOOR_HTTPREQ, caller, problem) < 0 || check_type(x, caller, problem) < 0 || read_wait(a, x, wait, problem) < 0)
		return problem->err.code;
	return httpreq_body_read(http_exchange_body(x), http_exchange_body_length(x), body, problem);
}

static struct httpreq *httpreq_open(struct api *a, struct http_exchange *x, struct caller *caller, enum door_wait *wait)
{
	struct httpreq *h = mem_new(1, sizeof(*h));
	struct problem problem = { 0 };

	h->api = a;
	h->x = x;
	if (read_request(a, x, caller, wait, &h->body, &problem) < 0) {
		door_reply_later(a, x, problem.status ? problem.status : status_of(problem.err.code), problem.err.text, problem.retry_after_s);
		free(h);
		return NULL;
	}
	http_exchange_on_gone(x, on_gone, h);
	return h;
}

void httpreq_present(struct api *a, struct http_exchange *x)
{
	enum door_wait wait;
	struct caller caller;
	struct httpreq *h = httpreq_open(a, x, &caller, &wait);
	struct order_request order;

	if (!h)
		return;
	order = (struct order_request){ .challenges = &h->body.request, .count = 1 };
	door_present(a, &caller, &order, wait, a->config->httpreq.limit_ms, on_result, h);
}

void httpreq_cleanup(struct api *a, struct http_exchange *x)
{
	enum door_wait wait;
	struct caller caller;
	struct httpreq *h = httpreq_open(a, x, &caller, &wait);

	if (h)
		door_cleanup(a, &caller, &h->body.request, on_result, h);
}
