#include "solver/daemon/parts.h"

#include "solver/daemon/recursion.h"
#include "solver/verdict/judge.h"
#include "webroot/folder.h"

/* ---- the journal's worker wakes the loop ---- */

static void dispatch(void *arg)
{
	struct parts *p = arg;

	if (p->store)
		store_dispatch(p->store);
}

static void wake(void *arg)
{
	struct parts *p = arg;

	loop_post(p->loop, dispatch, p);
}

/* ---- opening, in the order in which the parts need each other ---- */

static int open_store(struct parts *p, const struct config *c, enum parts_journal journal, struct err *err)
{
	const struct store_hooks hooks = { wake, p };

	if (journal == PARTS_COPY)
		return store_open_copy(c->state_dir, &p->store, err);
	return journal == PARTS_IN_MEMORY ? store_open_memory(&hooks, &p->store, err) : store_open_sqlite(c->state_dir, &hooks, &p->store, err);
}

static struct resolver_options resolver_options(const struct config_resolver *c)
{
	return (struct resolver_options){ (const char *const *)c->servers, (int)c->timeout_ms, (int)c->tries, (int)c->authority_port };
}

static int open_clients(struct parts *p, const struct config *c, struct err *err)
{
	const struct resolver_options resolver = resolver_options(&c->resolver);

	p->http = http_client_new(p->loop);
	p->resolver = resolver_new(p->loop, &resolver, err);
	return p->resolver ? recursion_open(p->loop, c, &p->recursion, err) : err->code;
}

static int open_mpic(struct parts *p, const struct config *config, struct err *err)
{
	const struct mpic_parts parts = { p->loop, p->http, p->engine ? engine_checker(p->engine) : p->checker, config };

	return mpic_open(&parts, &p->mpic, err);
}

int parts_open(struct parts *p, const struct config *config, enum parts_journal journal, struct err *err)
{
	struct engine_parts parts = { .config = config, .folder_put = folder_write, .folder_remove = folder_remove };

	p->loop = loop_new();
	if (open_store(p, config, journal, err) < 0)
		return err->code;
	p->answers = answers_new();
	if (open_clients(p, config, err) < 0 || access_open(p->store, config, &p->access, err) < 0)
		return err->code;
	parts.loop = p->loop;
	parts.store = p->store;
	parts.answers = p->answers;
	parts.http = p->http;
	parts.resolver = p->resolver;
	parts.recursor = recursion_now(p->recursion);
	parts.access = access_hooks(p->access);
	if (engine_open(&parts, &p->engine, err) < 0 || open_mpic(p, config, err) < 0)
		return err->code;
	return journal == PARTS_ON_DISK ? engine_recover(p->engine, err) : 0;
}

int parts_open_checker(struct parts *p, const struct config *config, struct err *err)
{
	struct checker_parts parts = { .config = config };

	p->loop = loop_new();
	if (open_clients(p, config, err) < 0)
		return err->code;
	parts.loop = p->loop;
	parts.resolver = p->resolver;
	parts.recursor = recursion_now(p->recursion);
	return checker_open(&parts, &p->checker, err) < 0 ? err->code : open_mpic(p, config, err);
}

/* ---- a reload ---- */

/* Those of the system may have changed without the configuration. */
static int reconfigure_resolver(struct parts *p, const struct config *running, const struct config *fresh, struct err *err)
{
	const struct resolver_options options = resolver_options(&fresh->resolver);

	if (options.servers && *options.servers && config_section_is_same(running, fresh, "resolver"))
		return 0;
	return resolver_reconfigure(p->resolver, &options, err);
}

static int reconfigure_all(struct parts *p, const struct config *running, const struct config *fresh, struct err *err)
{
	struct err ignored; /* it was taken before */

	if (mpic_reconfigure(p->mpic, fresh, err) < 0)
		return err->code;
	if (engine_reconfigure(p->engine, fresh, err) < 0) {
		mpic_reconfigure(p->mpic, running, &ignored);
		return err->code;
	}
	if (reconfigure_resolver(p, running, fresh, err) < 0) {
		engine_reconfigure(p->engine, running, &ignored);
		mpic_reconfigure(p->mpic, running, &ignored);
		return err->code;
	}
	return 0;
}

int parts_reconfigure(struct parts *p, const struct config *running, const struct config *fresh, struct err *err)
{
	struct recursion_change *recursion = NULL;

	if (recursion_prepare(p->recursion, fresh, &recursion, err) < 0 || reconfigure_all(p, running, fresh, err) < 0) {
		recursion_abort(recursion);
		address_allow((const char *const *)running->check.allow_addresses);
		return err->code;
	}
	recursion_commit(recursion);
	checker_look_through(engine_checker(p->engine), recursion_now(p->recursion));
	access_reconfigure(p->access, fresh);
	return 0;
}

/* ---- the end ---- */

/* The engine begins nothing new; its clients end what was under way; the loop goes last. */
void parts_close(struct parts *p)
{
	if (p->engine)
		engine_stop(p->engine);
	checker_stop(p->checker);
	mpic_stop(p->mpic);
	recursion_close(p->recursion);
	if (p->resolver)
		resolver_free(p->resolver);
	if (p->http)
		http_client_free(p->http);
	mpic_close(p->mpic);
	if (p->engine)
		engine_close(p->engine);
	checker_close(p->checker);
	access_free(p->access);
	if (p->store)
		store_close(p->store);
	p->store = NULL;
	if (p->answers)
		answers_free(p->answers);
	if (p->loop)
		loop_free(p->loop);
}
