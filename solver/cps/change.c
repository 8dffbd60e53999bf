#include "solver/cps/change.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/cps/json.h"

#define ALLOWED_MAX 32

static const char *const state_names[CPS_STATES] = {
	[CPS_STATE_UNKNOWN] = "unknown", [CPS_NEW] = "new", [CPS_RUNNING] = "running", [CPS_AWAITING_INPUT] = "awaiting-input",
	[CPS_SUSPENDED] = "suspended", [CPS_ERROR] = "error", [CPS_CANCELLED] = "cancelled", [CPS_COMPLETED] = "completed",
};

const char *cps_state_name(enum cps_state state)
{
	return state_names[(unsigned)state < CPS_STATES ? state : CPS_STATE_UNKNOWN];
}

static enum cps_state state_from_text(const char *text)
{
	for (size_t i = CPS_NEW; i < CPS_STATES; i++)
		if (strcmp(text, state_names[i]) == 0)
			return (enum cps_state)i;
	return CPS_STATE_UNKNOWN;
}

/* A status that is not listed says nothing about where the change is. */
static enum cps_status phase_of(const char *status)
{
	static const struct { const char *name; enum cps_status phase; } known[] = {
		{ "generate-csr", CPS_STATUS_EARLY }, { "pre-verification-safety-checks", CPS_STATUS_EARLY },
		{ "wait-review-pre-verification-safety-checks", CPS_STATUS_EARLY },
		{ "coordinate-domain-validation", CPS_STATUS_EARLY }, { "wait-upload-third-party", CPS_STATUS_EARLY },
		{ "check-for-cert", CPS_STATUS_ORDERED }, { "check-for-cert-error", CPS_STATUS_ORDERED },
		{ "wait-review-cert-warning", CPS_STATUS_LATE }, { "verify-third-party-cert", CPS_STATUS_LATE },
		{ "wait-review-third-party-cert", CPS_STATUS_LATE }, { "create-slot-files", CPS_STATUS_LATE },
		{ "forward-create-slot-files", CPS_STATUS_LATE }, { "live-check-action", CPS_STATUS_LATE },
		{ "forward-live-check-action", CPS_STATUS_LATE }, { "deploy-changes-to-staging", CPS_STATUS_LATE },
		{ "deploy-cert-to-staging", CPS_STATUS_LATE }, { "wait-ack-change-management", CPS_STATUS_LATE },
		{ "deploy-cert-to-production", CPS_STATUS_LATE }, { "abandon-slots-action", CPS_STATUS_LATE },
		{ "deprovision-cert", CPS_STATUS_LATE }, { "complete", CPS_STATUS_COMPLETE },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(status, known[i].name) == 0)
			return known[i].phase;
	return CPS_STATUS_UNKNOWN;
}

/* CPS long sent "coodinate-domain-validation". */
static char *spell_status(const json_t *info)
{
	char *status = cps_json_text(info, "status");

	if (strcmp(status, "coodinate-domain-validation") == 0)
		mem_replace(&status, "coordinate-domain-validation");
	return status;
}

/* The names that responses use differ from the documented ones; the paths do not. */
static enum cps_input classify(const char *name)
{
	static const struct { const char *name; enum cps_input kind; } kinds[] = {
		{ "lets-encrypt-challenges", CPS_INPUT_CHALLENGES },
		{ "lets-encrypt-challenges-completed", CPS_INPUT_CHALLENGES },
		{ "pre-verification-warnings", CPS_INPUT_PRE_WARNINGS },
		{ "pre-verification-warnings-ack", CPS_INPUT_PRE_WARNINGS },
		{ "pre-verification-warnings-acknowledgement", CPS_INPUT_PRE_WARNINGS },
		{ "post-verification-warnings", CPS_INPUT_POST_WARNINGS },
		{ "post-verification-warnings-ack", CPS_INPUT_POST_WARNINGS },
		{ "post-verification-warnings-acknowledgement", CPS_INPUT_POST_WARNINGS },
		{ "third-party-csr", CPS_INPUT_THIRD_PARTY },
		{ "third-party-cert-and-trust-chain", CPS_INPUT_THIRD_PARTY },
		{ "third-party-certificate", CPS_INPUT_THIRD_PARTY },
		{ "change-management-info", CPS_INPUT_CHANGE_MANAGEMENT },
		{ "change-management-ack", CPS_INPUT_CHANGE_MANAGEMENT },
		{ "change-management", CPS_INPUT_CHANGE_MANAGEMENT },
	};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strcmp(name, kinds[i].name) == 0)
			return kinds[i].kind;
	return CPS_INPUT_UNKNOWN;
}

