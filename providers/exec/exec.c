#include "providers/exec/exec.h"

#include <stdlib.h>
#include <string.h>

#include "providers/exec/result.h"
#include "providers/kit/kit.h"
#include "solver/base/mem.h"

struct provider {
	const struct exec_options *options;
};

/* What the running program was given. */
struct flight {
	size_t current; /* per-change: the change it runs for */
	char **argv, **env;
	size_t argc, envc;
	char *input;
};

static const char *const mode_names[] = { "per-change", "batch-json", NULL };

static const char *check_command(const char *text)
{
	return *text == '/' || strncmp(text, "~/", 2) == 0 ? NULL : "it is not an absolute path";
}

static const struct option exec_table[] = {
	{ "command", OPTION_PATH, offsetof(struct exec_options, command), .site = true, .required = true, .check = check_command,
	  .help = "The program, as an absolute path; it is run without a shell." },
	{ "args", OPTION_LIST, offsetof(struct exec_options, args), .help = "Arguments in front of ours." },
	{ "environment", OPTION_LIST, offsetof(struct exec_options, environment),
	  .help = "Its environment besides PATH, HOME and LANG: a list of NAME=value." },
	{ "timeout", OPTION_DURATION, offsetof(struct exec_options, timeout_ms), .def = "60s", .min = 100, .max = 3600000,
	  .help = "After this time the program is ended, with all that it started." },
	{ "mode", OPTION_ENUM, offsetof(struct exec_options, mode), .def = "per-change", .names = mode_names,
	  .help = "per-change: \"present|cleanup FQDN. VALUE\" once a change; batch-json: once a job, described on standard input." },
	{ .name = NULL },
};

static int exec_open(const void *options, struct provider **ret, struct err *err)
{
	const struct exec_options *o = options;

	if (!o->command || *o->command != '/')
		return err_set(err, ERR_INVALID, "command \"%.200s\" is not an absolute path", o->command ? o->command : "");
	for (size_t i = 0; o->environment && o->environment[i]; i++) {
		const char *equals = strchr(o->environment[i], '=');

		if (!equals || equals == o->environment[i]) /* may hold a secret: the text stays out of the sentence */
			return err_set(err, ERR_INVALID, "environment: entry %zu is not NAME=value", i + 1);
	}
	*ret = mem_new(1, sizeof(**ret));
	(*ret)->options = o;
	return 0;
}

static void exec_close(struct provider *p)
{
	free(p);
}

static void list_free(char ***list, size_t *count)
{
	for (size_t i = 0; i < *count; i++)
		free((*list)[i]);
	free(*list);
	*list = NULL;
	*count = 0;
}

static void list_push(char ***list, size_t *count, char *text)
{
	*list = mem_resize(*list, *count + 2, sizeof(**list));
	(*list)[(*count)++] = text;
	(*list)[*count] = NULL;
}

static void flight_done(struct flight *f)
{
	list_free(&f->argv, &f->argc);
	list_free(&f->env, &f->envc);
	free(f->input);
	f->input = NULL;
}

static void flight_start(const struct provider *p, struct flight *f, const struct job *job)
{
	const struct exec_options *o = p->options;

	flight_done(f);
	list_push(&f->argv, &f->argc, mem_dup(o->command));
	for (char **arg = o->args; arg && *arg; arg++)
		list_push(&f->argv, &f->argc, mem_dup(*arg));
	for (char **line = o->environment; line && *line; line++)
		list_push(&f->env, &f->envc, mem_dup(*line));
	list_push(&f->env, &f->envc, mem_printf("DCVD_ZONE=%s.", job->zone));
}

static void flight_request(const struct provider *p, const struct flight *f, struct request *ret)
{
	*ret = (struct request){
		.want = WANT_RUN,
		.argv = (const char *const *)f->argv,
		.env = (const char *const *)f->env,
		.input = f->input,
		.timeout_ms = (unsigned)p->options->timeout_ms,
	};
}

static void run_change(const struct provider *p, struct flight *f, const struct job *job, struct request *ret)
{
	const struct change *c = &job->changes[f->current];
	const char *action = c->op == CHANGE_ADD ? "present" : "cleanup";

	flight_start(p, f, job);
	list_push(&f->argv, &f->argc, mem_dup(action));
	list_push(&f->argv, &f->argc, mem_printf("%s.", c->fqdn));
	list_push(&f->argv, &f->argc, mem_dup(c->value));
	list_push(&f->env, &f->envc, mem_printf("DCVD_ACTION=%s", action));
	list_push(&f->env, &f->envc, mem_printf("DCVD_FQDN=%s.", c->fqdn));
	list_push(&f->env, &f->envc, mem_printf("DCVD_VALUE=%s", c->value));
	list_push(&f->env, &f->envc, mem_printf("DCVD_TTL=%u", c->ttl));
	flight_request(p, f, ret);
}

static char *job_json(const struct job *job)
{
	json_t *changes = json_array();

	for (size_t i = 0; i < job->count; i++) {
		const struct change *c = &job->changes[i];

		json_array_append_new(changes, json_pack("{s:s, s:s, s:s, s:i, s:s?}", "op", c->op == CHANGE_ADD ? "add" : "remove",
		                                         "fqdn", c->fqdn, "value", c->value, "ttl", (int)c->ttl, "handle", c->handle));
	}
	return kit_json_dump(json_pack("{s:s, s:o}", "zone", job->zone, "changes", changes));
}

static void run_job(const struct provider *p, struct flight *f, const struct job *job, struct request *ret)
{
	flight_start(p, f, job);
	f->input = job_json(job);
	flight_request(p, f, ret);
}

/* The program ran for this change alone. */
static void change_settle(struct change *c, const struct answer *answer)
{
	c->scope = SCOPE_CHANGE;
	result_from_exit(c, answer);
}

static int exec_step(struct provider *p, struct job *job, const struct answer *answer, struct request *ret, struct err *err)
{
	bool batch = p->options->mode == EXEC_BATCH_JSON;
	struct flight *f = job->state;

	(void)err;
	if (!f)
		f = job->state = mem_new(1, sizeof(*f));
	if (answer && batch)
		result_from_output(job, answer);
	else if (answer)
		change_settle(&job->changes[f->current++], answer);
	if (batch ? answer != NULL : f->current >= job->count)
		kit_finish(ret);
	else if (batch)
		run_job(p, f, job, ret);
	else
		run_change(p, f, job, ret);
	return 0;
}

static void exec_job_done(struct provider *p, struct job *job)
{
	struct flight *f = job->state;

	(void)p;
	if (!f)
		return;
	flight_done(f);
	free(f);
	job->state = NULL;
}

const struct provider_api exec_provider = {
	.abi = PROVIDER_ABI,
	.name = "exec",
	.summary = "a program of your own, called as lego calls it, or once for all changes with JSON",
	.options = exec_table,
	.options_size = sizeof(struct exec_options),
	.caps = { .min_ttl = 1 },
	.open = exec_open,
	.close = exec_close,
	.step = exec_step,
	.job_done = exec_job_done,
};
