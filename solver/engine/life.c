/* The life of a challenge: every change of state passes through life_input().
 *
 * Journal first: the new state goes to the store, and only when it is durable are listeners told and the
 * action carried out. If the disk refuses, the write is repeated until it succeeds; nothing moves meanwhile.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/engine/internal.h"
#include "solver/net/settle.h"

#define COURSE_MS 1000
#define FAR_FUTURE_MS INT64_C(253402300799000) /* the end of the year 9999 */

/* One journal write under way. */
struct step {
	struct engine *e;
	struct entry *n;
	enum challenge_state state;
	enum challenge_state written; /* the state in the transaction: a later one when it had to be repeated */
	enum challenge_action action;
	struct challenge_event event; /* its own copy of the text */
};

static void count_move(struct engine *e, struct entry *n, enum challenge_state from, enum challenge_state to)
{
	e->numbers.live[n->c.type][from]--;
	e->numbers.live[n->c.type][to]++;
	if (challenge_is_over(to) && !challenge_is_over(from))
		e->live--;
	if (to == CHALLENGE_READY) {
		e->numbers.ready++;
		e->numbers.ready_ms_sum += (uint64_t)(n->c.updated_ms - n->c.created_ms);
	} else if (to == CHALLENGE_FAILED) {
		e->numbers.failed++;
	} else if (to == CHALLENGE_GONE) {
		e->numbers.withdrawn++;
	}
}

static void log_step(const struct challenge *c, const struct challenge_event *event)
{
	bool bad = event->state == CHALLENGE_FAILED || (event->state == CHALLENGE_WITHDRAWING && c->reason) || c->waiting_for;

	log_event(bad ? LOG_WARNING : LOG_INFO, event->text, "id", c->id, "state", challenge_state_name(event->state),
	          "type", challenge_type_name(c->type), "domain", c->identifier, "fqdn", c->fqdn, "provider",
	          c->provider, NULL);
}

static void due_fired(void *arg);
static void journal(struct step *s);
static void journal_again(void *arg);

static void act(struct engine *e, struct entry *n, enum challenge_action action)
{
	switch (action) {
	case DO_PUBLISH:
		publish_start(e, n);
		break;
	case DO_PROBE:
		probe_start(e, n);
		break;
	case DO_WITHDRAW:
		withdraw_start(e, n);
		break;
	case DO_ANNOUNCE: /* those who wait for it listen */
	case DO_FORGET:   /* the retention timer runs */
	case DO_NOTHING:
		break;
	}
}

static void step_free(struct step *s)
{
	free(s->event.text);
	free(s);
}

static void on_durable(int code, const struct err *err, void *arg)
{
	struct step *s = arg;
	struct engine *e = s->e;
	struct entry *n = s->n;

	e->journal_err = code < 0 ? *err : (struct err){ 0 };
	if (code == 0)
		n->kept = s->written;
	if (n->kept >= CHALLENGE_WITHDRAWING)
		twin_forget(e, n);
	release_tell(n, s->written, err);
	if (code < 0 && !e->closing) {
		log_event(LOG_ERROR, "the journal did not take a step; it is repeated until it does", "id", n->c.id,
		          "error", err->text, NULL);
		later(&e->laters, JOURNAL_RETRY_MS, journal_again, s);
		return;
	}
	n->commits--;
	if (!e->closing) {
		log_step(&n->c, &s->event);
		events_emit(e, &n->c, s->event);
		s->event.text = NULL;
		if (n->c.state == s->state)
			act(e, n, s->action);
		if (n->c.state == CHALLENGE_READY && !n->commits)
			history_drop(n);
	}
	step_free(s);
}

static void journal_again(void *arg)
{
	struct step *s = arg;

	if (!s->e->closing) {
		journal(s);
		return;
	}
	s->n->commits--;
	step_free(s);
}

static void journal(struct step *s)
{
	struct store_txn *t = store_begin(s->e->parts.store);

	s->written = s->n->c.state;
	store_put_challenge(t, &s->n->c);
	store_add_event(t, s->n->c.id, &s->event);
	store_commit(t, on_durable, s);
}

static void write_step(struct engine *e, struct entry *n, enum challenge_action action, const char *sentence)
{
	struct step *s = mem_new(1, sizeof(*s));

	*s = (struct step){ .e = e, .n = n, .state = n->c.state, .action = action };
	s->event = (struct challenge_event){ n->c.updated_ms, n->c.state, mem_dup(sentence) };
	challenge_note(&n->c, n->c.updated_ms, sentence);
	n->commits++;
	journal(s);
}

