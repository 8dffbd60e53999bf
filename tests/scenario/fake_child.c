/* solver/net/child.h in a scenario. */
#include "solver/net/child.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "tests/scenario/fake_child.h"

#define RUNS_MS 500
#define STARTED_MAX 64

static int status = -1;
static struct { char path[64]; } started[STARTED_MAX];
static unsigned count;
static char environment[2048];

struct run {
	void (*done)(const struct child_result *result, const struct err *err, void *arg);
	void *arg;
};

void fake_child_exits(int exit_status)
{
	status = exit_status;
	count = 0;
	environment[0] = '\0';
}

unsigned fake_child_started(const char *path)
{
	unsigned found = 0;

	for (unsigned i = 0; i < count; i++)
		found += strcmp(started[i].path, path) == 0;
	return found;
}

const char *fake_child_environment(void)
{
	return environment;
}

static void ends(void *arg)
{
	struct run *run = arg;
	const struct child_result result = { .exit_status = status, .output = "", .errors = status ? "no, says the program" : "" };

	run->done(&result, &(struct err){ 0 }, run->arg);
	free(run);
}

int child_start(struct loop *l, const struct child_request *request,
                void (*done)(const struct child_result *result, const struct err *err, void *arg), void *arg, struct err *err)
{
	CLEANUP(buf_done) struct buf env = BUF_INIT(sizeof(environment) - 1);
	struct run *run;

	if (status < 0)
		return err_set(err, ERR_UNSUPPORTED, "there are no programs in a scenario");
	if (count < STARTED_MAX)
		strncpy(started[count++].path, request->argv[0], sizeof(started[0].path) - 1);
	for (size_t i = 0; request->env && request->env[i]; i++)
		buf_printf(&env, "%s ", request->env[i]);
	memcpy(environment, buf_text(&env), env.length + 1);
	run = mem_new(1, sizeof(*run));
	*run = (struct run){ done, arg };
	timer_start(l, RUNS_MS, ends, run);
	return 0;
}
