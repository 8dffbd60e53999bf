/* Challenges of a change: the order that answers them, the acknowledgement, and what became of each name. */
#include "solver/cps/validation.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/cps/choose.h"

#define CLIENT "cps"

/* ---- what was acknowledged, in the store: "<change> <fingerprint> <fingerprint> …" of the newest change */

static void acknowledged_key(const struct cps_validation *v, char key[64])
{
	snprintf(key, 64, "cps-ack/%" PRId64, v->enrollment);
}

static bool is_acknowledged(struct cps_validation *v, const char *generation)
{
	CLEANUP(mem_freep) char *value = NULL;
	char key[64];
	char *rest;

	acknowledged_key(v, key);
	if (store_get_setting(v->parts.store, key, &value, NULL) < 0 || !value)
		return false;
	if (strtoll(value, &rest, 10) != v->change || *rest != ' ')
		return false;
	return cps_generation_covers(rest + 1, generation);
}

static void remember_acknowledged(struct cps_validation *v, const char *generation)
{
	CLEANUP(mem_freep) char *value = mem_printf("%" PRId64 " %s", v->change, generation);
	struct err err = { 0 };
	char key[64];

	acknowledged_key(v, key);
	if (store_put_setting(v->parts.store, key, value, &err) < 0)
		log_event(LOG_WARNING, "cannot remember the acknowledgement; it may be sent again", "error", err.text, NULL);
}

/* ---- orders */

struct order_ids {
	struct engine *engine;
	char prefix[64];
	char (*ids)[ID_SIZE];
	size_t count;
};

static void collect_order(const struct challenge *c, void *arg)
{
	struct order_ids *found = arg;
	const struct order *o = engine_order(found->engine, c->order_id);

	if (challenge_is_over(c->state) || !o || !o->label || strncmp(o->label, found->prefix, strlen(found->prefix)) != 0)
		return;
	for (size_t i = 0; i < found->count; i++)
		if (strcmp(found->ids[i], c->order_id) == 0)
			return;
	found->ids = mem_resize(found->ids, found->count + 1, sizeof(*found->ids));
	memcpy(found->ids[found->count++], c->order_id, ID_SIZE);
}

/* Releases every live order of the enrollment but `keep`: an interrupted run may have left some behind. */
static void release_orders(struct cps_validation *v, const char *keep)
{
	const struct challenge_filter filter = { .client = CLIENT, .state = -1, .type = -1 };
	struct order_ids found = { .engine = v->parts.engine };

	snprintf(found.prefix, sizeof(found.prefix), "cps/%" PRId64 "/", v->enrollment);
	engine_list(v->parts.engine, &filter, NULL, SIZE_MAX, collect_order, &found);
	for (size_t i = 0; i < found.count; i++)
		if (!keep || strcmp(found.ids[i], keep) != 0)
			engine_release_order(v->parts.engine, found.ids[i], NULL, NULL, NULL);
	free(found.ids);
}

static void drop_order(struct cps_validation *v)
{
	engine_unlisten(v->listener);
	v->listener = NULL;
	v->order_id[0] = '\0';
}

void validation_release(struct cps_validation *v)
{
	release_orders(v, NULL);
	drop_order(v);
	mem_replace(&v->order_generation, NULL);
	v->order_checked = false;
}

static void read_challenges(struct cps_validation *v);

static void say_failures(struct cps_validation *v, struct buf *summary)
{
	const struct challenge **list;
	size_t count = engine_order_challenges(v->parts.engine, v->order_id, &list);

	for (size_t i = 0; i < count; i++) {
		const struct challenge *c = list[i];

		if (!c->reason)
			continue;
		validation_say(v, "%s %s%s failed: %s", challenge_type_name(c->type), c->wildcard ? "*." : "", c->identifier,
		               c->reason);
		buf_printf(summary, "%s%s %s%s: %s", summary->length ? "; " : "", challenge_type_name(c->type),
		           c->wildcard ? "*." : "", c->identifier, c->reason);
	}
	free(list);
}

static void fail_order(struct cps_validation *v)
{
	struct buf summary = BUF_INIT(65536);
	struct err err = { 0 };

	say_failures(v, &summary);
	err_set(&err, ERR_TIMEOUT, "not every challenge became ready, so nothing was acknowledged: %s", buf_text(&summary));
	buf_done(&summary);
	validation_release(v);
	validation_finish(v, &err);
}

static void look_at_order(struct cps_validation *v)
{
	switch (engine_order_state(v->parts.engine, v->order_id)) {
	case ORDER_PENDING:
		return; /* the next event comes back here */
	case ORDER_FAILED:
		fail_order(v);
		return;
	case ORDER_READY:
		if (v->order_checked) {
			validation_wait(v);
			return;
		}
		validation_say(v, "every challenge is ready on every server");
		v->order_checked = true;
		read_challenges(v);
		return;
	case ORDER_WITHDRAWING:
	case ORDER_GONE:
		validation_say(v, "the order was withdrawn by someone else; starting over");
		drop_order(v);
		validation_wait(v);
		return;
	}
}

