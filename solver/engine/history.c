/* What happened to a challenge: kept in memory while it happens, read from the journal afterwards. */
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/engine/internal.h"

void history_drop(struct entry *n)
{
	for (size_t i = 0; i < n->c.event_count; i++)
		free(n->c.events[i].text);
	free(n->c.events);
	n->c.events = NULL;
	n->c.event_count = 0;
	mem_replace(&n->c.verdict, NULL);
	n->history_on_disk = true;
}

static void copy_history(const struct challenge *c, struct challenge *ret)
{
	ret->verdict = mem_dup(c->verdict);
	for (size_t i = 0; i < c->event_count; i++) {
		ret->state = c->events[i].state; /* a note carries the state of its challenge */
		challenge_note(ret, c->events[i].at_ms, c->events[i].text);
	}
}

int engine_history(struct engine *e, const char *id, struct challenge *ret, struct err *err)
{
	struct entry *n;

	memset(ret, 0, sizeof(*ret));
	HASH_FIND_STR(e->by_id, id, n);
	if (!n)
		return err_set(err, ERR_NOT_FOUND, "there is no challenge %.64s", id);
	if (n->history_on_disk)
		return store_get_history(e->parts.store, id, ret, err);
	probe_report(n);
	copy_history(&n->c, ret);
	return 0;
}
