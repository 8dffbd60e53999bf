#include "solver/api/certmanager/webhook_payload.h"

#include <string.h>
#include <strings.h>

#include "solver/api/common/fields.h"

/* ---- in ---- */

static int read_text(const json_t *request, const char *key, bool required, const char **ret, struct problem *problem)
{
	const json_t *value = json_object_get(request, key);

	*ret = "";
	if (!value || json_is_null(value))
		return required ? problem_set(problem, 400, ERR_INVALID, NULL, "request.%s is missing", key) : 0;
	if (!json_is_string(value))
		return problem_set(problem, 400, ERR_INVALID, NULL, "request.%s must be a text", key);
	if (json_string_length(value) > FIELD_TEXT_MAX)
		return problem_set(problem, 400, ERR_TOO_LARGE, NULL, "request.%s is longer than %d bytes", key, FIELD_TEXT_MAX);
	*ret = json_string_value(value);
	return **ret || !required ? 0 : problem_set(problem, 400, ERR_INVALID, NULL, "request.%s is empty", key);
}

static int read_action(struct webhook_payload *p, const json_t *request, struct problem *problem)
{
	const char *action, *type;

	if (read_text(request, "action", true, &action, problem) < 0 || read_text(request, "type", false, &type, problem) < 0)
		return problem->err.code;
	p->cleanup = strcasecmp(action, "CleanUp") == 0;
	if (!p->cleanup && strcasecmp(action, "Present") != 0)
		return problem_set(problem, 400, ERR_INVALID, NULL, "request.action is Present or CleanUp, not \"%.40s\"", action);
	if (*type && strcasecmp(type, "dns-01") != 0)
		return problem_set(problem, 400, ERR_UNSUPPORTED, NULL, "request.type is dns-01, not \"%.40s\"", type);
	return 0;
}

/* Names of challenges, and that of cert-manager's own tests, which send any text as key. Elsewhere any text would do for SPF and the like. */
static bool takes_any_text(const char *record)
{
	return strncmp(record, "_acme-challenge.", strlen("_acme-challenge.")) == 0 ||
	       strncmp(record, "cert-manager-dns01-tests.", strlen("cert-manager-dns01-tests.")) == 0;
}

static int read_names(struct webhook_payload *p, const json_t *request, struct problem *problem)
{
	const char *domain, *record, *key;
	char usual[NAME_SIZE];
	bool wildcard;
	struct err err;

	if (read_text(request, "dnsName", true, &domain, problem) < 0 || read_text(request, "resolvedFQDN", false, &record, problem) < 0 ||
	    read_text(request, "key", true, &key, problem) < 0)
		return problem->err.code;
	if (name_identifier(domain, p->domain, &wildcard, &err) < 0)
		return problem_set(problem, 400, ERR_INVALID, NULL, "request.dnsName: %s", err.text);
	if (*record && name_normalize(record, p->record, &err) < 0)
		return problem_set(problem, 400, ERR_INVALID, NULL, "request.resolvedFQDN: %s", err.text);
	if (value_check(key, &err) < 0)
		return problem_set(problem, 400, ERR_INVALID, NULL, "request.key is not a TXT value of 1 to %d printable characters", VALUE_MAX);
	if (name_challenge(p->domain, usual, &err) < 0)
		return problem_set(problem, 400, ERR_INVALID, NULL, "request.dnsName: %s", err.text);
	p->request = (struct challenge_request){ .type = CHALLENGE_DNS01, .domain = p->domain, .value = key };
	if (*p->record && strcmp(p->record, usual) != 0)
		p->request.record_name = p->record;
	p->request.raw = !p->request.record_name || takes_any_text(p->record);
	return 0;
}

int webhook_payload_read(const char *text, size_t length, struct webhook_payload *ret, struct problem *problem)
{
	const json_t *request;

	*ret = (struct webhook_payload){ .uid = "" };
	if (fields_parse(text, length, &ret->document, problem) < 0)
		return problem_set(problem, 400, ERR_INVALID, NULL, "the body is not a ChallengePayload in JSON");
	request = json_object_get(ret->document, "request");
	if (!json_is_object(request))
		problem_set(problem, 400, ERR_INVALID, NULL, "the ChallengePayload has no request");
	else if (read_text(request, "uid", false, &ret->uid, problem) == 0 && read_action(ret, request, problem) == 0 &&
	         read_names(ret, request, problem) == 0)
		return 0;
	webhook_payload_done(ret);
	return problem->err.code;
}

void webhook_payload_done(struct webhook_payload *p)
{
	json_decref(p->document);
	*p = (struct webhook_payload){ .uid = "" };
}

/* ---- out ---- */

/* The solver's own configuration may hold anything, so it does not travel back. */
static json_t *payload(const struct webhook_payload *p, json_t *response)
{
	json_t *request = json_copy(json_object_get(p->document, "request"));

	json_object_del(request, "config");
	json_object_set_new(response, "uid", json_string(p->uid));
	return json_pack("{ss ss so so}", "kind", "ChallengePayload", "apiVersion", WEBHOOK_PAYLOAD_VERSION, "request", request,
	                 "response", response);
}

json_t *webhook_payload_success(const struct webhook_payload *p)
{
	return payload(p, json_pack("{sb}", "success", 1));
}

json_t *webhook_payload_failure(const struct webhook_payload *p, int code, const char *message)
{
	return payload(p, json_pack("{sb so}", "success", 0, "status", webhook_status(code, message)));
}

static const char *reason_of(int code)
{
	switch (code) {
	case 400: return "BadRequest";
	case 401: return "Unauthorized";
	case 403: return "Forbidden";
	case 404: return "NotFound";
	case 405: return "MethodNotAllowed";
	case 409: return "Conflict";
	case 413: return "RequestEntityTooLarge";
	case 429: return "TooManyRequests";
	case 503: return "ServiceUnavailable";
	case 504: return "Timeout";
	default: return "InternalError";
	}
}

json_t *webhook_status(int code, const char *message)
{
	json_t *text = json_string(message && *message ? message : "dcvd refused it without a reason");

	return json_pack("{ss ss s{} ss so ss si}", "kind", "Status", "apiVersion", "v1", "metadata", "status", "Failure", "message",
	                 text ? text : json_string("the reason is not UTF-8"), "reason", reason_of(code), "code", code);
}
