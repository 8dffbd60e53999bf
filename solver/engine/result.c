#include "solver/engine/result.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/engine/entry.h"
#include "solver/engine/instance.h"
#include "solver/engine/site.h"

#define RETRY_MAX_MS 300000
#define RETRY_LONG_MS 3600000   /* after RETRY_LONG_FROM tries, which is after about a day */
#define RETRY_LONG_FROM 300
#define ALARM_EVERY_MS INT64_C(86400000)
#define DOUBT_MS ALARM_EVERY_MS                  /* a record that nobody saw is looked for, at a site of an earlier configuration */
#define DOUBT_CONFIGURED_MS (7 * ALARM_EVERY_MS) /* and at one of the present configuration */

const char *result_missing(const struct entry *n)
{
	return n->c.state == CHALLENGE_WITHDRAWING ? "not withdrawn yet" : "not published yet";
}

void result_retry(struct engine *e, struct entry *n, const char *message, int64_t asked_ms)
{
	life_retry(e, n, n->life.tries > RETRY_LONG_FROM ? RETRY_LONG_MS : RETRY_MAX_MS, asked_ms);
	life_wait(e, n, result_missing(n), *message ? message : "the provider did not do it");
}

static bool is_refusal(enum change_status status)
{
	return status == CHANGE_DENIED || status == CHANGE_FATAL;
}

/* What the reply to a call that publishes says of the record, whatever became of the challenge meanwhile. */
static void learn_out(struct entry *n, const struct change *change)
{
	enum change_status status = change->status;

	if (status == CHANGE_DONE || status == CHANGE_NOOP)
		n->publication.out = OUT_YES;
	else if (is_refusal(status) || status == CHANGE_NO_ZONE || change->not_sent)
		n->publication.out = n->publication.delivery->out_before;
}

static void published(struct engine *e, struct entry *n, const char *sentence, const char *message)
{
	char text[ERR_TEXT_MAX];

	n->publication.delivery->company = 0;
	snprintf(text, sizeof(text), "%s%s%s", sentence, *message ? "; " : "", message);
	life_input(e, n, INPUT_PUBLISHED, text);
}

/* A zone that is not there may be there in a moment: a server that starts, a zone that is loaded again or just being made. */
static void added(struct engine *e, struct entry *n, const struct change *change, int64_t asked_ms)
{
	n->publication.delivery->taken_ms = loop_now_ms(e->parts.loop);
	switch (change->status) {
	case CHANGE_DONE:
		published(e, n, "the provider has it; asking the name servers", change->message);
		break;
	case CHANGE_NOOP:
		published(e, n, "the provider had it already; asking the name servers", change->message);
		break;
	case CHANGE_DENIED:
	case CHANGE_FATAL:
		life_fail(e, n, change->message);
		break;
	default:
		result_retry(e, n, change->message, asked_ms);
	}
}

static int64_t withdrawing_since(const struct challenge *c)
{
	for (size_t i = 0; i < c->event_count; i++)
		if (c->events[i].state == CHALLENGE_WITHDRAWING)
			return c->events[i].at_ms;
	return c->updated_ms;
}

/* Somebody is called after a day, and then every day. */
static void alarm_when_due(struct engine *e, struct entry *n, const char *reason)
{
	int64_t now = loop_wall_ms(e->parts.loop);
	CLEANUP(mem_freep) char *sentence = NULL;

	if (!n->publication.delivery->alarm_ms)
		n->publication.delivery->alarm_ms = withdrawing_since(&n->c) + ALARM_EVERY_MS;
	if (now < n->publication.delivery->alarm_ms)
		return;
	n->publication.delivery->alarm_ms = now + ALARM_EVERY_MS;
	sentence = mem_printf("a record still stands, or may stand, that could not be withdrawn for more than a day; remove the cause, or remove the record "
	                      "by hand and say \"dcvd forget %s\"", n->c.id);
	log_event(LOG_ERROR, sentence, "id", n->c.id, "fqdn", n->c.fqdn, "zone", n->c.zone, "provider", n->c.provider, "reason", reason, NULL);
	life_note(e, n, sentence);
}

/* A record that cannot be removed is tried again for ever, ever more rarely: somebody may mend the credentials, and a zone that
 * is not there may come back with the record in it. It is an error that someone must act on. */
void result_not_removed(struct engine *e, struct entry *n, const char *message, int64_t asked_ms)
{
	if (!n->c.waiting_for || strcmp(n->c.waiting_for, message) != 0)
		log_event(LOG_ERROR, "a record could not be withdrawn", "id", n->c.id, "fqdn", n->c.fqdn, "provider",
		          n->c.provider, "reason", message, NULL);
	alarm_when_due(e, n, message);
	result_retry(e, n, message, asked_ms);
}

