/* A client goes, and its records stay: they become those of another client. */
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/base/shared.h"
#include "solver/engine/entry.h"
#include "solver/engine/twins.h"

struct handover {
	struct engine *e;
	struct entry **entries;
	size_t count;
	char *from;
	void (*done)(const struct err *err, void *arg);
	void *arg;
};

static void give(struct engine *e, struct entry *n, const char *client)
{
	twin_forget(e, n);
	shared_replace(&n->c.client, client);
	for (struct hold *h = &n->hold; h; h = h->entry_next)
		mem_replace(&h->order->o.client, client);
	if (n->life.kept < CHALLENGE_WITHDRAWING)
		twin_add(e, n);
}

static void on_kept(int code, const struct err *err, void *arg)
{
	struct handover *h = arg;

	for (size_t i = 0; i < h->count; i++) {
		h->entries[i]->life.commits--;
		if (code < 0)
			give(h->e, h->entries[i], h->from);
	}
	h->done(err, h->arg);
	free(h->entries);
	free(h->from);
	free(h);
}

static void write_one(struct handover *h, struct store_txn *t, struct entry *n, const char *to, const char *sentence)
{
	struct engine *e = h->e;
	struct challenge_event event = { loop_wall_ms(e->parts.loop), n->c.state, (char *)sentence };

	give(e, n, to);
	n->life.commits++;
	for (struct hold *held = &n->hold; held; held = held->entry_next) {
		held->order->o.announced = true;
		if (held->order->submission)
			held->order->unwritten = true;
		else
			order_put(t, held->order);
	}
	store_put_challenge(t, &n->c);
	store_add_event(t, n->c.id, &event);
	if (!n->life.history_on_disk)
		challenge_note(&n->c, event.at_ms, sentence);
	h->entries = mem_resize(h->entries, h->count + 1, sizeof(*h->entries));
	h->entries[h->count++] = n;
}

size_t engine_hand_over(struct engine *e, const char *from, const char *to, void (*done)(const struct err *err, void *arg), void *arg)
{
	CLEANUP(mem_freep) char *sentence = mem_printf("handed over from client %s to client %s", from, to);
	struct handover *h = mem_new(1, sizeof(*h));
	struct store_txn *t = store_begin(e->parts.store);
	struct entry *n;
	size_t count;

	*h = (struct handover){ .e = e, .from = mem_dup(from), .done = done, .arg = arg };
	DL_FOREACH(e->entries, n)
		if (!challenge_is_over(n->life.kept) && n->life.begun && strcmp(n->c.client, from) == 0)
			write_one(h, t, n, to, sentence);
	count = h->count;
	store_commit(t, on_kept, h);
	return count;
}
