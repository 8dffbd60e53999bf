#include "solver/cps/model.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/base/mem.h"
#include "solver/cps/json.h"

#define ENROLLMENTS_MAX 100000
#define PENDING_MAX 100
#define ALLOWED_MAX 32
#define CHALLENGES_MAX 16

static size_t array_count(const json_t *array, size_t max)
{
	size_t count = json_array_size(array);

	return count < max ? count : max;
}

int64_t cps_location_id(const char *location)
{
	const char *slash = location ? strrchr(location, '/') : NULL;
	const char *digits = slash ? slash + 1 : location;
	char *end;
	long long id;

	if (!digits || !isdigit((unsigned char)*digits))
		return 0;
	id = strtoll(digits, &end, 10);
	return *end ? 0 : id;
}

/* ---- enrollments */

static void read_pending(struct cps_enrollment *e, const json_t *changes)
{
	size_t count = array_count(changes, PENDING_MAX);

	e->pending = mem_new(count + 1, sizeof(*e->pending));
	for (size_t i = 0; i < count; i++) {
		const json_t *item = json_array_get(changes, i);
		const char *location = json_string_value(json_is_object(item) ? json_object_get(item, "location") : item);
		int64_t id = cps_location_id(location);

		if (id <= 0)
			continue;
		e->pending[e->pending_count].change = id;
		e->pending[e->pending_count++].type = cps_json_text(item, "changeType");
	}
}

static void read_sans(struct cps_enrollment *e, const json_t *sans)
{
	size_t count = array_count(sans, CPS_NAMES_MAX);

	e->sans = mem_new(count + 1, sizeof(*e->sans));
	for (size_t i = 0; i < count; i++) {
		const char *san = json_string_value(json_array_get(sans, i));

		if (san)
			e->sans[e->san_count++] = mem_dup(san);
	}
}

static int read_enrollment(const json_t *object, struct cps_enrollment *ret, struct err *err)
{
	const json_t *csr = json_object_get(object, "csr");
	struct cps_enrollment e = { .id = cps_json_id(object, "id") };
	const char *location = json_string_value(json_object_get(object, "location"));

	if (e.id <= 0)
		e.id = cps_location_id(location);
	if (e.id <= 0)
		return err_set(err, ERR_PROTOCOL, "an enrollment of CPS has no id");
	e.cn = cps_json_text(csr, "cn");
	e.validation_type = cps_json_text(object, "validationType");
	e.ra = cps_json_text(object, "ra");
	read_sans(&e, json_object_get(csr, "sans"));
	read_pending(&e, json_object_get(object, "pendingChanges"));
	*ret = e;
	return 0;
}

int cps_enrollment_parse(const char *text, size_t length, struct cps_enrollment *ret, struct err *err)
{
	json_t *root = cps_json_load(text, length, "the enrollment", err);
	int code;

	if (!root)
		return ERR_PROTOCOL;
	code = read_enrollment(root, ret, err);
	json_decref(root);
	return code;
}

void cps_enrollment_done(struct cps_enrollment *e)
{
	for (size_t i = 0; i < e->san_count; i++)
		free(e->sans[i]);
	for (size_t i = 0; i < e->pending_count; i++)
		free(e->pending[i].type);
	free(e->sans);
	free(e->pending);
	free(e->cn);
	free(e->validation_type);
	free(e->ra);
	memset(e, 0, sizeof(*e));
}

int cps_enrollments_parse(const char *text, size_t length, struct cps_enrollments *ret, struct err *err)
{
	json_t *root = cps_json_load(text, length, "the list of enrollments", err);
	struct cps_enrollments list = { 0 };
	const json_t *array;
	size_t count;
	int code = 0;

	if (!root)
		return ERR_PROTOCOL;
	array = json_object_get(root, "enrollments");
	count = array_count(array, ENROLLMENTS_MAX);
	list.items = mem_new(count + 1, sizeof(*list.items));
	for (size_t i = 0; i < count && code == 0; i++) {
		code = read_enrollment(json_array_get(array, i), &list.items[list.count], err);
		if (code == 0)
			list.count++;
	}
	json_decref(root);
	if (code < 0)
		cps_enrollments_done(&list);
	else
		*ret = list;
	return code;
}

