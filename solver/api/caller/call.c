#include <stdlib.h>

#include <string.h>
#include <utlist.h>

#include "solver/api/audit/audit.h"
#include "solver/api/caller/caller.h"
#include "solver/base/mem.h"

static void on_gone(void *arg)
{
	struct call *c = arg;

	c->x = NULL;
	call_release(c);
}

struct call *call_new(struct api *a, struct http_exchange *x, const struct caller *caller)
{
	struct call *c = mem_new(1, sizeof(*c));

	c->api = a;
	c->x = x;
	c->holders = 1;
	c->client = mem_dup(caller->name);
	c->version = client_version(a, caller->name);
	c->operator = grants_operator(caller->grants);
	c->door = caller->door ? caller->door : DOOR_REST;
	memcpy(c->peer, caller->peer, sizeof(c->peer));
	DL_APPEND(a->calls, c);
	http_exchange_on_gone(x, on_gone, c);
	return c;
}

void call_release(struct call *c)
{
	if (--c->holders)
		return;
	if (c->api)
		DL_DELETE(c->api->calls, c);
	free(c->client);
	free(c->version);
	free(c);
}

void call_audit(struct call *c, const char *action, const char *type, const char *name, const struct err *err)
{
	bool failed = err && err->code;

	if (c->api)
		audit_note(c->api, &(struct audit_event){ c->door, c->client, c->peer, action, type, name, failed ? "failed" : "ok",
		                                          failed ? err->text : NULL });
}

void call_audit_challenge(struct call *c, const char *action, const struct challenge *challenge, const struct err *err)
{
	CLEANUP(mem_freep) char *name = mem_printf("%s%s", challenge->wildcard ? "*." : "", challenge->identifier);

	call_audit(c, action, challenge_type_name(challenge->type), name, err);
}

void calls_end(struct api *a)
{
	struct call *c, *tmp;

	DL_FOREACH_SAFE(a->calls, c, tmp) {
		DL_DELETE(a->calls, c);
		c->api = NULL;
	}
}
