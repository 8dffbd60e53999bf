#include <stdlib.h>

#include "solver/api/internal.h"
#include "solver/base/mem.h"

static void on_gone(void *arg)
{
	struct call *c = arg;

	c->x = NULL;
	call_release(c);
}

struct call *call_new(struct api *a, struct http_exchange *x, const struct caller *caller)
{
	struct call *c = mem_new(1, sizeof(*c));

	c->api = a;
	c->x = x;
	c->holders = 1;
	c->client = mem_dup(caller->name);
	http_exchange_on_gone(x, on_gone, c);
	return c;
}

void call_release(struct call *c)
{
	if (--c->holders)
		return;
	free(c->client);
	free(c);
}
