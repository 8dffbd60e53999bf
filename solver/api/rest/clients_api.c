/* /v1/clients: operators only, and never a caller without a token. */
#include <stdlib.h>
#include <string.h>

#include "solver/api/audit/audit.h"
#include "solver/api/rest/rest.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/crypto/crypto.h"

/* Reloads the clients after a change, so that the next request is judged by it. Answers `x` with the error where it cannot be read: the
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
	streams_check(a);
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

/* ---- set ---- */

static void count_live(const struct challenge *c, void *arg)
{
	*(size_t *)arg += !challenge_is_over(c->state);
}

/* A reader may not withdraw, so a client with live challenges cannot become one. */
static int check_reader(const struct api *a, const char *name, const json_t *patch, struct problem *problem)
{
	const char *role = json_string_value(json_object_get(patch, "role"));
	const struct challenge_filter own = { .state = -1, .type = -1, .client = name };
	size_t live = 0;

	if (!role || strcmp(role, role_name(ROLE_READER)) != 0)
		return 0;
	engine_list(a->parts.engine, &own, NULL, SIZE_MAX, count_live, &live);
	return live ? problem_set(problem, 0, ERR_CONFLICT, NULL, "client %.60s published %zu challenges, which a reader could not withdraw: have them withdrawn first, "
	                          "or revoke the client and make it anew", name, live) : 0;
}

void clients_patch(struct api *a, struct http_exchange *x, const struct caller *caller, const char *name)
{
	struct client_body body = { 0 };
	struct problem problem = { 0 };
	CLEANUP(mem_freep) char *detail = NULL;
	int code = body_read_grants(http_exchange_body(x), http_exchange_body_length(x), &body, &problem);

	if (code == 0 && (code = check_reader(a, name, body.grants, &problem)) == 0)
		code = client_set(a->parts.store, name, body.grants, &problem);
	if (code < 0) {
		audit_caller(a, caller, "client.set", NULL, name, "failed", problem.err.text);
		reply_problem(a, x, &problem);
	} else {
		detail = json_dumps(body.grants, JSON_COMPACT);
		audit_caller(a, caller, "client.set", NULL, name, "ok", detail);
		if (reload(a, x))
			reply_client(a, x, 200, name, NULL);
	}
	json_decref(body.document);
}

/* ---- revoke ---- */

void clients_withdraw_revoked(struct api *a)
{
	for (size_t i = 0; i < a->clients->count; i++) {
		const struct client *c = &a->clients->items[i];
		size_t count = c->revoked ? engine_release_client(a->parts.engine, c->name, NULL, NULL) : 0;

		if (count)
			log_line(LOG_INFO, "withdrawing %zu challenges of the revoked client %s", count, c->name);
	}
}

/* The answer waits until the journal holds the new state of the client's challenges. */
struct revocation {
	struct call *call;
	char *name;
	size_t withdrawn, handed_over; /* challenges */
};

static void reply_revoked(const struct revocation *r)
{
	const struct client *c = client_list_named(r->call->api->clients, r->name);
	json_t *all = c ? client_json(c) : json_object();

	json_object_set_new(all, "withdrawn", json_integer((json_int_t)r->withdrawn));
	json_object_set_new(all, "handed_over", json_integer((json_int_t)r->handed_over));
	reply_json(r->call->x, 200, all);
}

static void revocation_answer(struct revocation *r, const struct err *err)
{
	struct call *c = r->call;

	if (err && err->code)
		call_audit(c, "client.revoke", NULL, r->name, err);
	if (c->x && err && err->code)
		reply_err(c->api, c->x, err);
	else if (c->x)
		reply_revoked(r);
	call_release(c);
	free(r->name);
	free(r);
}

static void on_withdrawn(const struct err *err, void *arg)
{
	revocation_answer(arg, err);
}

/* Challenges that were submitted meanwhile were not handed over. */
static void on_handed_over(const struct err *err, void *arg)
{
	struct revocation *r = arg;
	struct err told = err ? *err : (struct err){ 0 };

	if (told.code) {
		err_in(&told, "the token of %s is revoked, but its records were not handed over; repeat it", r->name);
		revocation_answer(r, &told);
	} else if (!r->call->api) {
		revocation_answer(r, NULL);
	} else {
		r->withdrawn = engine_release_client(r->call->api->parts.engine, r->name, on_withdrawn, r);
	}
}

/* Checks the client that gets the records; without one they are withdrawn. */
static int check_heir(const struct api *a, const char *name, const char *heir, struct problem *problem)
{
	if (!heir)
		return 0;
	if (strcmp(heir, name) == 0)
		return problem_set(problem, 422, ERR_INVALID, NULL, "keep_for: %.60s is the client that is revoked; name another one", heir);
	if (!client_list_named(a->clients, heir) || client_is_revoked(a, heir))
		return problem_set(problem, 422, ERR_INVALID, NULL, "keep_for: there is no client %.60s that could keep the records", heir);
	if (grants_role(client_list_named(a->clients, heir)->grants) == ROLE_READER)
		return problem_set(problem, 422, ERR_INVALID, NULL, "keep_for: %.60s is a reader, which changes nothing and could not withdraw the records; name a client "
		                   "or an operator", heir);
	return 0;
}

static void note_revoked(struct api *a, const struct caller *caller, const char *name, const char *heir, size_t count)
{
	CLEANUP(mem_freep) char *detail = heir ? mem_printf("%zu challenges handed over to %s", count, heir) :
	                                         mem_printf("%zu challenges withdrawn", count);

	audit_caller(a, caller, "client.revoke", NULL, name, "ok", detail);
}

/* The token ends first, so that nothing is added to what is withdrawn. */
void clients_delete(struct api *a, struct http_exchange *x, const struct caller *caller, const char *name)
{
	const char *heir = http_exchange_query(x, "keep_for");
	struct problem problem = { 0 };
	struct caller who = *caller;
	struct revocation *r;
	size_t *count;

	if (check_heir(a, name, heir, &problem) < 0 || client_revoke(a->parts.store, name, &problem) < 0) {
		audit_caller(a, caller, "client.revoke", NULL, name, "failed", problem.err.text);
		reply_problem(a, x, &problem);
		return;
	}
	r = mem_new(1, sizeof(*r));
	*r = (struct revocation){ .call = call_new(a, x, caller), .name = mem_dup(name) };
	r->call->holders++;
	who.name = r->call->client; /* the list that held its name goes */
	who.grants = NULL;
	if (!reload(a, x)) {
		call_release(r->call);
		free(r->name);
		free(r);
		return;
	}
	count = heir ? &r->handed_over : &r->withdrawn; /* the answer comes later */
	*count = heir ? engine_hand_over(a->parts.engine, name, heir, on_handed_over, r) :
	                engine_release_client(a->parts.engine, name, on_withdrawn, r);
	note_revoked(a, &who, name, heir, *count);
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
