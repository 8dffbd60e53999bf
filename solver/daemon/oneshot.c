#include "solver/daemon/oneshot.h"

#include <stdlib.h>

#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/daemon/parts.h"
#include "solver/daemon/schema.h"

struct oneshot {
	struct config *config;
	struct parts parts;
	size_t provider_count; /* hidden from the engine, given back at the end */
	int done;
	char *verdict;
	struct err err;
};

static int oneshot_open(struct oneshot *o, const struct daemon_options *options, struct err *err)
{
	if (config_read(options->config_file, options->overrides, schema_provider_table, &o->config, err) < 0)
		return err->code;
	log_setup(LOG_ERROR, LOG_TEXT);
	o->provider_count = o->config->provider_count;
	o->config->provider_count = 0; /* a check needs no credentials */
	return parts_open(&o->parts, o->config, PARTS_IN_MEMORY, err);
}

static void oneshot_close(struct oneshot *o)
{
	parts_close(&o->parts);
	if (o->config)
		o->config->provider_count = o->provider_count;
	config_free(o->config);
}

static void on_verdict(const char *verdict_json, const struct err *err, void *arg)
{
	struct oneshot *o = arg;

	o->verdict = mem_dup(verdict_json);
	o->err = *err;
	o->done = 1;
	loop_stop(o->parts.loop);
}

int oneshot_check(const struct daemon_options *options, const struct oneshot_question *question, int timeout_ms,
                  char **ret_verdict, struct err *err)
{
	const struct check_request request = { question->http ? CHALLENGE_HTTP01 : CHALLENGE_DNS01, question->domain,
	                                       question->token, question->key_authorization, question->value };
	struct oneshot o = { 0 };
	int code = oneshot_open(&o, options, err);

	if (code == 0)
		code = engine_check(o.parts.engine, &request, on_verdict, &o, err);
	if (code == 0) {
		loop_run_until(o.parts.loop, &o.done, timeout_ms);
		if (!o.done)
			code = err_set(err, ERR_TIMEOUT, "the check did not end within %d ms", timeout_ms);
		else if (!o.verdict)
			*err = o.err, code = o.err.code;
		else
			*ret_verdict = o.verdict;
	}
	oneshot_close(&o);
	return code;
}
