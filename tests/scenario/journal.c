#include "tests/scenario/journal.h"

#include <limits.h>
#include <stdlib.h>
#include <utlist.h>

#include "solver/base/mem.h"

struct refusal {
	struct timer *timer;
	bool stored; /* it is only late */
	void (*done)(int code, const struct err *err, void *arg);
	void *arg;
	struct refusal *prev, *next;
};

static struct refusal *waiting;
static struct loop *loop;
static unsigned refusals, accepted, late; /* `accepted`: so many first */
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

void journal_late(struct loop *l, unsigned count)
{
	loop = l;
	late = count;
}

static void tell(void *arg)
{
	struct refusal *r = arg;
	struct err err = { 0 };

	if (!r->stored)
		err_set(&err, ERR_IO, "the disk is full");
	DL_DELETE(waiting, r);
	if (r->done)
		r->done(err.code, &err, r->arg);
	free(r);
}

static void tell_after(int64_t ms, bool stored, void (*done)(int code, const struct err *err, void *arg), void *arg)
{
	struct refusal *r = mem_new(1, sizeof(*r));

	*r = (struct refusal){ .stored = stored, .done = done, .arg = arg };
	r->timer = timer_start(loop, ms, tell, r);
	DL_APPEND(waiting, r);
}

void journal_commit(struct store_txn *t, void (*done)(int code, const struct err *err, void *arg), void *arg)
{
	if (late) {
		late--;
		store_commit(t, NULL, NULL);
		tell_after(100, true, done, arg);
		return;
	}
	if (!refusals || accepted) {
		accepted -= accepted > 0;
		store_commit(t, done, arg);
		return;
	}
	refusals--;
	store_abort(t);
	tell_after(0, false, done, arg);
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
