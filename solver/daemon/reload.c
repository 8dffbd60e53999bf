#include "solver/daemon/reload.h"

#include <stdlib.h>

#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/daemon/schema.h"
#include "solver/daemon/verify.h"
#include "solver/net/work.h"

#define WARNINGS_MAX (64 * 1024)
#define LATE_MS 30000 /* a reading that takes longer is worth a line in the log */

struct reload {
	struct loop *loop;
	const struct daemon_options *options;
	reload_done_fn done;
	void *arg;
	struct timer *late;
	struct config *fresh;
	struct buf warnings;
	struct err err;
	bool running, again, closed;
};

static void on_late(void *arg)
{
	struct reload *r = arg;

	r->late = NULL;
	log_event(LOG_ERROR, "reading the configuration takes longer than 30 s; the old one stays in force", "file",
	          r->options->config_file, NULL);
}

/* On a worker thread. */
static void run(void *arg)
{
	struct reload *r = arg;

	if (config_read(r->options->config_file, r->options->overrides, schema_provider_table, &r->fresh, &r->err) < 0)
		return;
	config_warnings(r->fresh, &r->warnings);
	verify_advise(r->fresh, &r->warnings);
}

static void reload_drop(struct reload *r)
{
	buf_done(&r->warnings);
	free(r);
}

static void finish(void *arg)
{
	struct reload *r = arg;
	struct config *fresh = r->fresh;

	timer_stop(r->late);
	r->late = NULL;
	r->fresh = NULL;
	r->running = false;
	if (r->closed) {
		config_free(fresh);
		reload_drop(r);
		return;
	}
	r->done(fresh, buf_text(&r->warnings), &r->err, r->arg);
	if (r->again)
		reload_ask(r);
}

struct reload *reload_new(struct loop *l, const struct daemon_options *options, reload_done_fn done, void *arg)
{
	struct reload *r = mem_new(1, sizeof(*r));

	*r = (struct reload){ .loop = l, .options = options, .done = done, .arg = arg, .warnings = BUF_INIT(WARNINGS_MAX) };
	return r;
}

void reload_ask(struct reload *r)
{
	r->again = r->running;
	if (r->running)
		return;
	r->err = (struct err){ 0 };
	buf_reset(&r->warnings);
	if (work_start(r->loop, run, finish, r, &r->err) < 0) {
		r->done(NULL, "", &r->err, r->arg);
		return;
	}
	r->running = true;
	r->late = timer_start(r->loop, LATE_MS, on_late, r);
}

void reload_free(struct reload *r)
{
	if (!r)
		return;
	timer_stop(r->late);
	r->late = NULL;
	r->closed = true;
	if (!r->running)
		reload_drop(r);
}
