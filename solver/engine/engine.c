/* Opening, reload, and the end. README.md says what is in the other files. */
#include <stdlib.h>

#include "solver/base/mem.h"
#include "solver/check/poll.h"
#include "solver/engine/activities.h"
#include "solver/engine/binding.h"
#include "solver/engine/course.h"
#include "solver/engine/entry.h"
#include "solver/engine/instance.h"
#include "solver/engine/kept.h"
#include "solver/engine/lane.h"
#include "solver/engine/learn.h"
#include "solver/engine/outcome.h"
#include "solver/engine/preflight.h"
#include "solver/engine/share.h"

static int check_routes(const struct engine *e, const struct config *config, struct err *err)
{
	for (size_t i = 0; i < config->route_count; i++)
		if (config->routes[i].authority && !checker_authority(e->checker, config->routes[i].authority))
			return err_set(err, ERR_INVALID, "routes[%zu].authority: there is no authority \"%.64s\"", i, config->routes[i].authority);
	return 0;
}

static void on_settled(void *arg)
{
	course_keep(arg);
	life_settled(arg);
	share_settled(arg);
}

int engine_open(const struct engine_parts *parts, struct engine **ret, struct err *err)
{
	const struct checker_parts checker = { parts->loop, parts->resolver, parts->recursor, parts->config };
	struct engine *e = mem_new(1, sizeof(*e));

	e->parts = *parts;
	e->deferred.loop = parts->loop;
	e->config = parts->config;
	e->activities = activities;
	if (checker_open(&checker, &e->checker, err) < 0) {
		free(e);
		return err->code;
	}
	if (check_routes(e, e->config, err) < 0 || instances_open(e, e->config, err) < 0) {
		checker_close(e->checker);
		free(e);
		return err->code;
	}
	bindings_load(e);
	loop_on_settled(parts->loop, on_settled, e);
	*ret = e;
	return 0;
}

int engine_reconfigure(struct engine *e, const struct config *config, struct err *err)
{
	bool retained = e->config->challenge.retention_ms == config->challenge.retention_ms;
	struct err same;

	if (checker_reconfigure(e->checker, config, err) < 0)
		return err->code;
	if (check_routes(e, config, err) < 0 || instances_open(e, config, err) < 0) {
		checker_reconfigure(e->checker, e->config, &same); /* it stood before */
		return err->code;
	}
	e->config = config;
	rechecks_reconfigure(e);
	if (!retained)
		life_retain(e);
	return 0;
}

struct checker *engine_checker(struct engine *e)
{
	return e->checker;
}

void engine_stop(struct engine *e)
{
	struct err unkept = { .code = ERR_CANCELLED, .text = "dcvd ends before the journal took it" };
	struct entry *n;

	e->closing = true;
	loop_on_settled(e->parts.loop, NULL, NULL);
	checker_stop(e->checker);
	rechecks_end(e);
	delays_keep_all(e);
	store_drain(e->parts.store);
	lanes_free(e);
	events_stop(e);
	DL_FOREACH(e->entries, n) {
		life_stop(e, n);
		kept_tell(n, CHALLENGE_STATES, &unkept);
	}
}

void engine_close(struct engine *e)
{
	struct entry *n, *tmp;

	laters_end(&e->deferred);
	checker_close(e->checker);
	DL_FOREACH_SAFE(e->entries, n, tmp)
		entry_free(e, n);
	index_done(&e->by_id);
	index_done(&e->claims);
	index_done(&e->twins);
	index_done(&e->names);
	outcomes_free(e);
	bindings_free(e);
	walked_free(e);
	instances_close(e);
	events_free(e);
	free(e);
}
