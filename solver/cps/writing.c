#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/cps/json.h"
#include "solver/cps/rules.h"
#include "solver/cps/writing.h"

#define SENTENCES_MAX 16384

/* "2021-01-31" or a time of ISO 8601 in UTC. */
static bool is_date(const char *text)
{
	size_t length = strlen(text);

	return length >= 10 && length <= 30 && strspn(text, "0123456789-") >= 10 && strspn(text, "0123456789-:.TZ") == length;
}

int writing_query(const struct errand *e, const struct writing_flag *flags, struct buf *path, struct err *err)
{
	for (; flags->input; flags++) {
		const char *text = errand_input(e, flags->input);

		if (flags->text ? !*text : !errand_flag(e, flags->input))
			continue;
		if (flags->text && !is_date(text))
			return err_set(err, ERR_INVALID, "%s: \"%.60s\" is no date; 2027-01-31 or 2027-01-31T12:00:00Z is wanted", flags->query, text);
		buf_printf(path, "%c%s=%s", strchr(buf_text(path), '?') ? '&' : '?', flags->query, flags->text ? text : "true");
	}
	return 0;
}

/* ---- one request that writes */

static void show_request(struct errand *e, const struct akamai_request *r)
{
	json_t *body = r->body ? json_loads(r->body, 0, NULL) : NULL;

	e->result = json_pack("{s:{s:s, s:s, s:o, s:o, s:o}}", "request", "method", r->method, "path", r->path, "accept", errand_text(r->accept),
	                      "content_type", errand_text(r->content_type), "body", body ? body : json_null());
	errand_end(e, &(struct err){ 0 });
}

/* Sends it, or shows what would be sent. */
void writing_send(struct errand *e, const char *method, const char *path, const char *accept, const char *content_type,
                          const json_t *body, akamai_client_fn done)
{
	CLEANUP(mem_freep) char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	const struct akamai_request request = { .method = method, .path = path, .accept = accept, .content_type = content_type, .body = text };

	if (errand_flag(e, "dry_run"))
		show_request(e, &request);
	else
		errand_ask(e, &request, done);
}

static void refuse(struct errand *e, const char *sentences)
{
	CLEANUP(mem_freep) char *copy = mem_dup(sentences);
	json_t *list = json_array();
	char *rest = NULL;

	for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		json_array_append_new(list, errand_text(line));
	e->result = json_pack("{s:o}", "refused", list);
	errand_end(e, &(struct err){ 0 });
}

static bool has_route(const char *name, bool wildcard, void *arg)
{
	const struct config *config = arg;

	return config_route(config, CHALLENGE_DNS01, name) || (!wildcard && config_route(config, CHALLENGE_HTTP01, name));
}

/* False, and the errand is over, when a rule is broken. */
bool writing_keeps_rules(struct errand *e)
{
	CLEANUP(buf_done) struct buf sentences = BUF_INIT(SENTENCES_MAX);
	const struct cps_rules rules = { .existing = e->existing, .has_route = has_route, .arg = (void *)e->cps->parts.config };

	if (cps_rules_check(e->wanted, &rules, &sentences) == 0)
		return true;
	refuse(e, buf_text(&sentences));
	return false;
}

bool writing_is_lost(const struct http_reply *reply, const struct err *err)
{
	return err->code == ERR_TIMEOUT || (err->code == ERR_PROTOCOL && (!reply || reply->status >= 500));
}

/* {"enrollment":N,"changes":[…]} of an enrollment-status; nothing is said about what is missing. */
void writing_take_status(struct errand *e, const struct http_reply *reply)
{
	json_t *all = json_loadb(reply->body, reply->body_length, 0, NULL), *changes = json_array(), *one;
	int64_t id = cps_location_id(json_string_value(json_object_get(all, "enrollment")));
	size_t i;

	json_array_foreach(json_object_get(all, "changes"), i, one) {
		int64_t change = cps_location_id(json_string_value(one));

		if (change > 0)
			json_array_append_new(changes, json_integer((json_int_t)change));
	}
	json_decref(all);
	e->result = json_pack("{s:I, s:o, s:b}", "enrollment", (json_int_t)(id > 0 ? id : e->enrollment), "changes", changes, "changed", 1);
}
