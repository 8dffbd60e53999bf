#include "solver/daemon/comparison.h"

#include <stdlib.h>

#include "solver/base/mem.h"
#include "solver/daemon/schema.h"
#include "solver/net/work.h"

struct comparison {
	const struct daemon_options *options;
	struct config *running;
	struct config *fresh;
	struct config_difference *list;
	struct err err;
	comparison_fn done;
	void *arg;
};

/* On a worker thread. */
static void run(void *arg)
{
	struct comparison *c = arg;

	if (config_read(c->options->config_file, c->options->overrides, schema_provider_table, &c->fresh, &c->err) == 0)
		config_differences(c->fresh, c->running, &c->list, &c->err);
}

static void comparison_free(struct comparison *c)
{
	config_differences_free(c->list);
	config_free(c->fresh);
	config_free(c->running);
	free(c);
}

static void finish(void *arg)
{
	struct comparison *c = arg;

	c->done(c->list, &c->err, c->arg);
	comparison_free(c);
}

int comparison_start(struct loop *l, const struct daemon_options *options, const struct config *running, comparison_fn done, void *arg, struct err *err)
{
	struct comparison *c = mem_new(1, sizeof(*c));

	*c = (struct comparison){ .options = options, .running = config_hold(running), .done = done, .arg = arg };
	if (work_start(l, run, finish, c, err) == 0)
		return 0;
	comparison_free(c);
	return err->code;
}
