#include "solver/api/acmedns/acme_dns_body.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/api/acmedns/acme_dns_accounts.h"
#include "solver/api/common/fields.h"
#include "solver/base/id.h"
#include "solver/base/mem.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* The value of a key in either case, as the original's reader takes it. */
static const json_t *member(const json_t *object, const char *name)
{
	const json_t *found = NULL;
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)object, key, value)
		if (strcasecmp(key, name) == 0)
			found = value;
	return found;
}

static bool all_texts(const json_t *array)
{
	for (size_t i = 0; i < json_array_size(array); i++)
		if (!json_is_string(json_array_get(array, i)))
			return false;
	return true;
}

/* Stored as networks are written everywhere here, without brackets. */
static char *networks_dump(const struct networks *n)
{
	json_t *list = json_array();
	char *text;

	for (size_t i = 0; i < networks_count(n); i++)
		json_array_append_new(list, json_string(networks_text(n, i)));
	text = json_dumps(list, JSON_COMPACT);
	json_decref(list);
	return text;
}

static const char *read_allow_from(const json_t *object, struct register_body *ret)
{
	const json_t *list = member(object, "allowfrom");
	struct networks *networks;
	struct err err;

	if (list && !json_is_null(list) && (!json_is_array(list) || !all_texts(list)))
		return "malformed_json_payload";
	if (allow_from_read(list, &networks, &err) < 0)
		return "invalid_allowfrom_cidr";
	ret->allow_from = networks_dump(networks);
	networks_free(networks);
	return NULL;
}

const char *register_body_read(const char *text, size_t length, struct register_body *ret)
{
	struct problem problem = { 0 };
	json_t *object = NULL;
	const char *wrong;

	if (!length) {
		ret->allow_from = mem_dup("[]");
		return NULL;
	}
	if (fields_parse(text, length, &object, &problem) < 0)
		return "malformed_json_payload";
	wrong = read_allow_from(object, ret);
	json_decref(object);
	return wrong;
}

static void copy_text(const json_t *value, char *to, size_t room)
{
	if (json_is_string(value) && json_string_length(value) < room)
		memcpy(to, json_string_value(value), json_string_length(value) + 1);
}

void update_body_read(const char *text, size_t length, struct update_body *ret)
{
	struct problem problem = { 0 };
	json_t *object = NULL;

	*ret = (struct update_body){ 0 };
	if (fields_parse(text, length, &object, &problem) < 0)
		return;
	copy_text(member(object, "subdomain"), ret->subdomain, sizeof(ret->subdomain));
	copy_text(member(object, "txt"), ret->txt, sizeof(ret->txt));
	if (strlen(ret->txt) != ACME_DNS_VALUE_LENGTH || strspn(ret->txt, alphabet) != ACME_DNS_VALUE_LENGTH)
		ret->txt[0] = '\0';
	json_decref(object);
}

/* RFC 9562, version 4. */
void uuid_new(char ret_uuid[UUID_SIZE])
{
	unsigned char r[16];

	id_random(r, sizeof(r));
	r[6] = (unsigned char)(0x40 | (r[6] & 0x0f));
	r[8] = (unsigned char)(0x80 | (r[8] & 0x3f));
	snprintf(ret_uuid, UUID_SIZE, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", r[0], r[1], r[2], r[3],
	         r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12], r[13], r[14], r[15]);
}

bool uuid_read(const char *text, char ret_uuid[UUID_SIZE])
{
	if (strlen(text) != UUID_SIZE - 1)
		return false;
	for (size_t i = 0; i < UUID_SIZE; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (text[i] && (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i])))
			return false;
		ret_uuid[i] = (char)tolower((unsigned char)text[i]);
	}
	return true;
}

void acme_dns_password_new(char ret_password[ACME_DNS_PASSWORD_SIZE])
{
	unsigned char random[ACME_DNS_PASSWORD_SIZE - 1];

	id_random(random, sizeof(random));
	for (size_t i = 0; i < sizeof(random); i++)
		ret_password[i] = alphabet[random[i] & 63];
	ret_password[sizeof(random)] = '\0';
	explicit_bzero(random, sizeof(random));
}

bool acme_dns_password_is_well_formed(const char *password)
{
	return strlen(password) == ACME_DNS_PASSWORD_SIZE - 1 && strspn(password, alphabet) == ACME_DNS_PASSWORD_SIZE - 1;
}

bool acme_dns_subdomain_is_valid(const char *subdomain)
{
	size_t length = strlen(subdomain);

	if (length < 1 || length > ACME_DNS_SUBDOMAIN_MAX || strspn(subdomain, alphabet) != length || strchr(subdomain, '_'))
		return false;
	return subdomain[0] != '-' && subdomain[length - 1] != '-';
}
