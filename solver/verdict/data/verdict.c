#include "solver/verdict/data/verdict.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/verdict/data/evidence.h"

#define PROBLEM_URN "urn:ietf:params:acme:error:"

struct verdict *verdict_new(void)
{
	struct verdict *v = mem_new(1, sizeof(*v));

	v->result = VERDICT_UNKNOWN; /* until a stage decided */
	return v;
}

bool query_result_is_unroutable(const struct query_result *l)
{
	return l->status && strcmp(l->status, QUERY_UNROUTABLE) == 0;
}

void query_result_done(struct query_result *l)
{
	for (size_t i = 0; i < l->value_count; i++)
		free(l->values[i]);
	free(l->server);
	free(l->address);
	free(l->status);
	free(l->detail);
	*l = (struct query_result){ 0 };
}

void verdict_free(struct verdict *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < v->result_count; i++)
		query_result_done(&v->results[i]);
	for (size_t i = 0; i < v->finding_count; i++) {
		free(v->findings[i].text);
		free(v->findings[i].fix);
	}
	free(v->detail);
	free(v->identifier);
	free(v->type);
	free(v->authority);
	free(v->zone);
	free(v->fqdn);
	free(v);
}

struct query_result *verdict_add_result(struct verdict *v, const char *server, const char *address)
{
	struct query_result *l;

	if (v->result_count == QUERY_RESULTS_MAX)
		return NULL;
	l = &v->results[v->result_count++];
	l->server = mem_dup(server);
	l->address = mem_dup(address);
	return l;
}

/* The place of the least important finding, when that is less important than `severity`; NULL when none is. */
static struct finding *least_important(struct verdict *v, enum finding_severity severity)
{
	struct finding *least = &v->findings[0];

	for (size_t i = 1; i < v->finding_count; i++)
		if (v->findings[i].severity >= least->severity)
			least = &v->findings[i];
	return least->severity > severity ? least : NULL;
}

static struct finding *room_for(struct verdict *v, enum finding_severity severity)
{
	struct finding *f;

	if (v->finding_count < FINDINGS_MAX)
		return &v->findings[v->finding_count++];
	f = least_important(v, severity);
	if (f) {
		free(f->text);
		free(f->fix);
	}
	return f;
}

void verdict_add_finding(struct verdict *v, enum finding_severity severity, enum verdict_stage stage, const char *code, char *text, char *fix)
{
	struct finding *f = room_for(v, severity);

	if (!f) {
		free(text);
		free(fix);
		return;
	}
	*f = (struct finding){ severity, stage, code, text, fix };
}

/* A sure failure outweighs a possible one, and a possible one outweighs an unknown result. */
static int weight(enum verdict_result result)
{
	static const int weights[] = { [VERDICT_PASS] = 0, [VERDICT_UNKNOWN] = 1, [VERDICT_FLAKY] = 2, [VERDICT_FAIL] = 3 };

	return weights[result];
}

/* Of two failures of the same weight the earlier stage decides, as at the authority; of two passes the later one. */
static bool outweighs(const struct verdict *v, enum verdict_result result, enum verdict_stage stage)
{
	if (!v->detail || weight(result) != weight(v->result))
		return !v->detail || weight(result) > weight(v->result);
	return result == VERDICT_PASS ? stage >= v->stage : stage < v->stage;
}

void verdict_decide(struct verdict *v, enum verdict_result result, enum verdict_stage stage, enum problem_type problem, char *detail)
{
	if (!outweighs(v, result, stage)) {
		free(detail);
		return;
	}
	if (!detail) /* a stage without a detail keeps that of an earlier stage */
		detail = mem_dup(v->detail && v->result == result ? v->detail : "");
	free(v->detail);
	v->result = result;
	v->stage = stage;
	v->problem = result == VERDICT_PASS ? PROBLEM_NONE : problem;
	v->detail = detail;
}

void verdict_withdraw(struct verdict *v, enum verdict_stage stage, char *detail)
{
	free(v->detail);
	v->result = VERDICT_UNKNOWN;
	v->stage = stage;
	v->problem = PROBLEM_NONE;
	v->detail = detail;
}