static void on_event(const struct challenge *c, const struct challenge_event *event, void *arg)
{
	struct cps_validation *v = arg;

	if (event->state == CHALLENGE_READY || event->state == CHALLENGE_PROPAGATING || c->waiting_for)
		validation_say(v, "%s %s%s: %s", challenge_type_name(c->type), c->wildcard ? "*." : "", c->identifier,
		               event->text);
	if (!v->call && !v->order_checked)
		look_at_order(v);
}

static void on_submitted(const char *order_id, bool existed, const struct err *err, void *arg)
{
	struct cps_validation *v = arg;

	v->submitting = false;
	if (v->stopped) {
		cps_validate_stop(v);
		return;
	}
	if (!order_id) {
		validation_finish(v, err);
		return;
	}
	drop_order(v);
	memcpy(v->order_id, order_id, ID_SIZE);
	v->listener = engine_listen(v->parts.engine, order_id, on_event, v);
	v->order_checked = false;
	mem_replace(&v->order_generation, v->submitted_generation);
	validation_say(v, "order %s %s", order_id, existed ? "is under way already" : "accepted, publishing");
	release_orders(v, order_id);
	look_at_order(v);
}

static const struct cps_domain *domain_of(const struct cps_domains *domains, const struct challenge *c)
{
	char name[NAME_SIZE];
	bool wildcard;

	for (size_t i = 0; i < domains->count; i++)
		if (name_identifier(domains->items[i].domain, name, &wildcard, NULL) == 0 && wildcard == c->wildcard &&
		    strcmp(name, c->identifier) == 0)
			return &domains->items[i];
	return NULL;
}

/* The order was acknowledged and its tokens are used up: what became of each name counts as the authority counts it. */
static void report_outcomes(struct cps_validation *v, const struct cps_domains *domains)
{
	const struct challenge **list;
	size_t count;

	if (!*v->order_id || !v->order_generation || !is_acknowledged(v, v->order_generation))
		return;
	count = engine_order_challenges(v->parts.engine, v->order_id, &list);
	for (size_t i = 0; i < count; i++) {
		const struct cps_domain *d = domain_of(domains, list[i]);
		struct err err;

		if (d && (cps_domain_is_valid(d) || *d->error)) /* the others are still looked at */
			engine_outcome(v->parts.engine, list[i]->id, cps_domain_is_valid(d), d->error, NULL, NULL, &err);
	}
	free(list);
}

static void submit(struct cps_validation *v, const struct cps_choice *choice, const char *generation)
{
	char label[80];
	struct order_request request = {
		.challenges = choice->requests, .count = choice->count, .client = CLIENT, .label = label,
	};
	struct err err = { 0 };

	snprintf(label, sizeof(label), "cps/%" PRId64 "/changes/%" PRId64, v->enrollment, v->change);
	mem_replace(&v->submitted_generation, generation);
	v->submitting = true;
	if (engine_submit(v->parts.engine, &request, on_submitted, v, &err) == 0)
		return;
	v->submitting = false;
	validation_finish(v, &err);
}

static void publish(struct cps_validation *v, const struct cps_domains *domains, const char *generation)
{
	struct cps_choice choice;
	struct err err = { 0 };

	report_outcomes(v, domains);
	if (++v->generations > GENERATIONS_MAX) {
		validation_fail(v, ERR_CONFLICT, "CPS has changed its tokens %d times; giving up", GENERATIONS_MAX);
		return;
	}
	if (*v->order_id)
		validation_say(v, "CPS has new tokens: withdrawing the old answers and publishing new ones");
	if (cps_choose(v->parts.config, domains, &choice, &err) < 0) {
		validation_finish(v, &err);
		return;
	}
	validation_say(v, "publishing %zu challenges", choice.count);
	submit(v, &choice, generation);
	cps_choice_done(&choice);
}

/* ---- acknowledgement */

static void on_acknowledged(struct cps_validation *v, const struct http_reply *reply, const struct err *err)
{
	(void)reply;
	if (validation_failed(v, err))
		return;
	v->acknowledgements++;
	v->progress.acknowledged("the challenges are in place", v->progress.arg);
	remember_acknowledged(v, v->order_generation);
	log_event(LOG_INFO, "told CPS that the challenges are in place", "order", v->order_id, NULL);
	validation_say(v, "told CPS that the challenges are in place");
	validation_hurry(v);
	validation_wait(v);
}