/* Leaving a state ends what was going on in it. */
static void leave(struct engine *e, struct entry *n, enum challenge_state to)
{
	probe_stop(n);
	preflight_stop(n);
	relook_stop(n);
	timer_stop(n->retry);
	n->retry = NULL;
	if (n->locate)
		locate_cancel(n->locate);
	n->locate = NULL;
	n->tries = 0;
	waiting_end(n);
	n->waiting_notes = 0;
	if (to >= CHALLENGE_READY) { /* nobody looks any more, and it takes a kilobyte */
		location_free(n->location);
		n->location = NULL;
	}
	if (to == CHALLENGE_PUBLISHING)
		claim_take(e, n);
	if (to == CHALLENGE_WITHDRAWING || challenge_is_over(to))
		claim_drop(e, n);
}

bool life_input(struct engine *e, struct entry *n, enum challenge_input input, const char *sentence)
{
	enum challenge_state from = n->c.state, to;
	enum challenge_action action;

	if (!challenge_step(from, input, n->had_failed, &to, &action))
		return false;
	if (to == from)
		return true;
	leave(e, n, to);
	n->c.state = to;
	n->c.updated_ms = loop_wall_ms(e->parts.loop);
	count_move(e, n, from, to);
	if (to == CHALLENGE_READY)
		relook_schedule(e, n);
	life_schedule(e, n);
	write_step(e, n, action, sentence);
	return true;
}

void life_note(struct engine *e, struct entry *n, const char *sentence)
{
	n->c.updated_ms = loop_wall_ms(e->parts.loop);
	write_step(e, n, DO_NOTHING, sentence);
}

void life_repeat(struct engine *e, struct entry *n, const char *sentence)
{
	n->c.updated_ms = loop_wall_ms(e->parts.loop);
	write_step(e, n, n->c.state == CHALLENGE_WITHDRAWING ? DO_WITHDRAW : DO_PUBLISH, sentence);
}

void life_fail(struct engine *e, struct entry *n, const char *reason)
{
	if (n->c.state == CHALLENGE_WITHDRAWING || challenge_is_over(n->c.state))
		return;
	n->had_failed = true;
	mem_replace(&n->c.reason, reason);
	life_input(e, n, INPUT_FAILED, reason);
}

static void on_deadline(struct engine *e, struct entry *n)
{
	char sentence[ERR_TEXT_MAX + 64];
	const char *why;

	probe_report(n);
	why = n->c.waiting_for;
	if (!why && n->c.state == CHALLENGE_QUEUED)
		why = "the place of the record was not found in time";
	if (!why && n->c.state == CHALLENGE_PUBLISHING)
		why = "the provider did not take it in time";
	if (!why)
		why = "not every server showed it in time";
	snprintf(sentence, sizeof(sentence), "deadline passed after %" PRId64 " s: %s",
	         n->c.within_ms / 1000, why);
	n->had_failed = true;
	mem_replace(&n->c.reason, sentence);
	life_input(e, n, INPUT_DEADLINE, sentence);
}

/* A deletion under way: nobody waits for it, and what it deletes is in memory no more. */
struct deletion {
	struct engine *e;
	char challenge_id[ID_SIZE], order_id[ID_SIZE]; /* "": the order has others */
};

static void delete_again(void *arg);

static void on_deleted(int code, const struct err *err, void *arg)
{
	struct deletion *d = arg;

	(void)err;
	if (code < 0 && !d->e->closing)
		later(&d->e->laters, JOURNAL_RETRY_MS, delete_again, d);
	else
		free(d);
}

static void journal_deletion(struct deletion *d)
{
	struct store_txn *t = store_begin(d->e->parts.store);

	store_delete_challenge(t, d->challenge_id);
	if (d->order_id[0])
		store_delete_order(t, d->order_id);
	store_commit(t, on_deleted, d);
}

static void delete_again(void *arg)
{
	struct deletion *d = arg;

	if (d->e->closing)
		free(d); /* the next start finds its retention over */
	else
		journal_deletion(d);
}