/* A path below the change, or "": whatever else CPS may hand out is never asked for. */
static char *checked_path(const json_t *object, const char *key, const char *prefix)
{
	char *path = cps_json_text(object, key);

	if (strncmp(path, prefix, strlen(prefix)) != 0 || strstr(path, "..") || strlen(path) > 512 ||
	    strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/") != strlen(path))
		mem_replace(&path, "");
	return path;
}

static enum cps_input classify_path(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? classify(slash + 1) : CPS_INPUT_UNKNOWN;
}

static void read_allowed(const json_t *object, const char *prefix, struct cps_allowed *ret)
{
	ret->type = cps_json_text(object, "type");
	ret->info = checked_path(object, "info", prefix);
	ret->update = checked_path(object, "update", prefix);
	ret->required = json_is_true(json_object_get(object, "requiredToProceed"));
	ret->kind = classify_path(ret->info);
	if (ret->kind == CPS_INPUT_UNKNOWN)
		ret->kind = classify_path(ret->update);
	if (ret->kind == CPS_INPUT_UNKNOWN)
		ret->kind = classify(ret->type);
}

static void read_status(struct cps_change *c, const json_t *info)
{
	const json_t *error = json_object_get(info, "error");

	c->state_text = cps_json_text(info, "state");
	c->state = state_from_text(c->state_text);
	c->status = spell_status(info);
	c->description = cps_json_text(info, "description");
	c->error_code = cps_json_text(error, "code");
	c->error_text = cps_json_text(error, "description");
	c->phase = phase_of(c->status);
	if (*c->error_code || *c->error_text)
		c->state = CPS_ERROR;
	c->not_before_ms = cps_json_time(json_object_get(info, "deploymentSchedule"), "notBefore");
	c->not_after_ms = cps_json_time(json_object_get(info, "deploymentSchedule"), "notAfter");
}

int cps_change_parse(const char *text, size_t length, int64_t enrollment, int64_t change, struct cps_change *ret,
                     struct err *err)
{
	json_t *root = cps_json_load(text, length, "the change", err);
	struct cps_change c = { 0 };
	const json_t *allowed;
	char prefix[96];

	if (!root)
		return ERR_PROTOCOL;
	snprintf(prefix, sizeof(prefix), "/cps/v2/enrollments/%" PRId64 "/changes/%" PRId64 "/", enrollment, change);
	read_status(&c, json_object_get(root, "statusInfo"));
	allowed = json_object_get(root, "allowedInput");
	c.allowed_count = cps_json_count(allowed, ALLOWED_MAX);
	c.allowed = mem_new(c.allowed_count + 1, sizeof(*c.allowed));
	for (size_t i = 0; i < c.allowed_count; i++)
		read_allowed(json_array_get(allowed, i), prefix, &c.allowed[i]);
	json_decref(root);
	*ret = c;
	return 0;
}

void cps_change_done(struct cps_change *c)
{
	for (size_t i = 0; i < c->allowed_count; i++) {
		free(c->allowed[i].type);
		free(c->allowed[i].info);
		free(c->allowed[i].update);
	}
	free(c->allowed);
	free(c->state_text);
	free(c->status);
	free(c->description);
	free(c->error_code);
	free(c->error_text);
	memset(c, 0, sizeof(*c));
}

const struct cps_allowed *cps_change_input(const struct cps_change *c, enum cps_input kind)
{
	for (size_t i = 0; i < c->allowed_count; i++)
		if (c->allowed[i].kind == kind)
			return &c->allowed[i];
	return NULL;
}

int cps_warnings_parse(const char *text, size_t length, char **ret, struct err *err)
{
	json_t *root = cps_json_load(text, length, "the list of warnings", err);

	if (!root)
		return ERR_PROTOCOL;
	*ret = cps_json_text(root, "warnings");
	json_decref(root);
	return 0;
}

/* ---- what became of a change that is not pending any more */

static enum cps_past past_from_text(const char *text)
{
	if (text && strcmp(text, "completed") == 0)
		return CPS_PAST_COMPLETED;
	if (text && strcmp(text, "cancelled") == 0)
		return CPS_PAST_CANCELLED;
	return text && strcmp(text, "incomplete") == 0 ? CPS_PAST_INCOMPLETE : CPS_PAST_UNKNOWN;
}

/* Entries carry no number of the change: ours is the newest, and it was at work after `since_ms`. Borrowed; NULL: there is none. */
static const json_t *newest_entry(const json_t *root, int64_t since_ms)
{
	const json_t *newest = NULL;
	int64_t newest_ms = 0;
	json_t *entry;
	size_t i;

	json_array_foreach(json_object_get(root, "changes"), i, entry) {
		int64_t created_ms = cps_json_time(entry, "createdOn"), updated_ms = cps_json_time(entry, "lastUpdated");

		if (created_ms <= newest_ms)
			continue;
		newest_ms = created_ms;
		newest = created_ms >= since_ms || updated_ms >= since_ms ? entry : NULL;
	}
	return newest;
}

int cps_past_parse(const char *text, size_t length, int64_t since_ms, enum cps_past *ret, struct err *err)
{
	json_t *root = cps_json_load(text, length, "the change history", err);

	if (!root)
		return ERR_PROTOCOL;
	*ret = past_from_text(json_string_value(json_object_get(newest_entry(root, since_ms), "status")));
	json_decref(root);
	return 0;
}

static char *certificate_of(const json_t *holder)
{
	const char *pem = json_string_value(json_object_get(json_object_get(holder, "primaryCertificate"), "certificate"));

	return pem && *pem ? mem_dup(pem) : NULL;
}

char *cps_past_certificate(const char *text, size_t length, int64_t since_ms)
{
	struct err ignored;
	json_t *root = cps_json_load(text, length, "the change history", &ignored);
	const json_t *entry = newest_entry(root, since_ms);
	char *pem = past_from_text(json_string_value(json_object_get(entry, "status"))) == CPS_PAST_COMPLETED ? certificate_of(entry) : NULL;

	json_decref(root);
	return pem;
}

char *cps_deployment_certificate(const char *text, size_t length, struct err *err)
{
	json_t *root = cps_json_load(text, length, "the deployment", err);
	char *pem = certificate_of(root);

	if (root)
		err->code = 0;
	json_decref(root);
	return pem;
}

/* ---- change management */

static size_t add_messages(struct buf *out, const json_t *result, const char *key)
{
	json_t *list = json_object_get(result, key), *item;
	size_t i;

	json_array_foreach(list, i, item) {
		const char *message = json_string_value(json_is_object(item) ? json_object_get(item, "message") : item);
		const char *code = json_string_value(json_object_get(item, "messageCode"));

		buf_printf(out, "%s%s%s%s", out->length ? "\n" : "", code ? code : "", code ? ": " : "", message ? message : "(no text)");
	}
	return json_array_size(list);
}

int cps_hold_parse(const char *text, size_t length, struct cps_hold *ret, struct err *err)
{
	json_t *root = cps_json_load(text, length, "the change management information", err);
	const json_t *result = json_object_get(root, "validationResult");
	struct buf messages = BUF_INIT(65536);

	if (!root)
		return ERR_PROTOCOL;
	*ret = (struct cps_hold){ .hash = cps_json_text(root, "validationResultHash"),
	                          .deadline_ms = cps_json_time(root, "acknowledgementDeadline") };
	ret->error_count = add_messages(&messages, result, "errors");
	ret->warning_count = add_messages(&messages, result, "warnings");
	ret->messages = mem_dup(buf_text(&messages));
	buf_done(&messages);
	json_decref(root);
	return 0;
}

void cps_hold_done(struct cps_hold *h)
{
	free(h->hash);
	free(h->messages);
	memset(h, 0, sizeof(*h));
}
