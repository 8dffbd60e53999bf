#include "solver/net/work.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <uv.h>

#include "solver/base/mem.h"

struct work {
	uv_work_t uv;
	void (*run)(void *arg);
	void (*done)(void *arg);
	void *arg;
};

static atomic_uint waiting;

static void on_run(uv_work_t *uv)
{
	struct work *w = uv->data;

	w->run(w->arg);
}

static void on_done(uv_work_t *uv, int status)
{
	struct work *w = uv->data;

	(void)status; /* nobody cancels */
	atomic_fetch_sub(&waiting, 1);
	w->done(w->arg);
	free(w);
}

int work_start(struct loop *l, void (*run)(void *arg), void (*done)(void *arg), void *arg, struct err *err)
{
	struct work *w;

	if (atomic_fetch_add(&waiting, 1) >= WORK_MAX) {
		atomic_fetch_sub(&waiting, 1);
		return err_set(err, ERR_BUSY, "%d pieces of work wait already", WORK_MAX);
	}
	w = mem_new(1, sizeof(*w));
	*w = (struct work){ .run = run, .done = done, .arg = arg };
	w->uv.data = w;
	uv_queue_work(loop_uv(l), &w->uv, on_run, on_done);
	return 0;
}