/* The retention is over: out of the journal and out of memory. */
static void forget(struct engine *e, struct entry *n)
{
	struct deletion *d;

	if (n->commits || n->in_job || n->queued_in_lane) {
		n->due = timer_start(e->parts.loop, JOURNAL_RETRY_MS, due_fired, n);
		return;
	}
	d = mem_new(1, sizeof(*d));
	d->e = e;
	memcpy(d->challenge_id, n->c.id, ID_SIZE);
	if (n->order->count == 1)
		memcpy(d->order_id, n->order->o.id, ID_SIZE);
	entry_free(e, n);
	journal_deletion(d);
}

static void due_fired(void *arg)
{
	struct entry *n = arg;

	n->due = NULL;
	if (challenge_is_over(n->c.state))
		forget(n->e, n);
	else if (n->c.state == CHALLENGE_READY)
		life_input(n->e, n, INPUT_RELEASED, "its lifetime is over");
	else
		on_deadline(n->e, n);
}

/* A duration, whatever the wall clock does: what is left of it, when the journal brought it back (net/settle.h). */
void life_deadline(struct engine *e, struct entry *n)
{
	int64_t left = n->c.deadline_ms - loop_wall_ms(e->parts.loop), least = loop_settled_ms(e->parts.loop) ? 0 : SETTLE_MS;

	if (n->c.expires_ms && n->c.expires_ms < n->c.deadline_ms)
		left -= n->c.deadline_ms - n->c.expires_ms;
	if (left < least)
		left = least;
	if (left > n->c.within_ms)
		left = n->c.within_ms;
	n->deadline_ms = loop_now_ms(e->parts.loop) + left;
}

void life_accepted(struct engine *e, struct entry *n)
{
	int64_t settled = loop_settled_ms(e->parts.loop);

	n->accepted_ms = loop_now_ms(e->parts.loop);
	n->own_course = !settled || llabs(settled - n->c.created_ms) > COURSE_MS;
}

/* What ends at a time of day waits until one is trusted (-1), and life_settled() comes back. */
static int64_t expiry_left(struct engine *e, const struct entry *n)
{
	int64_t now = loop_settled_ms(e->parts.loop), at = n->c.expires_ms ? n->c.expires_ms : FAR_FUTURE_MS;

	if (n->own_course)
		now = n->c.created_ms + loop_now_ms(e->parts.loop) - n->accepted_ms;
	if (!now)
		return -1;
	return at > now ? at - now : 0;
}

static int64_t retention_left(struct engine *e, const struct entry *n)
{
	int64_t now = loop_settled_ms(e->parts.loop), at = n->c.updated_ms + e->config->challenge.retention_ms;

	if (!challenge_is_over(n->kept)) /* it ended in this moment */
		return e->config->challenge.retention_ms;
	if (!now)
		return -1;
	return at > now ? at - now : 0;
}

void life_schedule(struct engine *e, struct entry *n)
{
	int64_t left;

	timer_stop(n->due);
	n->due = NULL;
	if (n->c.state == CHALLENGE_WITHDRAWING)
		return; /* repeated until it succeeds */
	if (challenge_is_over(n->c.state))
		left = retention_left(e, n);
	else if (n->c.state == CHALLENGE_READY)
		left = expiry_left(e, n);
	else
		left = n->deadline_ms > loop_now_ms(e->parts.loop) ? n->deadline_ms - loop_now_ms(e->parts.loop) : 0;
	if (left >= 0)
		n->due = timer_start(e->parts.loop, left, due_fired, n);
}

void life_settled(void *arg)
{
	struct engine *e = arg;
	struct entry *n, *next;

	course_keep(e);
	DL_FOREACH_SAFE(e->entries, n, next)
		if (n->c.state == CHALLENGE_READY || (challenge_is_over(n->c.state) && !n->due))
			life_schedule(e, n);
}

void life_resume(struct engine *e, struct entry *n)
{
	life_schedule(e, n);
	switch (n->c.state) {
	case CHALLENGE_QUEUED:
		place_start(e, n);
		break;
	case CHALLENGE_PUBLISHING:
		act(e, n, DO_PUBLISH);
		break;
	case CHALLENGE_PROPAGATING:
		act(e, n, DO_PROBE);
		break;
	case CHALLENGE_READY:
		relook_schedule(e, n);
		break;
	case CHALLENGE_WITHDRAWING:
		act(e, n, DO_WITHDRAW);
		break;
	default:
		break;
	}
}
