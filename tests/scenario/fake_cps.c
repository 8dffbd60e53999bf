#include "tests/scenario/fake_cps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/clock.h"
#include "solver/base/mem.h"

#define CHANGE_OF(i) (20002 + (int)(i))

static char *name_json(const struct fake_cps_enrollment *e)
{
	return mem_printf("{\"domain\":\"%s\",\"status\":\"%s\",\"error\":%s%s%s,\"requestTimestamp\":\"2099-01-01T00:00:00Z\","
	                  "\"validationRecords\":[],\"challenges\":[{\"type\":\"dns-01\",\"status\":\"%s\",\"token\":\"t\",\"responseBody\":\"%s\","
	                  "\"fullPath\":\"_acme-challenge.%s.\",\"validationRecords\":[]}]}", e->name, e->name_status,
	                  e->name_error ? "\"" : "", e->name_error ? e->name_error : "null", e->name_error ? "\"" : "",
	                  strcmp(e->name_status, "Valid") == 0 ? "valid" : "pending", e->value ? e->value : "", e->name);
}

static char *change_json(const struct fake_cps_enrollment *e, size_t i)
{
	static const struct { const char *info, *update; } updates[] = {
		{ "lets-encrypt-challenges", "lets-encrypt-challenges-completed" }, { "pre-verification-warnings", "pre-verification-warnings-ack" },
		{ "post-verification-warnings", "post-verification-warnings-ack" }, { "change-management-info", "change-management-ack" },
	};
	CLEANUP(mem_freep) char *allowed = mem_dup("");

	for (size_t k = 0; e->input && k < ARRAY_LEN(updates); k++)
		if (strcmp(e->input, updates[k].info) == 0) {
			free(allowed);
			allowed = mem_printf("{\"type\":\"%s\",\"requiredToProceed\":true,\"info\":\"/cps/v2/enrollments/%zu/changes/%d/input/info/%s\","
			                     "\"update\":\"/cps/v2/enrollments/%zu/changes/%d/input/update/%s\"}", e->input, FAKE_CPS_ENROLLMENT + i,
			                     CHANGE_OF(i), updates[k].info, FAKE_CPS_ENROLLMENT + i, CHANGE_OF(i), updates[k].update);
		}
	return mem_printf("{\"statusInfo\":{\"state\":\"%s\",\"status\":\"%s\",\"description\":\"\",\"error\":null,"
	                  "\"deploymentSchedule\":{\"notBefore\":%s%s%s,\"notAfter\":null}},\"allowedInput\":[%s]}", e->state, e->status,
	                  e->not_before ? "\"" : "", e->not_before ? e->not_before : "null", e->not_before ? "\"" : "", allowed);
}

static char *enrollment_json(const struct fake_cps_enrollment *e, size_t i)
{
	CLEANUP(mem_freep) char *pending = e->pending ? mem_printf("{\"location\":\"/cps/v2/enrollments/%zu/changes/%d\",\"changeType\":\"%s\"}",
	                                                           FAKE_CPS_ENROLLMENT + i, CHANGE_OF(i), e->change_type) : mem_dup("");

	return mem_printf("{\"id\":%zu,\"ra\":\"lets-encrypt\",\"validationType\":\"dv\",\"certificateType\":\"san\",\"changeManagement\":true,\"enableMultiStackedCertificates\":false,\"orgId\":7,"
	                  "\"networkConfiguration\":{\"geography\":\"core\",\"secureNetwork\":\"enhanced-tls\",\"quicEnabled\":true,\"sniOnly\":true},\"csr\":{\"cn\":\"%s\",\"sans\":[\"%s\"]},\"pendingChanges\":[%s]}",
	                  FAKE_CPS_ENROLLMENT + i, e->name, e->name, pending);
}

static int answer_list(const struct fake_cps *c, char **ret_body)
{
	char *list = mem_dup("");

	for (size_t i = 0; i < c->count; i++) {
		CLEANUP(mem_freep) char *one = enrollment_json(&c->enrollments[i], i);
		char *longer = mem_printf("%s%s%s", list, i ? "," : "", one);

		free(list);
		list = longer;
	}
	*ret_body = mem_printf("{\"enrollments\":[%s]}", list);
	free(list);
	return 200;
}