/* On to the next site; it is gone when it was removed at all. */
static void next_site(struct engine *e, struct entry *n, const char *what)
{
	CLEANUP(mem_freep) char *next = NULL, *sentence = NULL;

	site_drop_last(&n->c);
	mem_replace(&n->c.handle, NULL); /* it was of the last site */
	n->publication.delivery->turns = 0;
	next = site_last(&n->c);
	if (!next) {
		life_input(e, n, INPUT_WITHDRAWN, what);
		return;
	}
	sentence = mem_printf("%s; it %s written at %s too", what, site_is_doubtful(n) ? "may have been" : "was", next);
	life_repeat(e, n, sentence);
}

static void removed_here(struct engine *e, struct entry *n, bool was_there)
{
	CLEANUP(mem_freep) char *here = site_last(&n->c), *sentence = mem_printf("withdrawn at %s", here);
	const char *alone = was_there ? "withdrawn" : "withdrawn; it was gone already";

	next_site(e, n, n->c.sites && strchr(n->c.sites, '\n') ? sentence : alone);
}

void result_give_up(struct engine *e, struct entry *n, const char *reason)
{
	CLEANUP(mem_freep) char *site = site_last(&n->c), *sentence = NULL;

	sentence = mem_printf("not withdrawn at %s: no update was ever confirmed there, and %s. The record may stand there: look for it, and remove it by hand",
	                      site, reason);
	log_event(LOG_WARNING, sentence, "id", n->c.id, "fqdn", n->c.fqdn, "zone", n->c.zone, "provider", n->c.provider, NULL);
	next_site(e, n, sentence);
}

/* Where nobody ever saw the record, it is not looked for for ever: shorter where the configuration does not lead any more. */
static bool is_time_to_give_up(struct engine *e, const struct entry *n, enum change_status status)
{
	int64_t most = instance_is_configured(e, n) ? DOUBT_CONFIGURED_MS : DOUBT_MS;

	return status != CHANGE_RATE_LIMITED && site_is_doubtful(n) && loop_wall_ms(e->parts.loop) >= withdrawing_since(&n->c) + most;
}

/* What the provider says, and what to do when that cannot be mended in the configuration of today. */
static char *advice(struct engine *e, const struct entry *n, const char *message)
{
	CLEANUP(mem_freep) char *site = site_last(&n->c);

	if (!site || instance_is_configured(e, n))
		return mem_dup(message);
	return mem_printf("%s. No provider of the configuration leads to %s any more: put it back there as another provider, with the key or the "
	                  "account that wrote the record, or remove the record by hand and say \"dcvd forget %s\"", message, site, n->c.id);
}

static void removed(struct engine *e, struct entry *n, const struct change *change, int64_t asked_ms)
{
	enum change_status status = change->status;
	CLEANUP(mem_freep) char *message = advice(e, n, change->message);

	n->publication.delivery->turns += status == CHANGE_RETRY ? change->not_sent : status != CHANGE_RATE_LIMITED;
	if (status == CHANGE_DONE || status == CHANGE_NOOP)
		removed_here(e, n, status == CHANGE_DONE);
	else if (is_refusal(status) || status == CHANGE_NO_ZONE)
		result_not_removed(e, n, message, asked_ms);
	else if (is_time_to_give_up(e, n, status))
		result_give_up(e, n, message);
	else {
		alarm_when_due(e, n, message);
		result_retry(e, n, message, asked_ms);
	}
}

/* The call was refused, and any of its changes may be the reason: half of them are asked again at once. */
static bool goes_apart(struct entry *n, const struct job *job, const struct change *change)
{
	if (!is_refusal(change->status) || change->scope != SCOPE_CALL || job->count < 2)
		return false;
	n->publication.delivery->company = (job->count + 1) / 2;
	return true;
}

bool result_take(struct engine *e, struct entry *n, struct job *job, size_t index)
{
	struct change *change = &job->changes[index];
	enum challenge_state state = change->op == CHANGE_ADD ? CHALLENGE_PUBLISHING : CHALLENGE_WITHDRAWING;

	if (change->new_handle) {
		free(n->c.handle);
		n->c.handle = change->new_handle;
		change->new_handle = NULL;
	}
	if (change->op == CHANGE_ADD)
		learn_out(n, change);
	if (n->c.state != state)
		return false;
	if (goes_apart(n, job, change))
		return true;
	if (change->op == CHANGE_ADD)
		added(e, n, change, job->retry_after_ms);
	else
		removed(e, n, change, job->retry_after_ms);
	return false;
}
