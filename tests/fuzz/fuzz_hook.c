/* links: dcvd_cli */
/* What ACME clients hand to their hooks, as arguments or in the environment, and what terraform says: whatever it is, what goes on
 * to the service is whole. The first byte chooses the client, the second how the service answers; words end with line feeds. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/cli/hook/hook.h"
#include "solver/cli/terraform.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WORDS_MAX 32

static unsigned mood; /* bits: submit fails, it is never ready, nothing is listed */

/* ---- a service that takes only what is whole ---- */

static json_t *challenge_of(const struct hook_item *item)
{
	bool http = strcmp(item->type, "http-01") == 0;

	if (!item->domain || !item->proof || (http ? !item->token : strcmp(item->type, "dns-01") != 0))
		abort();
	return json_pack("{ss ss ss so so}", "id", "ch_1", "state", "propagating", "type", http ? "http-01" : "dns-01", http ? "token" : "value",
	                 json_stringn_nocheck(item->proof, strlen(item->proof)), "domain", json_stringn_nocheck(item->domain, strlen(item->domain)));
}

static int fake_submit(struct hook *h, const struct hook_item *items, size_t count, json_t **ret)
{
	(void)h;
	if (!count || *ret)
		abort();
	*ret = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(*ret, challenge_of(&items[i]));
	return mood & 1 ? EXIT_REFUSED : EXIT_DONE;
}

static int fake_list(struct hook *h, const char *domain, json_t **ret)
{
	(void)h;
	if (!domain)
		abort();
	*ret = mood & 4 ? json_array() : json_pack("[{ss ss ss ss}, {ss ss}]", "id", "ch_1", "state", "ready", "type", "dns-01", "value", "v",
	                                           "id", "ch_2", "state", "gone");
	return EXIT_DONE;
}

static int fake_settle(struct hook *h, const char *id, json_t **ret)
{
	(void)h;
	(void)id;
	*ret = json_pack("{ss ss}", "id", "ch_1", "state", mood & 2 ? "failed" : "ready");
	return EXIT_DONE;
}

static int fake_release(struct hook *h, const char *id)
{
	(void)h;
	if (!*id)
		abort();
	return EXIT_DONE;
}

static int fake_finish(struct hook *h)
{
	(void)h;
	return EXIT_DONE;
}

static void fake_close(struct hook *h)
{
	h->backend = NULL; /* nothing comes after that */
}

static const struct hook_backend fake = { .submit = fake_submit, .list = fake_list, .settle = fake_settle, .release = fake_release,
                                          .finish = fake_finish, .close = fake_close };

/* ---- the clients ---- */

static int split(char *text, char *words[WORDS_MAX + 1])
{
	int count = 0;

	for (char *word; count < WORDS_MAX && (word = strsep(&text, "\n"));)
		words[count++] = word;
	words[count] = NULL;
	return count;
}

static void run_certbot(struct hook *h, int count, char **words)
{
	static const char *const names[] = { "CERTBOT_DOMAIN", "CERTBOT_IDENTIFIER", "CERTBOT_VALIDATION", "CERTBOT_TOKEN",
	                                     "CERTBOT_REMAINING_CHALLENGES", "CERTBOT_ALL_DOMAINS", "CERTBOT_AUTH_OUTPUT" };

	for (int i = 0; i < (int)ARRAY_LEN(names); i++)
		setenv(names[i], i + 1 < count ? words[i + 1] : "", 1);
	hook_certbot(h, 1, words);
}

static void read_terraform(const char *text)
{
	json_t *document = json_loads(text, JSON_DECODE_ANY, NULL), *all = document ? terraform_challenges(document, NULL) : NULL, *c;
	size_t i;

	json_array_foreach(json_object_get(all, "dns_challenges"), i, c)
		if (!json_is_string(json_object_get(c, "domain")) || !json_is_string(json_object_get(c, "response_body")))
			abort();
	json_decref(all);
	json_decref(document);
}

static void run(unsigned which, char *text)
{
	struct hook h = { .client = "fuzz", .backend = &fake };
	char *words[WORDS_MAX + 1];
	int count;

	if (which % 5 == 4) {
		read_terraform(text);
		return;
	}
	count = split(text, words);
	switch (which % 5) {
	case 0: run_certbot(&h, count, words); break;
	case 1: hook_dehydrated(&h, count, words); break;
	case 2: hook_uacme(&h, count, words); break;
	default: hook_lego(&h, count, words); break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *sink; /* for the sentences */
	FILE *out = stdout, *errors = stderr;

	if (size < 2)
		return 0;
	if (!sink)
		sink = fopen("/dev/null", "we");
	CLEANUP(mem_freep) char *text = mem_dup_n((const char *)data + 2, size - 2);

	mood = data[1];
	stdout = stderr = sink;
	run(data[0], text);
	stdout = out;
	stderr = errors;
	return 0;
}
