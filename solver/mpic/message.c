#include "solver/mpic/message.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/crypto/crypto.h"
#include "solver/dns/message.h"

#define TEXT_MAX 2048
#define PAGE_SHOWN_MAX 100

void mpic_result_done(struct mpic_result *r)
{
	free(r->code);
	free(r->rir);
	free(r->problem);
	free(r->detail);
	json_decref(r->response);
	*r = (struct mpic_result){ 0 };
}

/* ---- a question, in ---- */

static int read_text(const json_t *object, const char *key, bool required, const char **ret, struct err *err)
{
	const json_t *value = json_object_get(object, key);

	*ret = NULL;
	if (!value || json_is_null(value))
		return required ? err_set(err, ERR_INVALID, "%s is missing", key) : 0;
	if (!json_is_string(value) || !json_string_length(value) || json_string_length(value) > TEXT_MAX)
		return err_set(err, ERR_INVALID, "%s must be a text of 1 to %d bytes", key, TEXT_MAX);
	*ret = json_string_value(value);
	return 0;
}

static int read_count(const json_t *object, const char *key, int64_t max, int64_t *ret, struct err *err)
{
	const json_t *value = json_object_get(object, key);

	if (!value || json_is_null(value))
		return 0;
	if (!json_is_integer(value) || json_integer_value(value) < 1 || json_integer_value(value) > max)
		return err_set(err, ERR_INVALID, "%s must be a number from 1 to %lld", key, (long long)max);
	*ret = json_integer_value(value);
	return 0;
}

static int read_dcv(const json_t *parameters, struct mpic_question *q, struct err *err)
{
	const char *method;

	if (!json_is_object(parameters))
		return err_set(err, ERR_INVALID, "dcv_check_parameters is missing");
	if (read_text(parameters, "validation_method", true, &method, err) < 0)
		return err->code;
	if (strcmp(method, "acme-dns-01") == 0) {
		q->type = "dns-01";
		return read_text(parameters, "key_authorization_hash", true, &q->value, err);
	}
	if (strcmp(method, "acme-http-01") != 0)
		return err_set(err, ERR_UNSUPPORTED, "validation_method is acme-http-01 or acme-dns-01 here, not \"%.40s\"", method);
	q->type = "http-01";
	if (read_text(parameters, "token", true, &q->token, err) < 0)
		return err->code;
	return read_text(parameters, "key_authorization", true, &q->key_authorization, err);
}

static int read_caa(const json_t *parameters, struct mpic_question *q, struct err *err)
{
	const json_t *domains = json_object_get(parameters, "caa_domains");
	size_t i;
	json_t *domain;

	if (json_array_size(domains) > MPIC_ISSUERS_MAX)
		return err_set(err, ERR_TOO_LARGE, "caa_domains holds more than %d names", MPIC_ISSUERS_MAX);
	json_array_foreach((json_t *)domains, i, domain) {
		if (!json_is_string(domain) || json_string_length(domain) > TEXT_MAX)
			return err_set(err, ERR_INVALID, "caa_domains must be a list of names");
		q->issuers[i] = json_string_value(domain);
	}
	return 0;
}

int mpic_question_read(const json_t *all, bool coordinator, bool caa, struct mpic_question *ret, struct err *err)
{
	const json_t *orchestration = json_object_get(all, "orchestration_parameters");
	struct mpic_question q = { .caa = caa };
	const char *check;

	if (!json_is_object(all))
		return err_set(err, ERR_INVALID, "the body must be a JSON object");
	if (read_text(all, "check_type", coordinator, &check, err) < 0)
		return err->code;
	if (coordinator)
		q.caa = strcmp(check, "caa") == 0;
	if (check && strcmp(check, q.caa ? "caa" : "dcv") != 0)
		return err_set(err, ERR_INVALID, "check_type is dcv or caa, not \"%.40s\"", check);
	if (read_text(all, "domain_or_ip_target", true, &q.domain, err) < 0 || read_text(all, "trace_identifier", false, &q.trace, err) < 0 ||
	    read_count(orchestration, "perspective_count", 1000, &q.perspective_count, err) < 0 ||
	    read_count(orchestration, "quorum_count", 1000, &q.quorum_count, err) < 0 ||
	    read_count(orchestration, "max_attempts", MPIC_ATTEMPTS_MAX, &q.attempts, err) < 0)
		return err->code;
	if ((q.caa ? read_caa(json_object_get(all, "caa_check_parameters"), &q, err)
	           : read_dcv(json_object_get(all, "dcv_check_parameters"), &q, err)) < 0)
		return err->code;
	*ret = q;
	return 0;
}

/* ---- a question, out ---- */

