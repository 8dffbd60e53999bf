#include "solver/api/httpreq/httpreq_body.h"

#include <string.h>
#include <strings.h>

#include "solver/api/door/door.h"
#include "solver/api/door/sentence.h"
#include "solver/base/mem.h"
#include "solver/crypto/crypto.h"
#include "solver/dns/name.h"

static const char *const keys[] = { "fqdn", "value", "domain", "token", "keyAuth" };
#define RAW_MODE "keyAuth, beside domain and token (the raw mode of httpreq: HTTPREQ_MODE=RAW in lego)"
enum { FQDN, VALUE, DOMAIN, TOKEN, KEY_AUTH, KEYS };

static int key_index(const char *name)
{
	for (int i = 0; i < KEYS; i++)
		if (strcasecmp(keys[i], name) == 0)
			return i;
	return -1;
}

static int read_texts(const json_t *object, const char *texts[KEYS], struct problem *problem)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)object, key, value) {
		int i = key_index(key);

		if (i < 0 || json_is_null(value))
			continue;
		if (texts[i])
			return problem_set(problem, 400, ERR_INVALID, NULL, "%s stands twice in the body", keys[i]);
		if (!json_is_string(value))
			return problem_set(problem, 400, ERR_INVALID, NULL, "%s must be a text", keys[i]);
		if (json_string_length(value) > FIELD_TEXT_MAX)
			return problem_set(problem, 400, ERR_TOO_LARGE, NULL, "%s is longer than %d bytes", keys[i], FIELD_TEXT_MAX);
		texts[i] = json_string_value(value);
	}
	return 0;
}

static int check_shape(const char *const texts[KEYS], struct problem *problem)
{
	bool record = texts[FQDN] || texts[VALUE], raw = texts[DOMAIN] || texts[TOKEN] || texts[KEY_AUTH];
	int first = record ? FQDN : DOMAIN, last = record ? VALUE : KEY_AUTH;

	if (record == raw)
		return problem_set(problem, 400, ERR_INVALID, NULL, "the body has either fqdn and value, or domain, token and keyAuth");
	for (int i = first; i <= last; i++)
		if (!texts[i] || !texts[i][0])
			return problem_set(problem, 400, ERR_INVALID, NULL, "%s is missing", keys[i]);
	return 0;
}

/* A name without "_acme-challenge." is one that the client reached through a CNAME: it stands for itself. */
static int read_record(struct httpreq_body *b, const char *fqdn, const char *value, struct problem *problem)
{
	char usual[NAME_SIZE];
	struct err err;

	if (name_normalize(fqdn, b->record, &err) < 0)
		return problem_set(problem, 400, ERR_INVALID, NULL, "fqdn: %s", err.text);
	if (value_check(value, &err) < 0)
		return problem_set(problem, 400, ERR_INVALID, NULL, "%s", err.text);
	if (record_label_is_account(b->record))
		b->request.type = CHALLENGE_DNS_ACCOUNT01;
	door_identifier(b->record, b->identifier);
	b->request.domain = b->identifier;
	b->request.value = value;
	b->request.instead = RAW_MODE;
	if (name_challenge(b->identifier, usual, &err) < 0 || strcmp(usual, b->record) != 0)
		b->request.record_name = b->record;
	return 0;
}

static int read_raw(struct httpreq_body *b, const char *domain, const char *token, const char *key_authorization, struct problem *problem)
{
	struct err err;
	bool wildcard;

	if (name_identifier(domain, b->identifier, &wildcard, &err) < 0)
		return problem_set(problem, 400, ERR_INVALID, NULL, "domain: %s", err.text);
	if (token_check(token, &err) < 0 || key_authorization_check(key_authorization, token, &err) < 0)
		return problem_set(problem, 400, ERR_INVALID, NULL, "%s", err.text);
	crypto_dns01_value(key_authorization, b->value);
	b->request.domain = domain;
	b->request.token = token;
	b->request.key_authorization = key_authorization;
	return 0;
}

static int read_shape(struct httpreq_body *b, struct problem *problem)
{
	const char *texts[KEYS] = { NULL };

	if (read_texts(b->document, texts, problem) < 0 || check_shape(texts, problem) < 0)
		return problem->err.code;
	b->request.type = CHALLENGE_DNS01;
	return texts[FQDN] ? read_record(b, texts[FQDN], texts[VALUE], problem)
	                   : read_raw(b, texts[DOMAIN], texts[TOKEN], texts[KEY_AUTH], problem);
}

/* The sentence may quote what it found wrong; that may be the value. */
static void hide_all(const json_t *document, struct problem *problem)
{
	const char *hidden[JSON_DEPTH_MAX] = { NULL };
	char text[ERR_TEXT_MAX];
	size_t count = 0;
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)document, key, value)
		if (json_is_string(value) && key_index(key) >= VALUE && key_index(key) != DOMAIN && count + 1 < ARRAY_LEN(hidden))
			hidden[count++] = json_string_value(value);
	sentence_settle(problem->err.text, hidden, text, sizeof(text));
	memcpy(problem->err.text, text, sizeof(text));
}

int httpreq_body_read(const char *text, size_t length, struct httpreq_body *ret, struct problem *problem)
{
	struct httpreq_body b = { 0 };
	char *quote;

	if (fields_parse(text, length, &b.document, problem) < 0) {
		quote = strstr(problem->err.text, " near ");
		if (quote)
			*quote = '\0';
		return problem->err.code;
	}
	*ret = b;
	if (read_shape(ret, problem) == 0)
		return 0;
	hide_all(ret->document, problem);
	httpreq_body_done(ret);
	return problem->err.code;
}

void httpreq_body_done(struct httpreq_body *b)
{
	json_decref(b->document);
	*b = (struct httpreq_body){ 0 };
}

json_t *httpreq_body_echo(const struct httpreq_body *b)
{
	json_t *echo = json_object(), *value;
	const char *key;

	json_object_foreach (b->document, key, value)
		if (key_index(key) >= 0)
			json_object_set(echo, key, value);
	return echo;
}

void httpreq_body_hide(const struct httpreq_body *b, const char *sentence, char *ret_text, size_t room)
{
	const char *const raw[] = { b->value, b->request.key_authorization, b->request.token, NULL };
	const char *const record[] = { b->request.value, NULL };

	sentence_settle(sentence, b->request.value ? record : raw, ret_text, room);
}