const char *verdict_result_name(enum verdict_result result)
{
	static const char *const names[] = { "pass", "fail", "flaky", "unknown" };

	return names[result];
}

const char *verdict_stage_name(enum verdict_stage stage)
{
	static const char *const names[VERDICT_STAGES] = {
		"identifier", "lookup", "validation", "caa", "perspectives", "budget",
	};

	return names[stage];
}

const char *problem_type_name(enum problem_type type)
{
	static const char *const names[PROBLEM_TYPES] = {
		NULL, "dns", "connection", "unauthorized", "caa", "tls", "malformed", "rejectedIdentifier", "rateLimited",
		"serverInternal",
	};

	return names[type];
}

const char *finding_severity_name(enum finding_severity severity)
{
	static const char *const names[] = { "error", "warning", "note" };

	return names[severity];
}

/* Bytes from strangers: what is not UTF-8 is written escaped rather than breaking the document. */
static json_t *text(const char *t)
{
	json_t *s = t ? json_string(t) : json_null();
	char *escaped;

	if (s)
		return s;
	escaped = evidence_escape(t, strlen(t));
	s = json_string(escaped);
	free(escaped);
	return s;
}

static json_t *result_json(const struct query_result *l)
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

static json_t *finding_json(const struct finding *f)
{
	return json_pack("{ss ss ss so so so}", "severity", finding_severity_name(f->severity), "stage",
	                 verdict_stage_name(f->stage), "code", f->code, "text", text(f->text), "fix", text(f->fix), "mend", text(f->fix));
}

static bool fix_is_listed(const json_t *fixes, const char *fix)
{
	for (size_t i = 0; i < json_array_size(fixes); i++) {
		const char *m = json_string_value(json_array_get(fixes, i));

		if (m && strcmp(m, fix) == 0)
			return true;
	}
	return false;
}

static void fixes_add(json_t *fixes, const struct verdict *v, enum finding_severity severity)
{
	for (size_t i = 0; i < v->finding_count; i++) {
		const struct finding *f = &v->findings[i];

		if (f->severity == severity && f->fix && !fix_is_listed(fixes, f->fix))
			json_array_append_new(fixes, text(f->fix));
	}
}

/* The fixes of errors come first, then those of warnings. */
static json_t *fixes_json(const struct verdict *v)
{
	json_t *fixes = json_array();

	fixes_add(fixes, v, FINDING_ERROR);
	fixes_add(fixes, v, FINDING_WARNING);
	return fixes;
}

static json_t *problem_urn(enum problem_type type)
{
	return type == PROBLEM_NONE ? json_null() : json_sprintf(PROBLEM_URN "%s", problem_type_name(type));
}

json_t *verdict_to_json(const struct verdict *v)
{
	json_t *results = json_array(), *findings = json_array(), *fixes = fixes_json(v);
	char at[CLOCK_TEXT_SIZE];

	for (size_t i = 0; i < v->result_count; i++)
		json_array_append_new(results, result_json(&v->results[i]));
	for (size_t i = 0; i < v->finding_count; i++)
		json_array_append_new(findings, finding_json(&v->findings[i]));
	return json_pack("{ss ss so so so sO so so sb so so so so ss so}", "result", verdict_result_name(v->result), "stage",
	                 verdict_stage_name(v->stage), "error_type", problem_urn(v->problem), "detail",
	                 text(v->detail), "fixes", fixes, "mends", fixes, "findings", findings, "identifier",
	                 text(v->identifier), "wildcard", v->wildcard, "type", text(v->type), "authority",
	                 text(v->authority), "zone", text(v->zone), "fqdn", text(v->fqdn), "at",
	                 clock_text(v->at_ms, at), "looks", results);
}

char *verdict_json(const struct verdict *v)
{
	json_t *all = verdict_to_json(v);
	char *out = json_dumps(all, JSON_COMPACT);

	json_decref(all);
	return out;
}
