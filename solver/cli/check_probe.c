#include "solver/cli/check_probe.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "solver/base/clock.h"
#include "solver/base/id.h"
#include "solver/base/mem.h"
#include "solver/crypto/crypto.h"

#define WITHDRAW_MS 120000

/* 43 characters of the base64url alphabet: as a token, a thumbprint or a TXT value. */
static char *random_text(void)
{
	unsigned char bytes[SHA256_SIZE];

	id_random(bytes, sizeof(bytes));
	return crypto_base64url(bytes, sizeof(bytes));
}

static void say(const char *what, int64_t since_ms)
{
	printf("  %-10s after %" PRId64 " ms\n", what, clock_monotonic_ms() - since_ms);
}

static void print_verdict(const json_t *challenge)
{
	const json_t *v = json_object_get(challenge, "verdict");
	json_t *fix;
	size_t i;

	if (!json_is_object(v))
		return;
	printf("  %s: %s\n", json_text(v, "result"), json_text(v, "detail"));
	json_array_foreach(json_object_get(v, json_object_get(v, "fixes") ? "fixes" : "mends"), i, fix) /* an older service has only the latter */
		printf("  → %s\n", json_string_value(fix) ? json_string_value(fix) : "");
}

static int get_challenge(const struct cli_service *s, json_t **challenge)
{
	CLEANUP(mem_freep) char *path = mem_printf("/v1/challenges/%s", json_text(*challenge, "id"));
	json_t *next = NULL;
	int status = service_call(s, "GET", path, NULL, NULL, &next);

	if (status != EXIT_DONE)
		return status;
	json_decref(*challenge);
	*challenge = next;
	return EXIT_DONE;
}

/* Withdraws, also after an interrupt, and waits until it is gone. */
static int withdraw(const struct cli_service *s, json_t **challenge)
{
	CLEANUP(mem_freep) char *path = mem_printf("/v1/challenges/%s", json_text(*challenge, "id"));
	int64_t start = clock_monotonic_ms();
	int status;

	cli_interrupted = 0;
	status = service_call(s, "DELETE", path, NULL, NULL, NULL);
	while (status == EXIT_DONE && (status = get_challenge(s, challenge)) == EXIT_DONE) {
		const char *state = json_text(*challenge, "state");

		if (strcmp(state, "gone") == 0 || strcmp(state, "failed") == 0)
			break;
		if (clock_monotonic_ms() - start > WITHDRAW_MS) {
			fprintf(stderr, "dcvd check: %s is not withdrawn yet; dcvd keeps trying\n", json_text(*challenge, "id"));
			return EXIT_REFUSED;
		}
		usleep(50000);
	}
	return status;
}

static int rehearse(const struct cli_service *s, const struct cli_challenge *c, const char *timeout)
{
	int64_t start = clock_monotonic_ms();
	json_t *challenge = NULL;
	int gone, status = challenge_present(s, c, &challenge);

	if (status != EXIT_DONE)
		return status;
	printf("%s  %s: a random answer goes through the real route (%s)\n", c->domain, c->type, json_text(challenge, "id"));
	status = challenge_follow(s, timeout, &challenge);
	if (status == EXIT_DONE)
		status = get_challenge(s, &challenge);
	say(status == EXIT_DONE ? "ready" : "not ready", start);
	print_verdict(challenge);
	start = clock_monotonic_ms();
	gone = withdraw(s, &challenge);
	if (gone == EXIT_DONE)
		say("withdrawn", start);
	json_decref(challenge);
	return status ? status : gone;
}

int probe_run(const struct cli_service *s, const char *type, const char *domain, const char *timeout)
{
	CLEANUP(mem_freep) char *token = random_text();
	CLEANUP(mem_freep) char *thumbprint = random_text();
	CLEANUP(mem_freep) char *authorization = mem_printf("%s.%s", token, thumbprint);
	struct cli_challenge c = { .type = type, .domain = domain, .lifetime = "1h" };

	if (strcmp(type, "http-01") == 0) {
		c.token = token;
		c.key_authorization = authorization;
	} else if (strcmp(type, "dns-01") == 0) {
		c.value = token;
	} else {
		return cli_usage_error("check", "--probe is for dns-01 and http-01");
	}
	return rehearse(s, &c, timeout);
}