static bool has_expired(struct cps_validation *v, const struct cps_domains *domains)
{
	int64_t now = loop_settled_ms(v->parts.loop); /* 0: nothing has, as far as anybody knows */

	for (size_t i = 0; i < domains->count; i++) {
		const struct cps_domain *d = &domains->items[i];

		if (cps_domain_is_open(d) && d->expires_ms && d->expires_ms <= now)
			return true;
	}
	return false;
}

/* ---- names */

static void say_names(struct cps_validation *v, const struct cps_domains *domains, size_t valid)
{
	struct buf sentence = BUF_INIT(900);

	buf_printf(&sentence, "%zu of %zu names are valid", valid, domains->count);
	for (size_t i = 0; i < domains->count; i++) {
		const struct cps_domain *d = &domains->items[i];

		if (!cps_domain_is_valid(d) && *d->error)
			buf_printf(&sentence, "; %s: %s", d->domain, d->error);
	}
	validation_say_once(v, &v->names_said, buf_text(&sentence));
	buf_done(&sentence);
}

static size_t count_valid(const struct cps_domains *domains)
{
	size_t valid = 0;

	for (size_t i = 0; i < domains->count; i++)
		valid += cps_domain_is_valid(&domains->items[i]);
	return valid;
}

static bool any_is_preparing(const struct cps_domains *domains)
{
	for (size_t i = 0; i < domains->count; i++)
		if (strcasecmp(domains->items[i].status, "preparing") == 0)
			return true;
	return false;
}

/* No name is open or under validation: what is published serves nobody any more. */
static bool all_tokens_are_spent(const struct cps_domains *domains)
{
	for (size_t i = 0; i < domains->count; i++)
		if (!cps_domain_is_valid(&domains->items[i]) && !cps_domain_is_spent(&domains->items[i]))
			return false;
	return domains->count > 0;
}

static void wait_for_new_tokens(struct cps_validation *v, const struct cps_domains *domains)
{
	if (*v->order_id) {
		report_outcomes(v, domains);
		validation_say(v, "the tokens are spent: withdrawing the answers and waiting for new ones");
		validation_release(v);
	}
	validation_wait(v);
}

static bool is_still_ready(struct cps_validation *v)
{
	if (engine_order_state(v->parts.engine, v->order_id) != ORDER_READY)
		v->order_checked = false; /* a server may have lost the answer meanwhile */
	return v->order_checked;
}

/* One failure too many pauses the name at the authority. */
static bool may_acknowledge(struct cps_validation *v)
{
	struct err err = { 0 };
	int64_t wait_ms;

	if (engine_budget_allows(v->parts.engine, v->order_id, &wait_ms, &err) == 0) {
		v->held_said = false;
		return true;
	}
	if (!v->held_said)
		validation_say(v, "not acknowledged yet: %s", err.text);
	v->held_said = true;
	validation_wait(v);
	return false;
}

/* Some names are open; what they want is `generation`. */
static void serve_open_names(struct cps_validation *v, const struct cps_domains *domains, const char *generation)
{
	if (has_expired(v, domains)) {
		wait_for_new_tokens(v, domains);
	} else if (!*v->order_id || !cps_generation_covers(v->order_generation, generation)) {
		publish(v, domains, generation);
	} else if (!is_still_ready(v)) {
		look_at_order(v);
	} else if (is_acknowledged(v, generation)) {
		validation_wait(v);
	} else if (v->acknowledgements > GENERATIONS_MAX) {
		validation_fail(v, ERR_CONFLICT, "CPS took %d acknowledgements and still has open names", v->acknowledgements);
	} else if (may_acknowledge(v)) {
		validation_acknowledge(v, v->acknowledge_path, on_acknowledged);
	}
}

static void on_challenges(struct cps_validation *v, const struct http_reply *reply, const struct err *err)
{
	struct cps_domains domains = { 0 };
	struct err parse = *err;
	char *generation;
	size_t valid;

	if (parse.code == 0)
		cps_domains_parse(reply->body, reply->body_length, &domains, &parse);
	if (validation_failed(v, &parse))
		return;
	v->stale = 0;
	valid = count_valid(&domains);
	generation = cps_generation(&domains);
	if (domains.count)
		say_names(v, &domains, valid);
	if (domains.count && valid == domains.count) {
		v->names_valid = true;
		report_outcomes(v, &domains);
		validation_release(v);
		validation_wait(v);
	} else if (all_tokens_are_spent(&domains)) {
		wait_for_new_tokens(v, &domains);
	} else if (!*generation || any_is_preparing(&domains)) {
		validation_wait(v);
	} else {
		serve_open_names(v, &domains, generation);
	}
	free(generation);
	cps_domains_done(&domains);
}

static void read_challenges(struct cps_validation *v)
{
	validation_ask(v, v->challenges_path, "dv-challenges.v2", on_challenges);
}

void validation_names(struct cps_validation *v)
{
	read_challenges(v);
}
