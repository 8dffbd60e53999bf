#include "solver/api/rest/body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/api/rest/terraform.h"
#include "solver/base/mem.h"

struct challenge_fields {
	int type;
	const char *domain, *token, *key_authorization, *value, *record_name, *account_uri, *account_thumbprint, *label, *authority;
	bool raw, evidence;
	int64_t deadline_ms, lifetime_ms;
};

struct order_fields {
	json_t *challenges, *dns_challenges, *http_challenges, *callback;
	const char *label;
	int64_t deadline_ms, lifetime_ms;
};

struct callback_fields { const char *url, *secret; };

#define CHALLENGE_ROWS \
	{ "type", FIELD_TYPE, offsetof(struct challenge_fields, type), .required = true }, \
	{ "domain", FIELD_TEXT, offsetof(struct challenge_fields, domain), .required = true }, \
	{ "token", FIELD_TEXT, offsetof(struct challenge_fields, token) }, \
	{ "key_authorization", FIELD_TEXT, offsetof(struct challenge_fields, key_authorization) }, \
	{ "value", FIELD_TEXT, offsetof(struct challenge_fields, value) }, \
	{ "record_name", FIELD_TEXT, offsetof(struct challenge_fields, record_name) }, \
	{ "account_uri", FIELD_TEXT, offsetof(struct challenge_fields, account_uri) }, \
	{ "account_thumbprint", FIELD_TEXT, offsetof(struct challenge_fields, account_thumbprint) }, \
	{ "raw", FIELD_BOOL, offsetof(struct challenge_fields, raw) }

static const struct field item_table[] = { CHALLENGE_ROWS, { NULL } };

static const struct field check_table[] = {
	CHALLENGE_ROWS,
	{ "authority", FIELD_TEXT, offsetof(struct challenge_fields, authority) },
	{ "evidence", FIELD_BOOL, offsetof(struct challenge_fields, evidence) },
	{ NULL },
};

static const struct field single_table[] = {
	CHALLENGE_ROWS,
	{ "deadline", FIELD_DURATION, offsetof(struct challenge_fields, deadline_ms) },
	{ "lifetime", FIELD_DURATION, offsetof(struct challenge_fields, lifetime_ms) },
	{ "label", FIELD_TEXT, offsetof(struct challenge_fields, label) },
	{ NULL },
};

static const struct field order_table[] = {
	{ "challenges", FIELD_ARRAY, offsetof(struct order_fields, challenges) },
	{ "dns_challenges", FIELD_ARRAY, offsetof(struct order_fields, dns_challenges) },
	{ "http_challenges", FIELD_ARRAY, offsetof(struct order_fields, http_challenges) },
	{ "callback", FIELD_OBJECT, offsetof(struct order_fields, callback) },
	{ "deadline", FIELD_DURATION, offsetof(struct order_fields, deadline_ms) },
	{ "lifetime", FIELD_DURATION, offsetof(struct order_fields, lifetime_ms) },
	{ "label", FIELD_TEXT, offsetof(struct order_fields, label) },
	{ NULL },
};

static const struct field callback_table[] = {
	{ "url", FIELD_TEXT, offsetof(struct callback_fields, url), .required = true },
	{ "secret", FIELD_TEXT, offsetof(struct callback_fields, secret), .required = true },
	{ NULL },
};

void order_body_done(struct order_body *b)
{
	free(b->challenges);
	json_decref(b->document);
	*b = (struct order_body){ 0 };
}

static struct challenge_request request_of(const struct challenge_fields *f)
{
	return (struct challenge_request){ .type = (enum challenge_type)f->type, .domain = f->domain, .token = f->token,
		                           .key_authorization = f->key_authorization, .value = f->value,
		                           .record_name = f->record_name, .account_uri = f->account_uri,
		                           .account_thumbprint = f->account_thumbprint, .raw = f->raw,
		                           .instead = "key_authorization" };
}

/* To the engine 0 means "the configured duration", which a caller who writes "0s" does not intend. For a standing record 0 means no end;
 * a lifetime of 0 of any other challenge would end at once. */
static int read_times(struct order_request *r, int64_t deadline_ms, int64_t lifetime_ms, struct problem *problem)
{
	if (deadline_ms == 0)
		return problem_set(problem, 422, ERR_INVALID, "/deadline", "a deadline of 0 is over before it starts");
	for (size_t i = 0; lifetime_ms == 0 && i < r->count; i++)
		if (r->challenges[i].type != CHALLENGE_DNS_PERSIST01)
			return problem_set(problem, 422, ERR_INVALID, "/lifetime",
			                   "a lifetime of 0 is over before it starts; only records of dns-persist-01 may stand without an end");
	r->deadline_ms = deadline_ms < 0 ? 0 : deadline_ms;
	r->lifetime_ms = lifetime_ms < 0 ? 0 : lifetime_ms ? lifetime_ms : LIFETIME_FOREVER;
	return 0;
}

int body_read_challenge(const char *text, size_t length, struct order_body *ret, struct problem *problem)
{
	struct challenge_fields f = { .deadline_ms = -1, .lifetime_ms = -1 };
	struct order_body b = { .single = true };

	if (fields_parse(text, length, &b.document, problem) < 0)
		return problem->err.code;
	b.challenges = mem_new(1, sizeof(*b.challenges));
	b.request = (struct order_request){ .challenges = b.challenges, .count = 1 };
	if (fields_read(b.document, single_table, &f, problem) < 0) {
		order_body_done(&b);
		return problem->err.code;
	}
	b.challenges[0] = request_of(&f);
	b.request.label = f.label;
	if (read_times(&b.request, f.deadline_ms, f.lifetime_ms, problem) < 0) {
		order_body_done(&b);
		return problem->err.code;
	}
	*ret = b;
	return 0;
}

