#include "tests/scenario/journal.h"

#include <limits.h>
#include <stdlib.h>
#include <utlist.h>

#include "solver/base/mem.h"

struct refusal {
	struct timer *timer;
	void (*done)(int code, const struct err *err, void *arg);
	void *arg;
	struct refusal *prev, *next;
};

static struct refusal *waiting;
static struct loop *loop;
static unsigned refusals, accepted; /* `accepted`: so many first */
static bool settings_refused;

void journal_refuse(struct loop *l, unsigned count)
{
	loop = l;
	refusals = count;
	accepted = 0;
}

void journal_die_after(struct loop *l, unsigned commits)
{
	journal_refuse(l, UINT_MAX);
	accepted = commits;
}

static void tell(void *arg)
{
	struct refusal *r = arg;
	struct err err;

	err_set(&err, ERR_IO, "the disk is full");
	DL_DELETE(waiting, r);
	if (r->done)
		r->done(err.code, &err, r->arg);
	free(r);
}

void journal_commit(struct store_txn *t, void (*done)(int code, const struct err *err, void *arg), void *arg)
{
	struct refusal *r;

	if (!refusals || accepted) {
		accepted -= accepted > 0;
		store_commit(t, done, arg);
		return;
	}
	refusals--;
	store_abort(t);
	r = mem_new(1, sizeof(*r));
	*r = (struct refusal){ .done = done, .arg = arg };
	r->timer = timer_start(loop, 0, tell, r);
	DL_APPEND(waiting, r);
}

void journal_refuse_settings(bool refused)
{
	settings_refused = refused;
}

int journal_put_setting(struct store *s, const char *key, const char *value, struct err *err)
{
	return settings_refused ? err_set(err, ERR_IO, "the disk is full") : store_put_setting(s, key, value, err);
}

void journal_drain(void)
{
	while (waiting) {
		timer_stop(waiting->timer);
		tell(waiting);
	}
}
