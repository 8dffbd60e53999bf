/* What the clients have in common: presenting, waiting, releasing. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/cli/hook/hook.h"

int hook_complain(const struct hook *h, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "dcvd hook %s: ", h->client);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return EXIT_REFUSED;
}

/* ---- presenting and releasing ---- */

int hook_present(struct hook *h, const struct hook_item *items, size_t count, json_t **ret)
{
	json_t *challenges = NULL;
	int status = h->backend->submit(h, items, count, &challenges);

	if (ret)
		*ret = json_incref(challenges);
	json_decref(challenges);
	return status;
}

static int await_one(struct hook *h, const json_t *challenge)
{
	json_t *now = NULL;
	int status = h->backend->settle(h, json_text(challenge, "id"), &now);
	const char *state = json_text(now, "state"), *reason = challenge_why(now);

	if (status == EXIT_DONE && strcmp(state, "ready") != 0)
		status = hook_complain(h, "%s (%s) is %s%s%s", json_text(now, "domain"), json_text(now, "type"), state, *reason ? ": " : "", reason);
	json_decref(now);
	return status;
}

int hook_await(struct hook *h, const json_t *challenges)
{
	int one, status = EXIT_DONE;
	json_t *c;
	size_t i;

	json_array_foreach(challenges, i, c) {
		one = await_one(h, c);
		status = one > status ? one : status;
		if (cli_interrupted)
			return EXIT_REFUSED;
	}
	return status;
}

static bool is_meant(const json_t *c, const struct hook_item *item, const char *ids)
{
	const char *state = json_text(c, "state"), *id = json_text(c, "id");

	if (strcmp(state, "gone") == 0 || strcmp(state, "failed") == 0 || strcmp(state, "withdrawing") == 0)
		return false;
	if (ids && *id && strstr(ids, id))
		return true;
	if (strcmp(json_text(c, "type"), item->type) != 0)
		return false;
	return item->token ? strcmp(json_text(c, "token"), item->token) == 0 : strcmp(json_text(c, "value"), item->proof) == 0;
}

int hook_release(struct hook *h, const struct hook_item *item, const char *ids)
{
	json_t *all = NULL, *c;
	int one, status = h->backend->list(h, item->domain, &all);
	size_t i;

	json_array_foreach(all, i, c) {
		if (!is_meant(c, item, ids))
			continue;
		one = h->backend->release(h, json_text(c, "id"));
		status = one > status ? one : status;
	}
	json_decref(all);
	return status;
}

/* Withdraw what was presented in every case, also after an interrupt that came before the ids. */
static void release_all(struct hook *h, const struct hook_item *items, size_t count)
{
	cli_interrupted = 0;
	for (size_t i = 0; i < count; i++)
		hook_release(h, &items[i], NULL);
	h->backend->finish(h);
}

int hook_solve(struct hook *h, const struct hook_item *items, size_t count)
{
	json_t *challenges = NULL;
	int status = hook_present(h, items, count, &challenges);
	bool presented = status == EXIT_DONE;

	if (presented)
		status = hook_await(h, challenges);
	if (cli_interrupted)
		status = hook_complain(h, "interrupted");
	if (status != EXIT_DONE && (presented || cli_interrupted))
		release_all(h, items, count);
	json_decref(challenges);
	return status;
}

/* ---- types ---- */

bool hook_serves(const struct hook *h, const char *type, const char *domain)
{
	size_t length = strlen(type);

	if (strcmp(type, "dns-01") != 0 && strcmp(type, "http-01") != 0) {
		hook_complain(h, "%s: %s is not served here", domain, type);
		return false;
	}
	for (const char *at = h->types ? h->types : type; *at; at += strspn(at, ", ")) {
		size_t word = strcspn(at, ", ");

		if (word == length && strncmp(at, type, length) == 0)
			return true;
		at += word;
	}
	hook_complain(h, "%s: %s is left to others, by --types or $DCVD_HOOK_TYPES", domain, type);
	return false;
}

const char *hook_type_of(const char *token, const char *proof)
{
	size_t length = token ? strlen(token) : 0;

	if (length && strncmp(proof, token, length) == 0 && proof[length] == '.')
		return "http-01";
	return strlen(proof) == 43 && !strchr(proof, '.') ? "dns-01" : NULL;
}

/* ---- the command ---- */
