#include <stdlib.h>
#include <string.h>

#include "providers/kit/kit.h"
#include "providers/memory/memory.h"
#include "solver/base/mem.h"
#include "solver/dns/message.h"
#include "tests/contract/contract.h"

int eye_open(struct eye *e, const char *text)
{
	if (strcmp(text, "memory") == 0)
		*e = (struct eye){ .kind = EYE_MEMORY };
	else if (strcmp(text, "answers") == 0)
		*e = (struct eye){ .kind = EYE_PUBLISHED };
	else if (strncmp(text, "dns:", 4) == 0)
		*e = (struct eye){ .kind = EYE_DNS, .server = text + 4 };
	else if (strncmp(text, "state:", 6) == 0)
		*e = (struct eye){ .kind = EYE_STATE, .server = text + 6 };
	else
		return ERR_INVALID;
	return 0;
}

/* Asks for the TXT records of a name; false when there is no reply. */
static bool ask_dns(const char *server, const char *fqdn, struct dns_reply *ret)
{
	unsigned char wire[DNS_QUERY_MAX];
	struct err err = { 0 };
	int length = dns_query_build(fqdn, DNS_TXT, false, wire, sizeof(wire), &err);
	struct request q = { .want = WANT_DNS, .server = server, .wire = wire, .wire_length = (size_t)length, .tcp = true };
	struct answer a;

	transport_carry_out(&q, &a);
	return a.code == 0 && dns_reply_parse((const unsigned char *)a.body, a.length, fqdn, DNS_TXT, ret, &err) == 0;
}

static int count_dns(const char *server, const char *fqdn, const char *value)
{
	struct dns_reply reply;
	int found = 0;

	if (!ask_dns(server, fqdn, &reply))
		return -1;
	for (size_t i = 0; i < reply.answer_count; i++)
		found += reply.answers[i].type == DNS_TXT && (!value || strcmp(reply.answers[i].text, value) == 0);
	dns_reply_done(&reply);
	return found;
}

static int ttl_dns(const char *server, const char *fqdn)
{
	struct dns_reply reply;
	int ttl = -1;

	if (!ask_dns(server, fqdn, &reply))
		return -1;
	for (size_t i = 0; i < reply.answer_count; i++)
		if (reply.answers[i].type == DNS_TXT)
			ttl = (int)reply.answers[i].ttl;
	dns_reply_done(&reply);
	return ttl;
}

/* What an emulator of an API says that it holds; gives (json_decref), NULL when it says nothing. */
static json_t *state_read(const char *url)
{
	struct request q = { .want = WANT_HTTP, .method = "GET", .url = url };
	struct answer a;

	transport_carry_out(&q, &a);
	return a.code == 0 ? kit_json(&a) : NULL;
}

static int count_state(const char *url, const char *fqdn, const char *value)
{
	CLEANUP(kit_json_freep) json_t *state = state_read(url);
	json_t *text;
	size_t i;
	int found = 0;

	if (!state)
		return -1;
	json_array_foreach(json_object_get(json_object_get(state, "txt"), fqdn), i, text)
		found += json_is_string(text) && (!value || strcmp(json_string_value(text), value) == 0);
	return found;
}

static int ttl_state(const char *url, const char *fqdn)
{
	CLEANUP(kit_json_freep) json_t *state = state_read(url);
	const json_t *ttl = json_object_get(json_object_get(state, "ttl"), fqdn);

	return json_is_integer(ttl) ? (int)json_integer_value(ttl) : -1;
}

int eye_ttl(const struct eye *e, const char *fqdn)
{
	if (e->kind == EYE_DNS)
		return ttl_dns(e->server, fqdn);
	return e->kind == EYE_STATE ? ttl_state(e->server, fqdn) : -1;
}

int eye_count(const struct eye *e, const char *zone, const char *fqdn, const char *value)
{
	if (e->kind == EYE_DNS)
		return count_dns(e->server, fqdn, value);
	if (e->kind == EYE_STATE)
		return count_state(e->server, fqdn, value);
	if (e->kind == EYE_PUBLISHED)
		return (int)published_count(fqdn, value);
	return value ? memory_has(zone, fqdn, value) : (int)memory_count(zone, fqdn);
}