static json_t *dcv_parameters(const struct mpic_question *q)
{
	if (strcmp(q->type, "http-01") == 0)
		return json_pack("{ss ss ss}", "validation_method", "acme-http-01", "token", q->token, "key_authorization", q->key_authorization);
	return json_pack("{ss ss}", "validation_method", "acme-dns-01", "key_authorization_hash", q->value);
}

static json_t *caa_parameters(const struct mpic_question *q)
{
	json_t *domains = json_array();

	for (size_t i = 0; q->issuers[i]; i++)
		json_array_append_new(domains, json_string(q->issuers[i]));
	return json_pack("{ss so}", "certificate_type", "tls-server", "caa_domains", domains);
}

json_t *mpic_question_json(const struct mpic_question *q, bool coordinator)
{
	json_t *all = json_pack("{ss}", "domain_or_ip_target", q->domain);

	if (coordinator)
		json_object_set_new(all, "check_type", json_string(q->caa ? "caa" : "dcv"));
	if (q->caa)
		json_object_set_new(all, "caa_check_parameters", caa_parameters(q));
	else
		json_object_set_new(all, "dcv_check_parameters", dcv_parameters(q));
	if (q->trace)
		json_object_set_new(all, "trace_identifier", json_string(q->trace));
	return all;
}

/* ---- the answer of a perspective, out ---- */

static json_t *text(const char *t)
{
	json_t *s = t ? json_string(t) : NULL;

	return s ? s : json_null();
}

static json_t *records_of(const struct ev_answer *a, int type)
{
	json_t *list = json_array();

	for (size_t i = 0; a && i < a->record_count; i++)
		if (a->records[i].type == type)
			json_array_append_new(list, text(a->records[i].data));
	return list;
}

static json_t *chain_of(const struct ev_answer *a)
{
	json_t *list = json_array();

	for (size_t i = 0; a && i < a->record_count; i++)
		if (a->records[i].type == DNS_CNAME)
			json_array_append_new(list, text(a->records[i].data));
	return list;
}

static json_t *dns_details(const struct evidence *e)
{
	const struct ev_answer *a = e->fqdn ? evidence_authority(e, e->fqdn, DNS_TXT) : NULL;

	return json_pack("{ss so so sb so so}", "validation_method", "acme-dns-01", "records_seen", records_of(a, DNS_TXT), "response_code",
	                 a && a->rcode >= 0 ? json_integer(a->rcode) : json_null(), "ad_flag",
	                 a && a->security && strcmp(a->security, "secure") == 0, "found_at", text(a ? a->final_name : NULL), "cname_chain",
	                 chain_of(a));
}

static json_t *history_of(const struct evidence *e, const struct ev_hop **ret_last)
{
	json_t *list = json_array();

	*ret_last = NULL;
	for (size_t i = 0; i < e->hop_count; i++) {
		const struct ev_hop *h = &e->hops[i];

		if (h->attempt)
			break;
		*ret_last = h;
		if (h->location && h->status >= 300 && h->status < 400)
			json_array_append_new(list, json_pack("{si so}", "response_status_code", h->status, "response_url", text(h->url)));
	}
	return list;
}

static json_t *page_of(const struct ev_hop *last)
{
	CLEANUP(mem_freep) unsigned char *page = NULL;
	size_t length = 0;

	if (!last || !last->body || evidence_unescape(last->body, &page, &length) < 0)
		return json_null();
	CLEANUP(mem_freep) char *encoded = crypto_base64(page, length < PAGE_SHOWN_MAX ? length : PAGE_SHOWN_MAX);

	return text(encoded);
}

static json_t *http_details(const struct evidence *e)
{
	const struct ev_hop *last;
	json_t *history = history_of(e, &last);

	return json_pack("{ss so so so so so}", "validation_method", "acme-http-01", "response_history", history, "response_url",
	                 text(last ? last->url : NULL), "response_status_code", last && !last->failure ? json_integer(last->status) : json_null(),
	                 "response_page", page_of(last), "resolved_ip", text(last ? last->address : NULL));
}

static json_t *caa_details(const struct evidence *e)
{
	for (const char *name = e->identifier; name && *name; name = name_parent(name)) {
		const struct ev_answer *a = evidence_authority(e, name, DNS_CAA);
		json_t *records = records_of(a, DNS_CAA);

		if (json_array_size(records))
			return json_pack("{sb ss so}", "caa_record_present", 1, "found_at", name, "records_seen", records);
		json_decref(records);
	}
	return json_pack("{sb sn s[]}", "caa_record_present", 0, "found_at", "records_seen");
}

