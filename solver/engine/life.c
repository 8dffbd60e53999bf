/* Journal first: a new state goes to the store, and only when it is durable are listeners told and the activity of the state
 * started. If the disk refuses, the write is repeated until it succeeds; nothing moves meanwhile.
 */
#include "solver/engine/life.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/base/pause.h"
#include "solver/engine/due.h"
#include "solver/engine/entry.h"
#include "solver/engine/journal.h"
#include "solver/engine/kept.h"
#include "solver/engine/twins.h"
#include "solver/engine/waiting.h"

#define NOTES_MAX 8 /* events about reasons in one state: servers that contradict each other would fill the journal */
#define RETRY_FIRST_MS 500

/* One journal write under way. */
struct step {
	struct engine *e;
	struct entry *n;
	enum challenge_state state;
	enum challenge_state written; /* the state in the transaction: a later one when it had to be repeated */
	bool starts;                  /* the activity of the state */
	struct challenge_event event; /* its own copy of the text */
};

static const struct activity *activity_of(const struct entry *n)
{
	return &n->e->activities[n->c.state];
}

static void start(struct engine *e, struct entry *n)
{
	if (activity_of(n)->start)
		activity_of(n)->start(e, n);
}

void life_stop(struct engine *e, struct entry *n)
{
	timer_stop(n->life.retry);
	n->life.retry = NULL;
	if (activity_of(n)->stop)
		activity_of(n)->stop(e, n);
}

void life_report(struct engine *e, struct entry *n)
{
	if (activity_of(n)->report)
		activity_of(n)->report(e, n);
}

/* ---- into the journal ---- */

static void log_step(const struct challenge *c, const struct challenge_event *event)
{
	bool bad = event->state == CHALLENGE_FAILED || (event->state == CHALLENGE_WITHDRAWING && c->reason) || c->waiting_for;

	log_event(bad ? LOG_WARNING : LOG_INFO, event->text, "id", c->id, "state", challenge_state_name(event->state),
	          "type", challenge_type_name(c->type), "domain", c->identifier, "fqdn", c->fqdn, "provider",
	          c->provider, NULL);
}

static void fill_step(struct store_txn *t, void *arg)
{
	struct step *s = arg;

	s->written = s->n->c.state;
	store_put_challenge(t, &s->n->c);
	store_add_event(t, s->n->c.id, &s->event);
}

static void on_refused(const struct err *err, void *arg)
{
	struct step *s = arg;

	s->e->journal_err = *err;
	kept_tell(s->n, s->written, err);
	if (!s->e->closing)
		log_event(LOG_ERROR, "the journal did not take a step; it is repeated until it does", "id", s->n->c.id, "error", err->text, NULL);
}

static void on_durable(struct step *s)
{
	struct engine *e = s->e;
	struct entry *n = s->n;

	e->journal_err = (struct err){ 0 };
	n->life.kept = s->written;
	if (n->life.kept >= CHALLENGE_WITHDRAWING)
		twin_forget(e, n);
	kept_tell(n, s->written, NULL);
	n->life.commits--;
	if (e->closing)
		return;
	log_step(&n->c, &s->event);
	events_emit(e, n, s->event);
	s->event.text = NULL;
	if (s->starts && n->c.state == s->state)
		start(e, n);
	if (n->c.state == CHALLENGE_READY && !n->life.commits)
		history_drop(n);
}

static void on_step_over(bool kept, void *arg)
{
	struct step *s = arg;

	if (kept)
		on_durable(s);
	else
		s->n->life.commits--;
	free(s->event.text);
	free(s);
}

static void write_step(struct engine *e, struct entry *n, bool starts, const char *sentence)
{
	struct step *s = mem_new(1, sizeof(*s));

	n->c.updated_ms = loop_wall_ms(e->parts.loop);
	*s = (struct step){ .e = e, .n = n, .state = n->c.state, .starts = starts };
	s->event = (struct challenge_event){ n->c.updated_ms, n->c.state, mem_dup(sentence) };
	challenge_note(&n->c, n->c.updated_ms, sentence);
	n->life.commits++;
	journal_write(e, &(struct journal_write){ fill_step, on_refused, on_step_over, s });
}

/* ---- the end of a state by time ---- */

static void on_deadline(struct engine *e, struct entry *n)
{
	char sentence[ERR_TEXT_MAX + 64];

	life_report(e, n);
	snprintf(sentence, sizeof(sentence), "deadline passed after %" PRId64 " s: %s", n->c.within_ms / 1000,
	         n->c.waiting_for ? n->c.waiting_for : activity_of(n)->late);
	n->life.had_failed = true;
	mem_replace(&n->c.reason, sentence);
	life_input(e, n, INPUT_DEADLINE, sentence);
}

/* A deletion under way: nobody waits for it, and what it deletes is in memory no more. */
struct deletion {
	char challenge_id[ID_SIZE];
	char (*order_ids)[ID_SIZE]; /* orders that have no other */
	size_t order_count;
};

static void fill_deletion(struct store_txn *t, void *arg)
{
	const struct deletion *d = arg;

	store_delete_challenge(t, d->challenge_id);
	for (size_t i = 0; i < d->order_count; i++)
		store_delete_order(t, d->order_ids[i]);
}

/* When dcvd ended before, the next start finds the retention over. */
static void on_deletion_over(bool kept, void *arg)
{
	struct deletion *d = arg;

	(void)kept;
	free(d->order_ids);
	free(d);
}

