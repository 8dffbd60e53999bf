/* The discovery documents of an aggregated API server: groups, resources, version, OpenAPI, health. Nothing here is secret, and the
 * aggregator fetches some of it without a client known here, so it is open. */
#include <stdlib.h>
#include <string.h>

#include "solver/api/door/door.h"
#include "solver/api/certmanager/webhook.h"
#include "solver/base/mem.h"

static json_t *version_json(const char *group)
{
	CLEANUP(mem_freep) char *full = mem_printf("%s/" WEBHOOK_VERSION, group);

	return json_pack("{ss ss}", "groupVersion", full, "version", WEBHOOK_VERSION);
}

static json_t *group_json(const char *group)
{
	return json_pack("{ss s[o] so}", "name", group, "versions", version_json(group), "preferredVersion", version_json(group));
}

static json_t *typed(const char *kind, json_t *takes)
{
	json_object_set_new(takes, "kind", json_string(kind));
	json_object_set_new(takes, "apiVersion", json_string("v1"));
	return takes;
}

static json_t *groups_json(const char *group)
{
	return typed("APIGroupList", json_pack("{s[o]}", "groups", group_json(group)));
}

static json_t *resources_json(const char *group, const char *solver)
{
	CLEANUP(mem_freep) char *full = mem_printf("%s/" WEBHOOK_VERSION, group);

	return typed("APIResourceList", json_pack("{ss s[{ss ss sb ss ss ss s[s]}]}", "groupVersion", full, "resources", "name", solver,
	             "singularName", "", "namespaced", 0, "group", "webhook.acme.cert-manager.io", "version", WEBHOOK_VERSION,
	             "kind", "ChallengePayload", "verbs", "create"));
}

/* An OpenAPI v3 document with the one path there is. */
static json_t *openapi_json_of(const char *group, const char *solver)
{
	CLEANUP(mem_freep) char *path = mem_printf("/apis/%s/" WEBHOOK_VERSION "/%s", group, solver);
	json_t *content = json_pack("{s{s{ss}}}", "application/json", "schema", "type", "object");
	json_t *post = json_pack("{s{so} s{s{ss sO}} s{ss ss ss}}", "requestBody", "content", content, "responses", "201",
	                         "description", "A ChallengePayload with its response", "content", content,
	                         "x-kubernetes-group-version-kind", "group", "webhook.acme.cert-manager.io", "version", WEBHOOK_VERSION,
	                         "kind", "ChallengePayload");

	return json_pack("{ss s{ss ss} s{s{so}}}", "openapi", "3.0.0", "info", "title", "dcvd", "version", DCVD_VERSION, "paths", path,
	                 "post", post);
}

static json_t *openapi_index_json(const char *group)
{
	CLEANUP(mem_freep) char *path = mem_printf("apis/%s/" WEBHOOK_VERSION, group);
	CLEANUP(mem_freep) char *url = mem_printf("/openapi/v3/apis/%s/" WEBHOOK_VERSION, group);

	return json_pack("{s{s{ss}}}", "paths", path, "serverRelativeURL", url);
}

/* `rest` below /apis or /openapi/v3; gives the document, or NULL: there is none. */
static json_t *document(const struct config_cert_manager *c, const char *path)
{
	CLEANUP(mem_freep) char *group = mem_printf("/apis/%s", c->group);
	CLEANUP(mem_freep) char *version = mem_printf("/apis/%s/" WEBHOOK_VERSION, c->group);
	CLEANUP(mem_freep) char *openapi = mem_printf("/openapi/v3/apis/%s/" WEBHOOK_VERSION, c->group);

	if (strcmp(path, "/apis") == 0)
		return groups_json(c->group);
	if (strcmp(path, group) == 0)
		return typed("APIGroup", group_json(c->group));
	if (strcmp(path, version) == 0)
		return resources_json(c->group, c->solver);
	if (strcmp(path, "/openapi/v3") == 0)
		return openapi_index_json(c->group);
	if (strcmp(path, openapi) == 0)
		return openapi_json_of(c->group, c->solver);
	return NULL;
}

static void answer_probe(struct api *a, struct http_exchange *x, const char *path)
{
	struct err err;

	if (strcmp(path, "/readyz") == 0 && a->parts.ready && a->parts.ready(a->parts.arg, &err) < 0)
		http_exchange_reply(x, 503, "text/plain", err.text, strlen(err.text));
	else
		http_exchange_reply(x, 200, "text/plain", "ok", 2);
}

void webhook_get(struct api *a, struct http_exchange *x)
{
	const char *path = http_exchange_path(x);
	json_t *all;

	if (strcmp(path, "/livez") == 0 || strcmp(path, "/readyz") == 0 || strcmp(path, "/healthz") == 0) {
		answer_probe(a, x, path);
		return;
	}
	if (strcmp(path, "/version") == 0) {
		reply_json(x, 200, json_pack("{ss ss ss}", "major", "1", "minor", "30", "gitVersion", "v1.30.0+dcvd-" DCVD_VERSION));
		return;
	}
	all = document(&a->config->cert_manager, path);
	reply_json(x, all ? 200 : 404, all ? all : webhook_status(404, "the server could not find the requested resource"));
}
