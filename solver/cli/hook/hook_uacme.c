/* uacme -h: begin, done or failed, then TYPE IDENT TOKEN AUTH. A begin that fails declines the type, and uacme offers
 * the next one of the same name. */
#include <string.h>

#include "solver/cli/hook/hook.h"

static int finish(struct hook *h, const struct hook_item *item)
{
	int one, status = hook_release(h, item, NULL);

	one = h->backend->finish(h);
	return one > status ? one : status;
}

int hook_uacme(struct hook *h, int argc, char **argv)
{
	struct hook_item item;
	bool begin = argc == 5 && strcmp(argv[0], "begin") == 0;
	int status;

	if (!begin && (argc != 5 || (strcmp(argv[0], "done") != 0 && strcmp(argv[0], "failed") != 0)))
		return cli_usage_error("hook uacme", "it is called with begin|done|failed TYPE IDENT TOKEN AUTH");
	item = (struct hook_item){ .type = argv[1], .domain = argv[2], .proof = argv[4] };
	if (strcmp(item.type, "http-01") == 0)
		item.token = argv[3];
	if (!hook_serves(h, item.type, item.domain))
		return EXIT_REFUSED;
	status = begin ? hook_solve(h, &item, 1) : finish(h, &item);
	h->backend->close(h);
	return status;
}
