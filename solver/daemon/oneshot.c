#include "solver/daemon/oneshot.h"

#include <stdlib.h>

#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/daemon/schema.h"
#include "solver/engine/engine.h"

struct oneshot {
	struct config *config;
	struct loop *loop;
	struct store *store;
	struct answers *answers;
	struct http_client *http;
	struct resolver *resolver;
	struct engine *engine;
	size_t provider_count; /* hidden from the engine, given back at the end */
	int done;
	char *verdict;
	struct err err;
};

static void no_wake(void *arg)
{
	(void)arg;
}

static int oneshot_open(struct oneshot *o, const struct daemon_options *options, struct err *err)
{
	const struct store_hooks hooks = { no_wake, NULL };
	struct resolver_options resolver = { 0 };

	if (config_read(options->config_file, options->overrides, schema_provider_table, &o->config, err) < 0)
		return err->code;
	log_setup(LOG_ERROR, LOG_TEXT);
	o->loop = loop_new();
	if (store_open_memory(&hooks, &o->store, err) < 0)
		return err->code;
	o->answers = answers_new();
	o->http = http_client_new(o->loop);
	resolver = (struct resolver_options){ (const char *const *)o->config->resolver.servers, (int)o->config->resolver.timeout_ms,
	                                      (int)o->config->resolver.tries, (int)o->config->resolver.authority_port };
	o->resolver = resolver_new(o->loop, &resolver, err);
	if (!o->resolver)
		return err->code;
	o->provider_count = o->config->provider_count;
	o->config->provider_count = 0; /* a check needs no credentials */
	const struct engine_parts parts = { .loop = o->loop, .store = o->store, .answers = o->answers, .http = o->http,
	                                    .resolver = o->resolver, .config = o->config };
	return engine_open(&parts, &o->engine, err);
}

static void oneshot_close(struct oneshot *o)
{
	if (o->engine)
		engine_stop(o->engine);
	if (o->resolver)
		resolver_free(o->resolver);
	if (o->http)
		http_client_free(o->http);
	if (o->engine)
		engine_close(o->engine);
	if (o->store)
		store_close(o->store);
	if (o->answers)
		answers_free(o->answers);
	if (o->loop)
		loop_free(o->loop);
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
	loop_stop(o->loop);
}

int oneshot_check(const struct daemon_options *options, const struct oneshot_question *question, int timeout_ms,
                  char **ret_verdict, struct err *err)
{
	const struct check_request request = { question->http ? CHALLENGE_HTTP01 : CHALLENGE_DNS01, question->domain,
	                                       question->token, question->key_authorization, question->value };
	struct oneshot o = { 0 };
	int code = oneshot_open(&o, options, err);

	if (code == 0)
		code = engine_check(o.engine, &request, on_verdict, &o, err);
	if (code == 0) {
		loop_run_until(o.loop, &o.done, timeout_ms);
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