static int answer_post(struct fake_cps_enrollment *e, const char *rest, const char *body, char **ret_body)
{
	if (!strstr(body, "acknowledgement"))
		return 400;
	if (strstr(rest, "lets-encrypt-challenges-completed")) {
		e->names_acked++;
		if (e->validates) {
			e->name_status = "Valid";
			e->state = "running";
			e->status = "check-for-cert";
			e->input = NULL;
		}
	} else if (strstr(rest, "-warnings-ack")) {
		e->warnings_acked++;
	} else if (strstr(rest, "change-management-ack")) {
		if (!strstr(body, e->hash))
			return 409;
		*(strstr(body, "deny") ? &e->changes_denied : &e->changes_acked) += 1;
		if (e->deploys && !strstr(body, "deny")) {
			e->state = "completed";
			e->status = "complete";
			e->input = NULL;
		}
	} else {
		return 404;
	}
	*ret_body = mem_dup("{\"change\":\"/cps/v2/enrollments/1/changes/2\"}");
	return 200;
}

static int answer_change(struct fake_cps_enrollment *e, size_t i, const char *rest, char **ret_body)
{
	if (!*rest)
		*ret_body = change_json(e, i);
	else if (strstr(rest, "/input/info/lets-encrypt-challenges")) {
		CLEANUP(mem_freep) char *name = name_json(e);

		*ret_body = mem_printf("{\"dv\":[%s]}", name);
	} else if (strstr(rest, "warnings"))
		*ret_body = mem_printf("{\"warnings\":\"%s\"}", e->warnings);
	else if (strstr(rest, "change-management-info"))
		*ret_body = mem_printf("{\"validationResultHash\":\"%s\",\"acknowledgementDeadline\":%s%s%s,\"validationResult\":{\"errors\":[],\"warnings\":[]}}",
		                       e->hash, e->deadline ? "\"" : "", e->deadline ? e->deadline : "null", e->deadline ? "\"" : "");
	return *ret_body ? 200 : 404;
}

/* {"notBefore":"…","notAfter":null} */
static int answer_schedule(struct fake_cps_enrollment *e, const char *body, char **ret_body)
{
	const char *at = strstr(body, "\"notBefore\":\"");

	e->scheduled++;
	if (e->schedule_status)
		return e->schedule_status;
	snprintf(e->schedule, sizeof(e->schedule), "%.20s", at ? at + 13 : "");
	e->not_before = at ? e->schedule : NULL;
	*ret_body = mem_dup("{\"change\":\"/cps/v2/enrollments/1/changes/2\"}");
	return 200;
}

static int answer_enrollment(struct fake_cps *c, const struct http_request *request, const char *path, char **ret_body)
{
	size_t i = (size_t)(strtol(path, (char **)&path, 10) - FAKE_CPS_ENROLLMENT);
	struct fake_cps_enrollment *e = &c->enrollments[i];

	if (i >= c->count)
		return 404;
	if (*path == '?' && strstr(path, "force-renewal=true")) {
		e->renewals++;
		e->pending = true;
		*ret_body = mem_printf("{\"enrollment\":\"/cps/v2/enrollments/%zu\",\"changes\":[\"/cps/v2/enrollments/%zu/changes/%d\"]}", FAKE_CPS_ENROLLMENT + i,
		                       FAKE_CPS_ENROLLMENT + i, CHANGE_OF(i));
		return 202;
	}
	if (!*path || *path == '?') {
		*ret_body = enrollment_json(e, i);
		return 200;
	}
	if (strcmp(path, "/dv-history") == 0) {
		struct fake_cps_enrollment past = *e;

		past.name_status = e->history_valid ? "Valid" : "Error";
		CLEANUP(mem_freep) char *name = name_json(&past);

		*ret_body = mem_printf("{\"results\":[{\"domain\":\"%s\",\"domainHistory\":[%s]}]}", e->name, name);
		return 200;
	}
	if (strcmp(path, "/history/changes") == 0) {
		*ret_body = mem_printf("{\"changes\":[{\"status\":\"%s\",\"createdOn\":\"2099-01-01T00:00:00Z\",\"primaryCertificate\":{\"certificate\":\"%s\"}}]}",
		                       e->history ? e->history : "incomplete", e->made ? e->made : "");
		return 200;
	}
	if (strcmp(path, "/deployments/production") == 0) {
		if (e->production)
			*ret_body = mem_printf("{\"primaryCertificate\":{\"certificate\":\"%s\",\"expiry\":\"%s\"}}", e->production, e->expiry);
		return e->production ? 200 : 404;
	}
	if (strncmp(path, "/changes/", 9) != 0 || strtol(path + 9, (char **)&path, 10) != CHANGE_OF(i) || !e->pending)
		return 404;
	if (strcmp(path, "/deployment-schedule") == 0)
		return answer_schedule(e, request->body, ret_body);
	return request->method && strcmp(request->method, "POST") == 0 ? answer_post(e, path, request->body, ret_body)
	                                                               : answer_change(e, i, path, ret_body);
}

