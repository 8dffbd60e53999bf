/* POST /apis/<group>/v1alpha1/<solver>: kube-apiserver passes on what cert-manager asks.
 *
 * An accepted caller gets a 2xx with a `response`, also for a failure: any other status would be retried by kube-apiserver
 * or crash the controller. Sentences stay the same between tries, because they are copied into the status of a Challenge. */
#include "solver/api/certmanager/webhook.h"

#include <stdlib.h>
#include <string.h>

#include "solver/api/audit/audit.h"
#include "solver/api/door/door.h"
#include "solver/base/mem.h"

struct webhook_call {
	struct api *api;
	struct http_exchange *x;
	struct webhook_payload payload;
};

static void call_free(struct webhook_call *c)
{
	webhook_payload_done(&c->payload);
	free(c);
}

static void on_gone(void *arg)
{
	struct webhook_call *c = arg;

	door_forget(c->api, c);
	call_free(c);
}

static void refuse(struct http_exchange *x, int code, const char *message)
{
	if (code == 401)
		http_exchange_header(x, "WWW-Authenticate", "Bearer realm=\"dcvd\"");
	reply_json(x, code, webhook_status(code, message));
}

static void on_result(const struct door_result *result, void *arg)
{
	struct webhook_call *c = arg;

	if (result->code == 0)
		reply_json(c->x, 201, webhook_payload_success(&c->payload));
	else
		reply_json(c->x, 201, webhook_payload_failure(&c->payload, problem_status(result->code), result->text));
}

/* Use the record name that cert-manager resolved only when the caller may write it. Otherwise dcvd follows the CNAME itself, and
 * the engine checks the grant at its end. */
static void choose_name(const struct api *a, struct webhook_payload *p, const struct caller *caller)
{
	struct err err;

	if (p->request.record_name && caller_may_write(a, caller, &p->request, &err) == ERR_DENIED)
		p->request.record_name = NULL;
}

static void serve(struct webhook_call *c, const struct caller *caller)
{
	const struct config_cert_manager *config = &c->api->config->cert_manager;
	struct order_request order = { .challenges = &c->payload.request, .count = 1, .label = "cert-manager" };

	if (c->payload.cleanup) {
		door_cleanup(c->api, caller, &c->payload.request, on_result, c);
		return;
	}
	choose_name(c->api, &c->payload, caller);
	door_present(c->api, caller, &order, config->wait ? DOOR_VERIFIED : DOOR_QUICK, config->limit_ms, on_result, c);
}

static void webhook_post(struct api *a, struct http_exchange *x)
{
	struct problem problem = { 0 }, bad = { 0 };
	struct caller caller = { 0 };
	struct webhook_call *c = mem_new(1, sizeof(*c));
	int read = webhook_payload_read(http_exchange_body(x), http_exchange_body_length(x), &c->payload, &bad);

	if (caller_find_for(a, x, DOOR_CERT_MANAGER, read == 0 && c->payload.cleanup, &caller, &problem) < 0) {
		int status = problem.status ? problem.status : problem_status(problem.err.code);

		reply_retry_after(x, status, problem.retry_after_s);
		refuse(x, status, problem.err.text);
		call_free(c);
		return;
	}
	if (read < 0) {
		audit_caller(a, &caller, "present", NULL, NULL, "failed", bad.err.text);
		refuse(x, bad.status, bad.err.text);
		call_free(c);
		return;
	}
	c->api = a;
	c->x = x;
	http_exchange_on_gone(x, on_gone, c);
	serve(c, &caller);
}

static bool is_solver(const struct config_cert_manager *c, const char *path)
{
	CLEANUP(mem_freep) char *solver = mem_printf("/apis/%s/" WEBHOOK_VERSION "/%s", c->group, c->solver);

	return strcmp(path, solver) == 0;
}

static bool is_below(const char *path, const char *start)
{
	size_t length = strlen(start);

	return strncmp(path, start, length) == 0 && (!path[length] || path[length] == '/');
}

bool webhook_handle(struct api *a, struct http_exchange *x)
{
	static const char *const starts[] = { "/apis", "/openapi", "/version", "/livez", "/readyz", "/healthz" };
	const char *path = http_exchange_path(x), *method = http_exchange_method(x);
	bool ours = false;

	for (size_t i = 0; i < ARRAY_LEN(starts); i++)
		ours |= is_below(path, starts[i]);
	if (!ours || !a->config->cert_manager.group)
		return false;
	if (strcmp(method, "GET") == 0)
		webhook_get(a, x);
	else if (strcmp(method, "POST") != 0)
		refuse(x, 405, "the server does not allow this method on the requested resource");
	else if (is_solver(&a->config->cert_manager, path))
		webhook_post(a, x);
	else
		refuse(x, 404, "the server could not find the requested resource");
	return true;
}
