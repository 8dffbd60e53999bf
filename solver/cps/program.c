#include "solver/cps/program.h"

#include <stdlib.h>

#include "solver/base/mem.h"
#include "solver/net/child.h"

#define OUTPUT_SHOWN 300

struct program {
	void (*done)(const char *why, void *arg); /* NULL: nobody waits for it any more */
	void *arg;
	char *failed; /* why it could not be started */
};

void program_forget(struct program *p)
{
	if (p)
		p->done = NULL;
}

static void end(struct program *p, const char *why)
{
	if (p->done)
		p->done(why, p->arg);
	free(p->failed);
	free(p);
}

static void on_child(const struct child_result *result, const struct err *err, void *arg)
{
	const char *said = result && *result->errors ? result->errors : result ? result->output : "";
	CLEANUP(mem_freep) char *why = NULL;

	if (err && err->code)
		why = mem_dup(err->text);
	else if (result->exit_status != 0)
		why = mem_printf("it ended with %s %d%s%.*s", result->exit_status < 0 ? "signal" : "exit status",
		                 result->exit_status < 0 ? -result->exit_status : result->exit_status, *said ? ": " : "", OUTPUT_SHOWN, said);
	end(arg, why);
}

static void on_failed(void *arg)
{
	struct program *p = arg;

	end(p, p->failed);
}

struct program *program_start(struct loop *loop, char *const *argv, const char *const *env, int64_t timeout_ms,
                              void (*done)(const char *why, void *arg), void *arg)
{
	const struct child_request request = { .argv = (const char *const *)argv, .env = env, .timeout_ms = (int)timeout_ms };
	struct program *p = mem_new(1, sizeof(*p));
	struct err err = { 0 };

	*p = (struct program){ .done = done, .arg = arg };
	if (child_start(loop, &request, on_child, p, &err) < 0) {
		p->failed = mem_dup(err.text);
		timer_start(loop, 0, on_failed, p);
	}
	return p;
}
