#include "solver/cps/domains.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/base/mem.h"
#include "solver/cps/json.h"

#define CHALLENGES_MAX 16

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
	size_t count = cps_json_count(challenges, CHALLENGES_MAX);

	d->domain = cps_json_text(object, "domain");
	d->status = cps_json_text(object, "status");
	d->error = cps_json_text(object, "error");
	d->validation_status = cps_json_text(object, "validationStatus");
	d->expires_ms = cps_json_time(object, "expires");
	d->requested_ms = cps_json_time(object, "requestTimestamp");
	d->checked_ms = cps_json_time(object, "validatedTimestamp");
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

/* Nothing is concluded from a part of the names. */
static int check_count(const json_t *array, const char *what, struct err *err)
{
	if (json_array_size(array) <= CPS_NAMES_MAX)
		return 0;
	return err_set(err, ERR_TOO_LARGE, "CPS lists more than %d %s", CPS_NAMES_MAX, what);
}

int cps_domains_parse(const char *text, size_t length, struct cps_domains *ret, struct err *err)
{
	json_t *root = cps_json_load(text, length, "the list of challenges", err);
	struct cps_domains list = { 0 };
	const json_t *array;

	if (!root)
		return ERR_PROTOCOL;
	array = either(root, "dv", "challenges");
	if (check_count(array, "names", err) < 0) {
		json_decref(root);
		return err->code;
	}
	list.count = json_array_size(array);
	list.items = mem_new(list.count + 1, sizeof(*list.items));
	for (size_t i = 0; i < list.count; i++)
		read_domain(json_array_get(array, i), &list.items[i]);
	json_decref(root);
	*ret = list;
	return 0;
}

/* By the time of its request; the last one listed when none has a time. */
static const json_t *newest_record(const json_t *records)
{
	const json_t *newest = NULL;
	int64_t newest_ms = 0;
	size_t count = json_array_size(records);

	for (size_t i = 0; i < count; i++) {
		const json_t *record = json_array_get(records, i);
		int64_t at_ms = cps_json_time(record, "requestTimestamp");

		if (newest && at_ms < newest_ms)
			continue;
		newest = record;
		newest_ms = at_ms;
	}
	return newest;
}

static void read_history(const json_t *item, struct cps_domain *d)
{
	const json_t *record = newest_record(json_object_get(item, "domainHistory"));

	read_domain(record ? record : item, d);
	if (*d->domain)
		return;
	free(d->domain);
	d->domain = cps_json_text(item, "domain");
}

int cps_history_parse(const char *text, size_t length, struct cps_domains *ret, struct err *err)
{
	json_t *root = cps_json_load(text, length, "the validation history", err);
	struct cps_domains list = { 0 };
	const json_t *array;

	if (!root)
		return ERR_PROTOCOL;
	array = either(root, "results", "data");
	if (check_count(array, "names in the history", err) < 0) {
		json_decref(root);
		return err->code;
	}
	list.count = json_array_size(array);
	list.items = mem_new(list.count + 1, sizeof(*list.items));
	for (size_t i = 0; i < list.count; i++)
		read_history(json_array_get(array, i), &list.items[i]);
	json_decref(root);
	*ret = list;
	return 0;
}

bool cps_domains_valid_since(const struct cps_domains *d, int64_t since_ms)
{
	for (size_t i = 0; i < d->count; i++)
		if (!cps_domain_is_valid(&d->items[i]) || (d->items[i].checked_ms < since_ms && d->items[i].requested_ms < since_ms))
			return false;
	return d->count > 0;
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