void cps_enrollments_done(struct cps_enrollments *e)
{
	for (size_t i = 0; i < e->count; i++)
		cps_enrollment_done(&e->items[i]);
	free(e->items);
	memset(e, 0, sizeof(*e));
}

const struct cps_pending *cps_enrollment_newest(const struct cps_enrollment *e)
{
	const struct cps_pending *newest = NULL;

	for (size_t i = 0; i < e->pending_count; i++)
		if (!newest || e->pending[i].change >= newest->change)
			newest = &e->pending[i];
	return newest;
}

/* ---- a change */

static enum cps_state state_from_text(const char *text)
{
	static const char *const names[] = {
		[CPS_NEW] = "new", [CPS_RUNNING] = "running", [CPS_AWAITING_INPUT] = "awaiting-input",
		[CPS_ERROR] = "error", [CPS_SUSPENDED] = "suspended", [CPS_CANCELLED] = "cancelled",
		[CPS_COMPLETED] = "completed",
	};

	for (size_t i = CPS_NEW; i < ARRAY_LEN(names); i++)
		if (strcmp(text, names[i]) == 0)
			return (enum cps_state)i;
	return CPS_STATE_UNKNOWN;
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
	return CPS_INPUT_OTHER;
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

	return slash ? classify(slash + 1) : CPS_INPUT_OTHER;
}

static void read_allowed(const json_t *object, const char *prefix, struct cps_allowed *ret)
{
	ret->type = cps_json_text(object, "type");
	ret->info = checked_path(object, "info", prefix);
	ret->update = checked_path(object, "update", prefix);
	ret->required = json_is_true(json_object_get(object, "requiredToProceed"));
	ret->kind = classify_path(ret->info);
	if (ret->kind == CPS_INPUT_OTHER)
		ret->kind = classify_path(ret->update);
	if (ret->kind == CPS_INPUT_OTHER)
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
	c->failed = c->state == CPS_ERROR || *c->error_code || *c->error_text;
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
	c.allowed_count = array_count(allowed, ALLOWED_MAX);
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

static bool is_among(const char *const *names, size_t count, const char *status)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(status, names[i]) == 0)
			return true;
	return false;
}

bool cps_change_is_past_validation(const struct cps_change *c)
{
	static const char *const late[] = {
		"check-for-cert", "check-for-cert-error", "create-slot-files", "forward-create-slot-files", "live-check-action",
		"forward-live-check-action", "deploy-changes-to-staging", "deploy-cert-to-staging", "wait-ack-change-management",
		"deploy-cert-to-production", "abandon-slots-action", "deprovision-cert", "verify-third-party-cert",
		"wait-review-third-party-cert", "wait-review-cert-warning", "complete",
	};

	return !cps_change_is_at_validation(c) && is_among(late, ARRAY_LEN(late), c->status);
}

bool cps_change_is_at_validation(const struct cps_change *c)
{
	static const char *const early[] = {
		"coordinate-domain-validation", "pre-verification-safety-checks",
		"wait-review-pre-verification-safety-checks", "generate-csr",
	};

	if (c->state == CPS_NEW || cps_change_input(c, CPS_INPUT_CHALLENGES) || cps_change_input(c, CPS_INPUT_PRE_WARNINGS))
		return true;
	return is_among(early, ARRAY_LEN(early), c->status);
}

/* ---- challenges */

static void read_challenge(const json_t *object, struct cps_challenge *ret)
{
	ret->type_text = cps_json_text(object, "type");
	ret->type = challenge_type_from_name(ret->type_text);
	ret->status = cps_json_text(object, "status");
	ret->error = cps_json_text(object, "error");
	ret->token = cps_json_text(object, "token");
	ret->full_path = cps_json_text(object, "fullPath");
	ret->response_body = cps_json_text(object, "responseBody");
}

static void challenge_clear(struct cps_challenge *c)
{
	free(c->type_text);
	free(c->status);
	free(c->error);
	free(c->token);
	free(c->full_path);
	free(c->response_body);
}

/* v1 has the fields of its only challenge, http-01, on the domain itself. */
static void read_lone_challenge(const json_t *object, struct cps_domain *d)
{
	struct cps_challenge *c = &d->challenges[0];

	read_challenge(object, c);
	if (!*c->token || !*c->response_body) {
		challenge_clear(c);
		memset(c, 0, sizeof(*c));
		return;
	}
	mem_replace(&c->type_text, "http-01");
	c->type = CHALLENGE_HTTP01;
	mem_replace(&c->status, "pending");
	d->challenge_count = 1;
}

