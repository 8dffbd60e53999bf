#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "providers/edgedns/internal.h"
#include "solver/base/mem.h"

/* Signs and fills the request. The path is escaped once, here, and those bytes are signed and sent. */
static void call_sign(struct provider *p, struct work *w, const char *method, const char *path, json_t *body,
                      struct request *ret)
{
	const char *key = p->credentials.account_key;
	CLEANUP(mem_freep) char *escaped = key ? kit_escape(key) : NULL;
	CLEANUP(mem_freep) char *target =
		key ? mem_printf("/config-dns/v2%s%caccountSwitchKey=%s", path, strchr(path, '?') ? '&' : '?', escaped)
		    : mem_printf("/config-dns/v2%s", path);
	CLEANUP(mem_freep) char *url = mem_printf("%s%s", p->base, target);
	CLEANUP(mem_freep) char *authorization = NULL;
	char timestamp[EDGEGRID_TIMESTAMP_SIZE];
	struct edgegrid_request signing = { .method = method, .scheme = p->scheme, .host = p->host,
	                                    .path_and_query = target, .timestamp = timestamp };

	kit_call_start(&w->call, method, url, body ? kit_json_dump(body) : NULL);
	signing.body = w->call.body;
	signing.body_length = w->call.body ? strlen(w->call.body) : 0;
	edgegrid_timestamp((w->job->now_seconds + p->clock_offset) * 1000, timestamp);
	authorization = edgegrid_authorization(&p->credentials, &signing);
	kit_call_header(&w->call, "Authorization: %s", authorization);
	kit_call_header(&w->call, "Accept: application/json");
	kit_call_header(&w->call, "Expect:"); /* a gateway need not know 100-continue */
	kit_call_request(&w->call, p->options->ca_file, ret);
}

static bool all_challenge_names(const struct work *w)
{
	for (size_t i = 0; i < w->count; i++)
		if (strncasecmp(w->sets[i].fqdn, "_acme-challenge", 15) != 0)
			return false;
	return true;
}

void edgedns_call_list(struct provider *p, struct work *w, struct request *ret)
{
	CLEANUP(mem_freep) char *zone = kit_escape(w->job->zone);
	CLEANUP(mem_freep) char *path = mem_printf("/zones/%s/recordsets?types=TXT&showAll=true%s", zone,
	                                           all_challenge_names(w) ? "&search=_acme-challenge" : "");

	w->doing = DOING_LIST;
	call_sign(p, w, "GET", path, NULL, ret);
}

void edgedns_call_zone(struct provider *p, struct work *w, struct request *ret)
{
	CLEANUP(mem_freep) char *zone = kit_escape(w->job->zone);
	CLEANUP(mem_freep) char *path = mem_printf("/zones/%s", zone);

	w->doing = DOING_ZONE;
	call_sign(p, w, "GET", path, NULL, ret);
}

void edgedns_call_create_many(struct provider *p, struct work *w, json_t *recordsets, struct request *ret)
{
	CLEANUP(mem_freep) char *zone = kit_escape(w->job->zone);
	CLEANUP(mem_freep) char *path = mem_printf("/zones/%s/recordsets", zone);

	w->doing = DOING_CREATE_MANY;
	call_sign(p, w, "POST", path, json_pack("{s:o}", "recordsets", recordsets), ret);
}

void edgedns_call_set(struct provider *p, struct work *w, enum doing doing, struct recordset *s, json_t *body,
                      struct request *ret)
{
	static const char *const methods[] = {
		[DOING_READ] = "GET", [DOING_CREATE] = "POST", [DOING_REPLACE] = "PUT", [DOING_DELETE] = "DELETE",
	};
	CLEANUP(mem_freep) char *zone = kit_escape(w->job->zone);
	CLEANUP(mem_freep) char *name = kit_escape(s->fqdn);
	CLEANUP(mem_freep) char *path = mem_printf("/zones/%s/names/%s/types/TXT", zone, name);

	w->doing = doing;
	w->current = s;
	call_sign(p, w, methods[doing], path, body, ret);
}
