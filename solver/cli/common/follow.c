/* Presenting and waiting, for `present` and `solve`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "solver/api/common/fields.h"
#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/cli/common/common.h"
#include "solver/cli/common/waiting.h"

static void put(json_t *object, const char *key, const char *value)
{
	if (value)
		json_object_set_new(object, key, json_string(value));
}

int challenge_present(const struct cli_service *s, const struct cli_challenge *c, json_t **ret)
{
	json_t *body = json_object();

	put(body, "type", c->type ? c->type : "dns-01");
	put(body, "domain", c->domain);
	put(body, "token", c->token);
	put(body, "key_authorization", c->key_authorization);
	put(body, "value", c->value);
	put(body, "record_name", c->record_name);
	put(body, "account_uri", c->account_uri);
	put(body, "account_thumbprint", c->account_thumbprint);
	if (c->raw)
		json_object_set_new(body, "raw", json_true());
	put(body, "deadline", c->deadline);
	put(body, "lifetime", c->lifetime);
	return service_call(s, "POST", "/v1/challenges", body, NULL, ret);
}

char *challenge_waits(const json_t *challenge)
{
	const char *state = json_text(challenge, "state"), *why = challenge_why(challenge);
	const char *now = strcmp(state, "propagating") == 0 ? "is published, and not every server shows it yet"
	                : strcmp(state, "publishing") == 0 ? "is being published" : "is queued";

	return mem_printf("%s (%s) %s%s%s", json_text(challenge, "domain"), json_text(challenge, "type"), now, *why ? ": " : "", why);
}

/* On a terminal, prints the events since the last call. */
static bool show_new(const json_t *challenge, size_t *shown)
{
	const json_t *events = json_object_get(challenge, "events");

	size_t before = *shown;

	for (; isatty(STDERR_FILENO) && *shown < json_array_size(events); ++*shown) {
		const json_t *event = json_array_get(events, *shown);

		fprintf(stderr, "  %.8s  %-11s  %s\n", json_text(event, "at") + (strlen(json_text(event, "at")) > 19 ? 11 : 0),
		        json_text(event, "state"), json_text(event, "text"));
	}
	return *shown > before;
}

static bool is_settled(const json_t *challenge)
{
	const char *state = json_text(challenge, "state");

	return strcmp(state, "queued") != 0 && strcmp(state, "publishing") != 0 && strcmp(state, "propagating") != 0;
}

int challenge_follow(const struct cli_service *s, const char *timeout, json_t **challenge)
{
	CLEANUP(mem_freep) char *path = mem_printf("/v1/challenges/%s?wait=ready&timeout=1s", json_text(*challenge, "id"));
	int64_t limit_ms = 0, start = clock_monotonic_ms();
	struct waiting waiting = { 0 };
	size_t shown = 0;
	struct err err;

	if (timeout && duration_read(timeout, &limit_ms, &err) < 0) {
		fprintf(stderr, "dcvd: --timeout: %s\n", err.text);
		return EXIT_USAGE;
	}
	show_new(*challenge, &shown);
	while (!is_settled(*challenge) && !cli_interrupted && (!limit_ms || clock_monotonic_ms() - start < limit_ms)) {
		json_t *next = NULL;
		CLEANUP(mem_freep) char *waits = challenge_waits(*challenge);
		int code;

		waiting_for(&waiting, waits);
		code = service_call(s, "GET", path, NULL, NULL, &next);
		if (code != EXIT_DONE) {
			waiting_done(&waiting);
			return code;
		}
		json_decref(*challenge);
		*challenge = next;
		if (show_new(*challenge, &shown))
			waiting_news(&waiting);
	}
	waiting_done(&waiting);
	if (strcmp(json_text(*challenge, "state"), "ready") == 0)
		return EXIT_DONE;
	fprintf(stderr, "dcvd: %s is %s%s%s\n", json_text(*challenge, "id"), json_text(*challenge, "state"),
	        *challenge_why(*challenge) ? ": " : "", challenge_why(*challenge));
	return EXIT_REFUSED;
}
