/* The values that stand at an account's name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/api/acmedns/acme_dns.h"
#include "solver/base/mem.h"
#include "solver/dns/name.h"

const char *acme_dns_zone(const struct config *c)
{
	if (c->acme_dns.zone)
		return c->acme_dns.zone;
	return c->dns.zones ? c->dns.zones[0] : NULL;
}

bool acme_dns_name(const struct config *c, const char *subdomain, char ret_name[254])
{
	CLEANUP(mem_freep) char *text = mem_printf("%s.%s", subdomain, acme_dns_zone(c));
	struct err err;

	return name_normalize(text, ret_name, &err) == 0;
}

void acme_dns_client(const char *subdomain, char ret_client[80])
{
	snprintf(ret_client, 80, DOOR_ACME_DNS ":%s", subdomain);
}

struct standing {
	value_fn fn;
	void *arg;
};

static void each_standing(const struct challenge *c, void *arg)
{
	const struct standing *s = arg;

	if (c->state < CHALLENGE_WITHDRAWING && c->value)
		s->fn(c, s->arg);
}

void acme_dns_each_value(struct api *a, const char *subdomain, value_fn fn, void *arg)
{
	char client[80];
	const struct challenge_filter filter = { .client = client, .state = -1, .type = CHALLENGE_DNS01 };
	struct standing s = { fn, arg };

	acme_dns_client(subdomain, client);
	engine_list(a->parts.engine, &filter, NULL, SIZE_MAX, each_standing, &s);
}

struct room {
	const char *value;
	char (*ids)[ID_SIZE]; /* newest first */
	size_t count;
	bool stands;
};

static void count_value(const struct challenge *c, void *arg)
{
	struct room *r = arg;

	if (strcmp(c->value, r->value) == 0)
		r->stands = true;
	r->ids = mem_resize(r->ids, r->count + 1, sizeof(*r->ids));
	memcpy(r->ids[r->count++], c->id, ID_SIZE);
}

void acme_dns_make_room(struct api *a, struct account *account, const char *value)
{
	struct room r = { .value = value };
	size_t most = (size_t)a->config->acme_dns.values;
	struct err err;

	/* The counted values are an upper limit: list all live challenges only when it is exceeded. */
	if (account->counted && account->at_most++ < most)
		return;
	acme_dns_each_value(a, account->stored.subdomain, count_value, &r);
	for (; !r.stands && r.count >= most; r.count--)
		engine_release_challenge(a->parts.engine, r.ids[r.count - 1], NULL, NULL, &err);
	account->counted = true;
	account->at_most = r.count + 1;
	free(r.ids);
}
