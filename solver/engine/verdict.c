#include "solver/engine/verdict.h"

#include <jansson.h>
#include <stdlib.h>

#include "solver/base/clock.h"
#include "solver/base/mem.h"

struct verdict *verdict_new(void)
{
	struct verdict *v = mem_new(1, sizeof(*v));

	v->result = VERDICT_UNKNOWN;
	v->stage = "lookup";
	return v;
}

static void look_done(struct look *l)
{
	for (size_t i = 0; i < l->value_count; i++)
		free(l->values[i]);
	free(l->server);
	free(l->address);
	free(l->status);
	free(l->detail);
}

void verdict_free(struct verdict *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < v->look_count; i++)
		look_done(&v->looks[i]);
	free(v->detail);
	free(v->mend);
	free(v->zone);
	free(v->fqdn);
	free(v);
}

struct look *verdict_look(struct verdict *v, const char *server, const char *address)
{
	struct look *l;

	if (v->look_count == LOOKS_MAX)
		return NULL;
	l = &v->looks[v->look_count++];
	l->server = mem_dup(server);
	l->address = mem_dup(address);
	return l;
}

const char *verdict_result_name(enum verdict_result result)
{
	static const char *const names[] = { "pass", "fail", "flaky", "unknown" };

	return names[result];
}

/* Bytes from strangers: what is not UTF-8 becomes null rather than a broken document. */
static json_t *text(const char *t)
{
	json_t *s = t ? json_string(t) : NULL;

	return s ? s : json_null();
}

static json_t *look_json(const struct look *l)
{
	json_t *values = json_array();
	char at[CLOCK_TEXT_SIZE];

	for (size_t i = 0; i < l->value_count; i++)
		json_array_append_new(values, text(l->values[i]));
	return json_pack("{so so sb so so sb sI ss so}", "server", text(l->server), "address", text(l->address), "ok",
	                 l->ok, "status", text(l->status), "values", values, "authoritative", l->authoritative,
	                 "elapsed_ms", (json_int_t)l->elapsed_ms, "at", clock_text(l->at_ms, at), "detail",
	                 text(l->detail));
}

char *verdict_json(const struct verdict *v)
{
	json_t *looks = json_array(), *mends = json_array(), *all;
	char *out;

	for (size_t i = 0; i < v->look_count; i++)
		json_array_append_new(looks, look_json(&v->looks[i]));
	if (v->mend)
		json_array_append_new(mends, text(v->mend));
	all = json_pack("{ss ss so so so so so so}", "result", verdict_result_name(v->result), "stage", v->stage,
	                "error_type", text(v->error_type), "detail", text(v->detail), "mends", mends, "zone",
	                text(v->zone), "fqdn", text(v->fqdn), "looks", looks);
	out = json_dumps(all, JSON_COMPACT);
	json_decref(all);
	return out;
}
