/* dehydrated, HOOK=…: deploy_challenge and clean_challenge, each with one triplet DOMAIN TOKEN VALUE or, with
 * HOOK_CHAIN=yes, with all of them, which then are one order and one wait. Every other verb succeeds: new ones come
 * with each release. */
#include <string.h>

#include "solver/base/mem.h"
#include "solver/cli/hook/hook.h"

static int read_item(struct hook *h, char **triplet, struct hook_item *item)
{
	*item = (struct hook_item){ .domain = triplet[0], .token = triplet[1], .proof = triplet[2] };
	item->type = hook_type_of(item->token, item->proof);
	if (!item->type)
		return hook_complain(h, "%s: the value is neither that of dns-01 nor that of http-01", item->domain);
	if (strcmp(item->type, "dns-01") == 0)
		item->token = NULL;
	return hook_serves(h, item->type, item->domain) ? EXIT_DONE : EXIT_REFUSED;
}

static int deploy(struct hook *h, const struct hook_item *items, size_t count)
{
	return hook_solve(h, items, count);
}

static int clean(struct hook *h, const struct hook_item *items, size_t count)
{
	int one, status = EXIT_DONE;

	for (size_t i = 0; i < count; i++) {
		one = hook_release(h, &items[i], NULL);
		status = one > status ? one : status;
	}
	one = h->backend->finish(h);
	return one > status ? one : status;
}

static int with_triplets(struct hook *h, int argc, char **argv, int (*run)(struct hook *h, const struct hook_item *items, size_t count))
{
	size_t count = (size_t)argc / 3;
	CLEANUP(mem_freep) void *memory = mem_new(count + 1, sizeof(struct hook_item));
	struct hook_item *items = memory;
	int status = EXIT_DONE;

	if (argc < 3 || argc % 3)
		return cli_usage_error("hook dehydrated", "deploy_challenge and clean_challenge come with DOMAIN TOKEN VALUE, once or more");
	for (size_t i = 0; i < count && status == EXIT_DONE; i++)
		status = read_item(h, argv + 3 * i, &items[i]);
	if (status == EXIT_DONE)
		status = run(h, items, count);
	h->backend->close(h);
	return status;
}

int hook_dehydrated(struct hook *h, int argc, char **argv)
{
	if (argc && strcmp(argv[0], "deploy_challenge") == 0)
		return with_triplets(h, argc - 1, argv + 1, deploy);
	if (argc && strcmp(argv[0], "clean_challenge") == 0)
		return with_triplets(h, argc - 1, argv + 1, clean);
	return EXIT_DONE;
}
