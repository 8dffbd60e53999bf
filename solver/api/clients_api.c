/* /v1/clients: operators only, and never a caller without a token. */
#include <string.h>

#include "solver/api/audit.h"
#include "solver/api/internal.h"
#include "solver/base/log.h"

/* After each change, the next request is judged by what the store says now. Answers `x` with the error where it cannot be read: the
 * change is stored, and is not in force. */
static bool reload(struct api *a, struct http_exchange *x)
{
	struct client_list *fresh;
	struct err err;

	if (client_list_load(a->parts.store, &fresh, &err) < 0) {
		log_event(LOG_ERROR, "the clients cannot be read", "error", err.text, NULL);
		err_in(&err, "the change is stored but not in force until the clients can be read; repeat it, or send SIGHUP");
		reply_err(a, x, &err);
		return false;
	}
	client_list_free(a->clients);
	a->clients = fresh;
	return true;
}

static void reply_client(struct api *a, struct http_exchange *x, int status, const char *name, const char *token)
{
	const struct client *c = client_list_named(a->clients, name);
	json_t *all = c ? client_json(c) : json_object();

	if (token)
		json_object_set_new(all, "token", json_string(token));
	reply_json(x, status, all);
}

void clients_post(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument)
{
	struct problem problem = { 0 };
	struct grants *grants = NULL;
	struct client_body body = { 0 };
	char token[BEARER_SIZE];
	int code;

	(void)argument;
	code = body_read_client(http_exchange_body(x), http_exchange_body_length(x), &body, &problem);
	if (code == 0 && (code = grants_read(body.grants, &grants, &problem)) < 0)
		problem_inside(&problem, "grants");
	if (code == 0)
		code = client_issue(a->parts.store, body.name, grants, token, &problem);
	if (code < 0) {
		audit_caller(a, caller, "client.add", NULL, body.name, "failed", problem.err.text);
		reply_problem(a, x, &problem);
	} else {
		audit_caller(a, caller, "client.add", NULL, body.name, "ok", NULL);
		if (reload(a, x))
			reply_client(a, x, 201, body.name, token);
	}
	explicit_bzero(token, sizeof(token));
	grants_free(grants);
	json_decref(body.document);
}

void clients_list(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument)
{
	json_t *all = json_array();

	(void)caller;
	(void)argument;
	for (size_t i = 0; i < a->clients->count; i++)
		json_array_append_new(all, client_json(&a->clients->items[i]));
	reply_json(x, 200, json_pack("{so}", "clients", all));
}

void clients_get(struct api *a, struct http_exchange *x, const struct caller *caller, const char *name)
{
	struct err err;

	(void)caller;
	if (client_list_named(a->clients, name)) {
		reply_client(a, x, 200, name, NULL);
		return;
	}
	err_set(&err, ERR_NOT_FOUND, "there is no client %.60s", name);
	reply_err(a, x, &err);
}

void clients_delete(struct api *a, struct http_exchange *x, const struct caller *caller, const char *name)
{
	struct problem problem = { 0 };

	if (client_revoke(a->parts.store, name, &problem) < 0) {
		audit_caller(a, caller, "client.revoke", NULL, name, "failed", problem.err.text);
		reply_problem(a, x, &problem);
		return;
	}
	audit_caller(a, caller, "client.revoke", NULL, name, "ok", NULL);
	if (reload(a, x))
		reply_client(a, x, 200, name, NULL);
}

void clients_rotate(struct api *a, struct http_exchange *x, const struct caller *caller, const char *name)
{
	struct problem problem = { 0 };
	char token[BEARER_SIZE];

	if (client_rotate(a->parts.store, name, token, &problem) < 0) {
		audit_caller(a, caller, "client.rotate", NULL, name, "failed", problem.err.text);
		reply_problem(a, x, &problem);
		return;
	}
	audit_caller(a, caller, "client.rotate", NULL, name, "ok", NULL);
	if (reload(a, x))
		reply_client(a, x, 200, name, token);
	explicit_bzero(token, sizeof(token));
}
