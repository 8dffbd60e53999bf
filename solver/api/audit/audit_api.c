/* GET /v1/audit?after=&limit= and /v1/audit/head?sign=true: operators and readers. */
#include <stdlib.h>
#include <string.h>

#include "solver/api/audit/audit.h"
#include "solver/api/audit/audit_chain.h"
#include "solver/api/audit/audit_sign.h"
#include "solver/api/common/internal.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MAX 1000
#define YEAR_10000_MS INT64_C(253402300800000)

static int read_number(struct http_exchange *x, const char *name, int64_t min, int64_t max, int64_t *ret, struct problem *problem)
{
	const char *text = http_exchange_query(x, name);
	size_t digits = text ? strspn(text, "0123456789") : 0;
	int64_t number = digits && digits <= 15 ? strtoll(text, NULL, 10) : -1;

	if (!text)
		return 0;
	if (text[digits] || number < min || number > max)
		return problem_set(problem, 400, ERR_INVALID, NULL, "%s is a number from %lld to %lld", name, (long long)min, (long long)max);
	*ret = number;
	return 0;
}

/* As the journal has it, which "audit verify" compares with the line; "" for what is no time. */
static json_t *time_json(int64_t at_ms)
{
	char text[CLOCK_TEXT_SIZE];

	return json_string(at_ms >= 0 && at_ms < YEAR_10000_MS ? clock_text(at_ms, text) : "");
}

/* The line is what the digest is of; it stands beside its fields, so that the chain can be recomputed by anybody. */
static void add_entry(const struct store_audit *entry, void *arg)
{
	json_t *fields = json_loads(entry->line, 0, NULL);

	if (!json_is_object(fields)) {
		json_decref(fields);
		fields = json_object();
	}
	json_object_set_new(fields, "number", json_integer(entry->number));
	json_object_set_new(fields, "at", time_json(entry->at_ms));
	json_object_set_new(fields, "digest", json_string(entry->digest));
	json_object_set_new(fields, "line", json_string(entry->line));
	json_array_append_new(arg, fields);
}

void audit_list(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument)
{
	int64_t after = 0, limit = LIMIT_DEFAULT;
	struct problem problem = { 0 };
	struct audit_chain last = { 0 };
	json_t *entries;

	(void)caller;
	(void)argument;
	if (read_number(x, "after", 0, INT64_C(999999999999999), &after, &problem) < 0 ||
	    read_number(x, "limit", 1, LIMIT_MAX, &limit, &problem) < 0) {
		reply_problem(a, x, &problem);
		return;
	}
	entries = json_array();
	if (store_each_audit(a->parts.store, after ? after : AUDIT_BEGIN, (size_t)limit, add_entry, entries, &problem.err) < 0 ||
	    audit_chain_load(a->parts.store, &last, &problem.err) < 0) {
		json_decref(entries);
		reply_problem(a, x, &problem);
		return;
	}
	reply_json(x, 200, json_pack("{so sI}", "entries", entries, "last", (json_int_t)last.number));
}

void audit_head_get(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument)
{
	const char *sign = http_exchange_query(x, "sign");
	struct problem problem = { 0 };
	json_t *head;
	int code;

	(void)caller;
	(void)argument;
	if (sign && strcmp(sign, "true") != 0 && strcmp(sign, "false") != 0)
		code = problem_set(&problem, 400, ERR_INVALID, NULL, "sign is true or false, not %.40s", sign);
	else
		code = audit_head_json(a->config, audit_head(a), sign && strcmp(sign, "true") == 0, &head, &problem.err);
	if (code < 0)
		reply_problem(a, x, &problem);
	else
		reply_json(x, 200, head);
}
