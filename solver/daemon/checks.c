#include "solver/daemon/checks.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/daemon/parts.h"
#include "solver/daemon/schema.h"

struct checks {
	struct config *config;
	struct parts parts;
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
	if (c->over)
		loop_stop(c->parts.loop); /* called off, or closing: nothing more begins */
	else
		timer_start(c->parts.loop, 0, start_more, c);
}

static void start(struct checks *c, size_t index)
{
	struct one *one = mem_new(1, sizeof(*one));
	struct check_want want = c->wants[index];
	struct check_run *run;
	struct err err;

	want.quote = true; /* whoever runs this on the host */
	*one = (struct one){ c, index };
	if (check_start(c->parts.checker, &want, on_checked, one, &run, &err) == 0) {
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
		loop_stop(c->parts.loop);
}

static int checks_open(struct checks *c, const struct daemon_options *options, struct err *err)
{
	if (config_read(options->config_file, options->overrides, schema_provider_table, &c->config, err) < 0)
		return err->code;
	log_setup(LOG_ERROR, LOG_TEXT);
	return parts_open_checker(&c->parts, c->config, err);
}

static void checks_close(struct checks *c)
{
	c->over = 1; /* what ends now is told nobody */
	parts_close(&c->parts);
	config_free(c->config);
}

int checks_run(const struct daemon_options *options, const struct check_want *wants, size_t count, checks_fn done, void *arg,
               struct err *err)
{
	struct checks c = { .wants = wants, .count = count, .done = done, .arg = arg };
	int code = checks_open(&c, options, err);

	if (code == 0) {
		timer_start(c.parts.loop, 0, start_more, &c);
		loop_run(c.parts.loop);
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