static void read_domain(const json_t *object, struct cps_domain *d)
{
	const json_t *challenges = json_object_get(object, "challenges");
	size_t count = array_count(challenges, CHALLENGES_MAX);

	d->domain = cps_json_text(object, "domain");
	d->status = cps_json_text(object, "status");
	d->error = cps_json_text(object, "error");
	d->validation_status = cps_json_text(object, "validationStatus");
	d->expires_ms = cps_json_time(object, "expires");
	d->challenges = mem_new(count + 1, sizeof(*d->challenges));
	for (size_t i = 0; i < count; i++)
		read_challenge(json_array_get(challenges, i), &d->challenges[d->challenge_count++]);
	if (count == 0)
		read_lone_challenge(object, d);
}

static const json_t *either(const json_t *root, const char *key, const char *other)
{
	const json_t *value = json_object_get(root, key);

	return value ? value : json_object_get(root, other);
}

int cps_domains_parse(const char *text, size_t length, struct cps_domains *ret, struct err *err)
{
	json_t *root = cps_json_load(text, length, "the list of challenges", err);
	struct cps_domains list = { 0 };
	const json_t *array;

	if (!root)
		return ERR_PROTOCOL;
	array = either(root, "dv", "challenges");
	list.count = array_count(array, CPS_NAMES_MAX);
	list.items = mem_new(list.count + 1, sizeof(*list.items));
	for (size_t i = 0; i < list.count; i++)
		read_domain(json_array_get(array, i), &list.items[i]);
	json_decref(root);
	*ret = list;
	return 0;
}

int cps_history_parse(const char *text, size_t length, struct cps_domains *ret, struct err *err)
{
	json_t *root = cps_json_load(text, length, "the validation history", err);
	struct cps_domains list = { 0 };
	const json_t *array;

	if (!root)
		return ERR_PROTOCOL;
	array = either(root, "results", "data");
	list.count = array_count(array, CPS_NAMES_MAX);
	list.items = mem_new(list.count + 1, sizeof(*list.items));
	for (size_t i = 0; i < list.count; i++) {
		const json_t *item = json_array_get(array, i);
		const json_t *records = json_object_get(item, "domainHistory");
		size_t records_count = json_array_size(records);

		read_domain(records_count ? json_array_get(records, records_count - 1) : item, &list.items[i]);
		if (!*list.items[i].domain) {
			free(list.items[i].domain);
			list.items[i].domain = cps_json_text(item, "domain");
		}
	}
	json_decref(root);
	*ret = list;
	return 0;
}

void cps_domains_done(struct cps_domains *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct cps_domain *d = &list->items[i];

		for (size_t k = 0; k < d->challenge_count; k++)
			challenge_clear(&d->challenges[k]);
		free(d->challenges);
		free(d->domain);
		free(d->status);
		free(d->error);
		free(d->validation_status);
	}
	free(list->items);
	memset(list, 0, sizeof(*list));
}

bool cps_domain_is_valid(const struct cps_domain *d)
{
	if (strcasecmp(d->status, "valid") == 0)
		return true;
	return !*d->status && strcmp(d->validation_status, "VALIDATED") == 0;
}

bool cps_domain_is_spent(const struct cps_domain *d)
{
	return strcmp(d->validation_status, "EXPIRED") == 0 || strcasecmp(d->status, "error") == 0 ||
	       strcasecmp(d->status, "invalid") == 0;
}

bool cps_domain_is_open(const struct cps_domain *d)
{
	if (cps_domain_is_valid(d) || cps_domain_is_spent(d) || strcasecmp(d->status, "preparing") == 0)
		return false;
	for (size_t i = 0; i < d->challenge_count; i++)
		if (!*d->challenges[i].status || strcasecmp(d->challenges[i].status, "pending") == 0)
			return true;
	return false;
}

/* ---- warnings */

int cps_warnings_parse(const char *text, size_t length, char **ret, struct err *err)
{
	json_t *root = cps_json_load(text, length, "the list of warnings", err);

	if (!root)
		return ERR_PROTOCOL;
	*ret = cps_json_text(root, "warnings");
	json_decref(root);
	return 0;
}
