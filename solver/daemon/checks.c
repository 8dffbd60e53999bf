#include "solver/daemon/checks.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/daemon/recursion.h"
#include "solver/daemon/schema.h"
#include "solver/mpic/mpic.h"

struct checks {
	struct config *config;
	size_t provider_count; /* hidden: a check needs no credentials; given back at the end */
	struct loop *loop;
	struct http_client *http;
	struct resolver *resolver;
	struct recursor *recursor;
	struct checker *checker;
	struct mpic *mpic;
	const struct check_want *wants;
	size_t count, next, running;
	int over;
	checks_fn done;
	void *arg;
};

struct one {
	struct checks *all;
	size_t index;
};

static void start_more(void *arg);

static void tell(struct checks *c, size_t index, const struct evidence *e, const struct verdict *v, const struct err *err)
{
	if (!c->over && !c->done(index, e, v, err, c->arg))
		c->over = 1;
}

static void on_checked(struct evidence *e, struct verdict *v, void *arg)
{
	struct one *one = arg;
	struct checks *c = one->all;

	c->running--;
	tell(c, one->index, e, v, &(struct err){ 0 });
	evidence_free(e);
	verdict_free(v);
	free(one);
	timer_start(c->loop, 0, start_more, c);
}

static void start(struct checks *c, size_t index)
{
	struct one *one = mem_new(1, sizeof(*one));
	struct check_run *run;
	struct err err;

	*one = (struct one){ c, index };
	if (check_start(c->checker, &c->wants[index], on_checked, one, &run, &err) == 0) {
		c->running++;
		return;
	}
	free(one);
	tell(c, index, NULL, NULL, &err);
}

static void start_more(void *arg)
{
	struct checks *c = arg;

	while (!c->over && c->running < CHECKS_AT_ONCE && c->next < c->count)
		start(c, c->next++);
	if (!c->running && c->next == c->count)
		c->over = 1;
	if (c->over)
		loop_stop(c->loop);
}

static int checks_open(struct checks *c, const struct daemon_options *options, struct err *err)
{
	struct resolver_options resolver;

	if (config_read(options->config_file, options->overrides, schema_provider_table, &c->config, err) < 0)
		return err->code;
	log_setup(LOG_ERROR, LOG_TEXT);
	c->provider_count = c->config->provider_count;
	c->loop = loop_new();
	c->http = http_client_new(c->loop);
	resolver = (struct resolver_options){ (const char *const *)c->config->resolver.servers, (int)c->config->resolver.timeout_ms,
	                                      (int)c->config->resolver.tries, (int)c->config->resolver.authority_port };
	c->resolver = resolver_new(c->loop, &resolver, err);
	if (!c->resolver || recursion_open(c->loop, c->config, &c->recursor, err) < 0)
		return err->code;
	const struct checker_parts parts = { .loop = c->loop, .http = c->http, .resolver = c->resolver, .recursor = c->recursor,
	                                     .config = c->config };
	if (checker_open(&parts, &c->checker, err) < 0)
		return err->code;
	return mpic_open(&(struct mpic_parts){ c->loop, c->http, c->checker, c->config }, &c->mpic, err);
}

static void checks_close(struct checks *c)
{
	c->over = 1; /* what ends now is told nobody */
	mpic_stop(c->mpic);
	if (c->recursor)
		recursor_free(c->recursor);
	if (c->resolver)
		resolver_free(c->resolver);
	if (c->http)
		http_client_free(c->http);
	mpic_close(c->mpic);
	if (c->checker)
		checker_close(c->checker);
	if (c->loop)
		loop_free(c->loop);
	config_free(c->config);
}

int checks_run(const struct daemon_options *options, const struct check_want *wants, size_t count, checks_fn done, void *arg,
               struct err *err)
{
	struct checks c = { .wants = wants, .count = count, .done = done, .arg = arg };
	int code = checks_open(&c, options, err);

	if (code == 0) {
		timer_start(c.loop, 0, start_more, &c);
		loop_run(c.loop);
	}
	checks_close(&c);
	return code;
}

/* ---- what was recorded ---- */

static int judge_again(const struct authorities *set, const struct evidence *e, const char *name, struct verdict **ret, struct err *err)
{
	const struct authority *a = authorities_find(set, name ? name : e->authority ? e->authority : "letsencrypt");

	if (!a)
		return err_set(err, ERR_NOT_FOUND, "there is no authority \"%.60s\"", name ? name : e->authority);
	*ret = judge(e, a);
	return 0;
}

int checks_replay(const struct daemon_options *options, const char *text, size_t length, const char *authority,
                  struct evidence **ret_evidence, struct verdict **ret_verdict, struct err *err)
{
	struct authorities *set = NULL;
	struct config *config = NULL;
	struct evidence *e = NULL;
	json_error_t where;
	json_t *all = json_loadb(text, length, JSON_REJECT_DUPLICATES, &where);
	json_t *inside = json_object_get(all, "evidence");
	int code;

	if (!all)
		return err_set(err, ERR_INVALID, "line %d: %s", where.line, where.text);
	code = config_read(options->config_file, options->overrides, schema_provider_table, &config, err);
	if (code == 0)
		code = authorities_load((const char *const *)config->check.authorities, &set, err);
	if (code == 0)
		code = evidence_from_json(inside ? inside : all, &e, err);
	if (code == 0)
		address_allow((const char *const *)config->check.allow_addresses);
	if (code == 0)
		code = judge_again(set, e, authority, ret_verdict, err);
	if (code == 0)
		*ret_evidence = e;
	else
		evidence_free(e);
	authorities_free(set);
	config_free(config);
	json_decref(all);
	return code;
}
