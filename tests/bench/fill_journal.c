/* Writes a journal of challenges that are ready, as the engine leaves them, through the store of dcvd itself.
 *
 *     bench_fill_journal FOLDER CHALLENGES
 *
 * They are dns-01 challenges of orders of 100 in dcvd's own zone. The time is that of the machine, so that they have a week to live. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/store/store.h"

#define ORDER 100
#define ZONE "dcvd.test"
#define MINUTE_MS 60000
#define WEEK_MS (7 * 24 * 60 * INT64_C(60000))
#define UNDER_WAY 100 /* orders that the store is given before it is waited for */

static struct challenge challenge_new(const struct order *o, long number)
{
	struct challenge c = {
		.type = CHALLENGE_DNS01, .state = CHALLENGE_READY, .client = o->client, .zone = ZONE, .provider = "embedded", .sites = "embedded",
		.identifier = mem_printf("n%06ld." ZONE, number), .fqdn = mem_printf("_acme-challenge.n%06ld." ZONE, number),
		.value = mem_printf("%010ldgfj9Xq_Rg85nM_cheRnpAbzOpfGGQDK3x", number),
		.created_ms = o->created_ms, .updated_ms = o->created_ms, .within_ms = 10 * MINUTE_MS,
		.deadline_ms = o->created_ms + 10 * MINUTE_MS, .expires_ms = o->created_ms + WEEK_MS,
	};

	id_new(c.id, "ch");
	memcpy(c.order_id, o->id, ID_SIZE);
	return c;
}

static void note(struct store_txn *t, const struct challenge *c, enum challenge_state state, const char *text)
{
	struct challenge_event event = { c->created_ms, state, (char *)(uintptr_t)text };

	store_add_event(t, c->id, &event);
}

/* As it is at last, with the events of the steps that it took. */
static void put_challenge(struct store_txn *t, struct challenge *c)
{
	CLEANUP(mem_freep) char *publishing = mem_printf("publishing at %s in zone %s through %s", c->fqdn, c->zone, c->provider);
	CLEANUP(mem_freep) char *shown = mem_printf("%s shows the expected record, also at the one name server address that answers", c->fqdn);

	c->verdict = mem_printf("{\"result\":\"pass\",\"stage\":\"validation\",\"error_type\":null,\"detail\":\"%s\",\"mends\":[],\"findings\":[],"
	                        "\"identifier\":\"%s\",\"wildcard\":false,\"type\":\"dns-01\",\"authority\":\"pebble\",\"zone\":\"%s\",\"fqdn\":\"%s\","
	                        "\"looks\":[{\"server\":\"dcvd\",\"address\":\"127.0.0.1:53\",\"ok\":true,\"status\":\"NOERROR\",\"values\":[\"%s\"],"
	                        "\"authoritative\":true,\"elapsed_ms\":0,\"detail\":null}]}", shown, c->identifier, c->zone, c->fqdn, c->value);
	store_put_challenge(t, c);
	note(t, c, CHALLENGE_QUEUED, "accepted");
	note(t, c, CHALLENGE_PUBLISHING, publishing);
	note(t, c, CHALLENGE_PROPAGATING, "the provider has it; asking the name servers");
	note(t, c, CHALLENGE_READY, shown);
	free(c->verdict);
}

static void put_order(struct store *s, long first, long count)
{
	struct order o = { .client = "operator", .created_ms = clock_wall_ms() };
	struct store_txn *t = store_begin(s);

	id_new(o.id, "or");
	store_put_order(t, &o);
	for (long number = first; number < first + count; number++) {
		struct challenge c = challenge_new(&o, number);

		put_challenge(t, &c);
		free(c.identifier);
		free(c.fqdn);
		free(c.value);
	}
	store_commit(t, NULL, NULL);
}

int main(int argc, char **argv)
{
	long count = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
	struct store *s = NULL;
	struct err err = { 0 };

	if (count <= 0) {
		fprintf(stderr, "Usage: bench_fill_journal FOLDER CHALLENGES\n");
		return 2;
	}
	if (store_open_sqlite(argv[1], NULL, &s, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	for (long first = 0; first < count; first += ORDER) {
		put_order(s, first, count - first < ORDER ? count - first : ORDER);
		if (first / ORDER % UNDER_WAY == 0)
			store_drain(s);
	}
	store_drain(s);
	store_close(s);
	return 0;
}