/* Lines as they are, of a text that stands in JSON. */
static char *unescape(const char *json)
{
	char *copy = mem_dup(json), *to = copy;

	for (const char *from = copy; from && *from; to++) {
		bool line = from[0] == '\\' && from[1] == 'n';

		*to = line ? '\n' : *from;
		from += line ? 2 : 1;
	}
	if (copy)
		*to = '\0';
	return copy;
}

static int answer(const struct http_request *request, char **ret_body, char **ret_headers, void *arg)
{
	struct fake_cps *c = arg;
	CLEANUP(mem_freep) char *url = mem_dup(request->url);
	char *key = strstr(url, "accountSwitchKey=");
	const char *path = strstr(url, "/cps/v2/enrollments"), *method = request->method ? request->method : "GET";
	int status;

	if (request->certificate_only) {
		*ret_body = unescape(c->enrollments[0].edge);
		return *ret_body ? 200 : 0;
	}
	if (!path || c->requests >= ARRAY_LEN(c->times))
		return 404;
	c->times[c->requests] = loop_now_ms(c->loop);
	snprintf(c->last_paths[c->requests++], sizeof(c->last_paths[0]), "%s %.110s", method, path);
	if (key && c->other_key && strcmp(key + strlen("accountSwitchKey="), c->other_key) == 0) {
		c->others++;
		*ret_body = mem_dup("{\"enrollments\":[]}");
		return 200;
	}
	if (key)
		key[-1] = '\0';
	if (c->faults && (!c->fault_match || strstr(c->last_paths[c->requests - 1], c->fault_match))) {
		c->faults--;
		*ret_headers = mem_dup(c->fault_headers);
		return c->fault;
	}
	path += strlen("/cps/v2/enrollments");
	status = *path == '/' ? answer_enrollment(c, request, path + 1, ret_body) : answer_list(c, ret_body);
	if (c->lose_posts && strcmp(method, "POST") == 0) {
		free(*ret_body);
		*ret_body = NULL;
		return 0;
	}
	return status;
}

void fake_cps_serve(struct fake_cps *c)
{
	fake_http_api(answer, c);
}

void fake_cps_reset(struct fake_cps *c, struct scenario *s, size_t count)
{
	memset(c, 0, sizeof(*c));
	c->loop = s->loop;
	c->count = count;
	for (size_t i = 0; i < count; i++) {
		snprintf(c->names[i], sizeof(c->names[i]), i ? "n%zu.example.org" : "www.example.org", i);
		c->enrollments[i] = (struct fake_cps_enrollment){ .name = c->names[i], .value = VALUE, .state = "suspended",
			.status = "coodinate-domain-validation", .input = "lets-encrypt-challenges", .name_status = "Awaiting user", .pending = true,
			.warnings = "", .hash = "h1", .change_type = "renewal", .expiry = "2098-01-01T00:00:00Z" };
	}
	fake_cps_serve(c);
}

unsigned fake_cps_asked(const struct fake_cps *c, const char *part)
{
	unsigned found = 0;

	for (unsigned i = 0; i < c->requests; i++)
		found += strstr(c->last_paths[i], part) != NULL;
	return found;
}