static struct deletion *deletion_of(const struct entry *n)
{
	struct deletion *d = mem_new(1, sizeof(*d));

	memcpy(d->challenge_id, n->c.id, ID_SIZE);
	for (const struct hold *h = &n->hold; h; h = h->entry_next) {
		if (h->order->count > 1)
			continue;
		d->order_ids = mem_resize(d->order_ids, d->order_count + 1, ID_SIZE);
		memcpy(d->order_ids[d->order_count++], h->order->o.id, ID_SIZE);
	}
	return d;
}

static void on_due(void *arg);

/* The retention is over: out of the journal and out of memory. */
static void forget(struct engine *e, struct entry *n)
{
	struct deletion *d;

	if (n->life.commits || (n->publication.delivery && n->publication.delivery->in_job)) {
		n->life.due = timer_start(e->parts.loop, JOURNAL_RETRY_MS, on_due, n);
		return;
	}
	d = deletion_of(n);
	entry_free(e, n);
	journal_write(e, &(struct journal_write){ fill_deletion, NULL, on_deletion_over, d });
}

static void on_due(void *arg)
{
	struct entry *n = arg;

	n->life.due = NULL;
	if (challenge_is_over(n->c.state))
		forget(n->e, n);
	else if (n->c.state == CHALLENGE_READY)
		life_input(n->e, n, INPUT_RELEASED, "its lifetime is over");
	else
		on_deadline(n->e, n);
}

void life_due(struct engine *e, struct entry *n)
{
	int64_t left = due_left(e, n);

	timer_stop(n->life.due);
	n->life.due = left < 0 ? NULL : timer_start(e->parts.loop, left, on_due, n);
}

void life_settled(void *arg)
{
	struct engine *e = arg;
	struct entry *n;

	DL_FOREACH(e->entries, n)
		if (n->c.state == CHALLENGE_READY || (challenge_is_over(n->c.state) && !n->life.due))
			life_due(e, n);
}

void life_retain(struct engine *e)
{
	struct entry *n;

	DL_FOREACH(e->entries, n)
		if (challenge_is_over(n->c.state))
			life_due(e, n);
}

/* ---- what activities and front doors say ---- */

static void count_move(struct engine *e, struct entry *n, enum challenge_state from, enum challenge_state to)
{
	e->numbers.live[n->c.type][from]--;
	e->numbers.live[n->c.type][to]++;
	if (challenge_is_over(to) && !challenge_is_over(from))
		e->live--;
	if (to == CHALLENGE_READY) {
		e->numbers.ready++;
		e->numbers.ready_ms_sum += (uint64_t)(loop_wall_ms(e->parts.loop) - n->c.created_ms);
	} else if (to == CHALLENGE_FAILED) {
		e->numbers.failed++;
	} else if (to == CHALLENGE_GONE) {
		e->numbers.withdrawn++;
	}
}

/* Leaving a state ends what was going on in it. */
static void leave(struct engine *e, struct entry *n)
{
	life_stop(e, n);
	n->life.tries = 0;
	n->life.waiting_notes = 0;
	waiting_end(n);
}

bool life_input(struct engine *e, struct entry *n, enum challenge_input input, const char *sentence)
{
	enum challenge_state from = n->c.state, to;
	enum challenge_action action;

	if (!challenge_step(from, input, n->life.had_failed, &to, &action))
		return false;
	if (to == from)
		return true;
	leave(e, n);
	n->c.state = to;
	count_move(e, n, from, to);
	if (activity_of(n)->enter)
		activity_of(n)->enter(e, n);
	life_due(e, n);
	write_step(e, n, true, sentence);
	return true;
}

void life_fail(struct engine *e, struct entry *n, const char *reason)
{
	if (n->c.state == CHALLENGE_WITHDRAWING || challenge_is_over(n->c.state))
		return;
	n->life.had_failed = true;
	mem_replace(&n->c.reason, reason);
	life_input(e, n, INPUT_FAILED, reason);
}

void life_note(struct engine *e, struct entry *n, const char *sentence)
{
	write_step(e, n, false, sentence);
}

void life_repeat(struct engine *e, struct entry *n, const char *sentence)
{
	write_step(e, n, true, sentence);
}

void life_wait(struct engine *e, struct entry *n, const char *before, const char *reason)
{
	CLEANUP(mem_freep) char *sentence = NULL;

	if (!waiting_set(e, n, reason) || n->life.waiting_notes >= NOTES_MAX)
		return;
	n->life.waiting_notes++;
	sentence = mem_printf("%s: %s", before, reason);
	life_note(e, n, sentence);
}

static void on_retry(void *arg)
{
	struct entry *n = arg;

	n->life.retry = NULL;
	start(n->e, n);
}

/* Up to a quarter more, so that many do not come back at once. */
void life_retry(struct engine *e, struct entry *n, int64_t most_ms, int64_t asked_ms)
{
	int64_t ms = pause_doubled(RETRY_FIRST_MS, most_ms, n->life.tries++);
	unsigned char noise;

	if (ms < asked_ms)
		ms = asked_ms;
	id_random(&noise, 1);
	timer_stop(n->life.retry);
	n->life.retry = timer_start(e->parts.loop, ms + ms * noise / 1024, on_retry, n);
}

void life_resume(struct engine *e, struct entry *n)
{
	n->life.begun = true;
	life_due(e, n);
	start(e, n);
}