static int read_item(const json_t *item, size_t i, struct challenge_request *ret, struct problem *problem)
{
	struct challenge_fields f = { 0 };
	char step[24], sentence[ERR_TEXT_MAX];

	snprintf(step, sizeof(step), "%zu", i);
	if (!json_is_object(item)) {
		problem_set(problem, 422, ERR_INVALID, NULL, "challenge %zu must be an object", i + 1);
	} else if (fields_read(item, item_table, &f, problem) == 0) {
		*ret = request_of(&f);
		return 0;
	} else {
		memcpy(sentence, problem->err.text, sizeof(sentence));
		snprintf(problem->err.text, sizeof(problem->err.text), "challenge %zu: %.460s", i + 1, sentence);
	}
	problem_inside(problem, step);
	problem_inside(problem, "challenges");
	return problem->err.code;
}

static int read_items(const struct order_fields *f, struct order_body *b, struct problem *problem)
{
	size_t own = json_array_size(f->challenges), count = own + json_array_size(f->dns_challenges) + json_array_size(f->http_challenges);

	if (!f->challenges && !f->dns_challenges && !f->http_challenges)
		return problem_set(problem, 422, ERR_INVALID, "/challenges", "challenges is missing");
	if (count < 1 || count > ORDER_MAX)
		return problem_set(problem, 422, ERR_INVALID, "/challenges", "an order holds 1 to %d challenges, not %zu", ORDER_MAX, count);
	b->challenges = mem_new(count, sizeof(*b->challenges));
	for (size_t i = 0; i < own; i++)
		if (read_item(json_array_get(f->challenges, i), i, &b->challenges[i], problem) < 0)
			return problem->err.code;
	b->request.challenges = b->challenges;
	b->request.count = own;
	if (terraform_read(f->dns_challenges, CHALLENGE_DNS01, b->challenges, &b->request.count, problem) < 0)
		return problem->err.code;
	return terraform_read(f->http_challenges, CHALLENGE_HTTP01, b->challenges, &b->request.count, problem);
}

static int read_callback(const json_t *object, struct order_request *r, struct problem *problem)
{
	struct callback_fields f = { 0 };

	if (!object)
		return 0;
	if (fields_read(object, callback_table, &f, problem) < 0)
		goto fail;
	if (strncmp(f.url, "https://", 8) != 0 && strncmp(f.url, "http://", 7) != 0) {
		problem_set(problem, 422, ERR_INVALID, "/url", "url must start with https:// or http://");
		goto fail;
	}
	r->callback_url = f.url;
	r->callback_secret = f.secret;
	return 0;
fail:
	problem_inside(problem, "callback");
	return problem->err.code;
}

static int read_order(struct order_body *b, struct problem *problem)
{
	struct order_fields f = { .deadline_ms = -1, .lifetime_ms = -1 };

	if (fields_read(b->document, order_table, &f, problem) < 0)
		return problem->err.code;
	b->request.label = f.label;
	if (read_callback(f.callback, &b->request, problem) < 0 || read_items(&f, b, problem) < 0)
		return problem->err.code;
	return read_times(&b->request, f.deadline_ms, f.lifetime_ms, problem);
}

int body_read_order(const char *text, size_t length, struct order_body *ret, struct problem *problem)
{
	struct order_body b = { 0 };

	if (fields_parse(text, length, &b.document, problem) < 0)
		return problem->err.code;
	if (read_order(&b, problem) < 0) {
		order_body_done(&b);
		return problem->err.code;
	}
	*ret = b;
	return 0;
}

int body_read_check(const char *text, size_t length, struct check_body *ret, struct problem *problem)
{
	struct challenge_fields f = { 0 };
	json_t *document;

	if (fields_parse(text, length, &document, problem) < 0)
		return problem->err.code;
	if (fields_read(document, check_table, &f, problem) < 0) {
		json_decref(document);
		return problem->err.code;
	}
	ret->document = document;
	ret->request = (struct check_request){ .type = (enum challenge_type)f.type, .domain = f.domain, .token = f.token,
		                               .key_authorization = f.key_authorization, .value = f.value,
		                               .account_uri = f.account_uri, .account_thumbprint = f.account_thumbprint, .authority = f.authority, .raw = f.raw,
		                               .evidence = f.evidence };
	return 0;
}

static const struct field client_table[] = {
	{ "name", FIELD_TEXT, offsetof(struct client_body, name), .required = true },
	{ "grants", FIELD_OBJECT, offsetof(struct client_body, grants), .required = true },
	{ NULL },
};

static const struct field grants_table[] = {
	{ "grants", FIELD_OBJECT, offsetof(struct client_body, grants), .required = true },
	{ NULL },
};

static int read_client(const char *text, size_t length, const struct field *table, struct client_body *ret, struct problem *problem)
{
	struct client_body b = { 0 };

	if (fields_parse(text, length, &b.document, problem) < 0)
		return problem->err.code;
	if (fields_read(b.document, table, &b, problem) < 0) {
		json_decref(b.document);
		return problem->err.code;
	}
	*ret = b;
	return 0;
}

int body_read_client(const char *text, size_t length, struct client_body *ret, struct problem *problem)
{
	return read_client(text, length, client_table, ret, problem);
}

int body_read_grants(const char *text, size_t length, struct client_body *ret, struct problem *problem)
{
	return read_client(text, length, grants_table, ret, problem);
}