static json_t *errors_of(const struct mpic_question *q, const struct verdict *v)
{
	const char *kind = q->caa ? "caa:check" : strcmp(q->type, "http-01") == 0 ? "validation:acme-http-01" : "validation:acme-dns-01";

	if (v->result == VERDICT_PASS)
		return json_null();
	return json_pack("[{ss so}]", "error_type", kind, "error_message", text(v->detail));
}

json_t *mpic_response_json(const struct mpic_question *q, const struct evidence *e, const struct verdict *v)
{
	json_t *details = q->caa ? caa_details(e) : strcmp(q->type, "http-01") == 0 ? http_details(e) : dns_details(e);

	return json_pack("{ss sb sb so sI so so ss}", "check_type", q->caa ? "caa" : "dcv", "check_completed",
	                 v->result != VERDICT_UNKNOWN, "check_passed", v->result == VERDICT_PASS, "errors", errors_of(q, v), "timestamp_ns",
	                 (json_int_t)e->at_ms * 1000000, "details", details, "problem", text(problem_type_name(v->problem)), "explain",
	                 verdict_result_name(v->result));
}

/* ---- the answer of a perspective, in ---- */

static char *error_text(const json_t *errors)
{
	const char *message = json_string_value(json_object_get(json_array_get(errors, 0), "error_message"));

	return message ? mem_dup_n(message, strnlen(message, TEXT_MAX)) : NULL;
}

void mpic_response_read(const json_t *response, struct mpic_result *r)
{
	const json_t *completed = json_object_get(response, "check_completed"), *passed = json_object_get(response, "check_passed");
	const char *problem = json_string_value(json_object_get(response, "problem"));

	r->completed = json_is_true(completed);
	r->passed = r->completed && json_is_true(passed);
	mem_replace(&r->problem, problem && strlen(problem) < 64 ? problem : NULL);
	free(r->detail);
	r->detail = error_text(json_object_get(response, "errors"));
	if (!r->detail && !r->passed)
		r->detail = mem_dup(json_is_boolean(completed) && json_is_boolean(passed) ? "no reason was given" : "the reply is no check_response");
	json_decref(r->response);
	r->response = json_deep_copy(response);
}

/* ---- quorum ---- */

size_t mpic_quorum(size_t perspectives)
{
	if (perspectives < 2)
		return perspectives;
	return perspectives - (perspectives > 5 ? 2 : 1);
}

static size_t regions(const struct mpic_result *list, size_t count, bool passing)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		bool seen = passing && !list[i].passed;

		for (size_t k = 0; k < i && !seen; k++)
			seen = (!passing || list[k].passed) && strcmp(list[i].rir, list[k].rir) == 0;
		found += !seen;
	}
	return found;
}

bool mpic_is_valid(const struct mpic_result *list, size_t count, size_t quorum)
{
	size_t passed = 0;

	for (size_t i = 0; i < count; i++)
		passed += list[i].completed && list[i].passed;
	if (!count || passed < quorum)
		return false;
	return quorum <= 2 || regions(list, count, false) < 2 || regions(list, count, true) >= 2;
}

/* ---- the answer of a coordinator ---- */

json_t *mpic_answer_json(const struct mpic_question *q, const struct mpic_result *list, size_t count, size_t quorum, int64_t attempts)
{
	json_t *perspectives = json_array(), *all;
	size_t completed = 0;

	for (size_t i = 0; i < count; i++) {
		json_t *response = list[i].response ? json_incref(list[i].response)
		                   : json_pack("{ss sb sb s[{ss so}] sn}", "check_type", q->caa ? "caa" : "dcv", "check_completed", 0, "check_passed",
		                               0, "errors", "error_type", "mpic:unreachable", "error_message", text(list[i].detail), "details");

		completed += list[i].completed;
		json_array_append_new(perspectives, json_pack("{so so so}", "perspective_code", text(list[i].code), "rir", text(list[i].rir),
		                                              "check_response", response));
	}
	all = json_pack("{ss ss sb sb sn s{sI sI sI} so}", "check_type", q->caa ? "caa" : "dcv", "domain_or_ip_target", q->domain,
	                "is_valid", mpic_is_valid(list, count, quorum), "mpic_completed", count > 0 && completed >= quorum,
	                "request_orchestration_parameters", "actual_orchestration_parameters", "perspective_count", (json_int_t)count,
	                "quorum_count", (json_int_t)quorum, "attempt_count", (json_int_t)attempts, "perspectives", perspectives);
	json_object_set_new(all, q->caa ? "caa_check_parameters" : "dcv_check_parameters", q->caa ? caa_parameters(q) : dcv_parameters(q));
	if (q->trace)
		json_object_set_new(all, "trace_identifier", json_string(q->trace));
	return all;
}
