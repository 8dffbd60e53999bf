#include "solver/cps/order.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/cps/choose.h"

#define CLIENT "cps"

struct cps_answering {
	struct engine *engine;
	struct cps_answering_hooks hooks;
	char *home;
	struct engine_listener *listener; /* to the order */
	char order_id[ID_SIZE]; /* "": none */
	char *generation, *submitted;
	bool submitting, closed;
};

struct cps_answering *cps_answering_new(struct engine *engine, const char *home, const struct cps_answering_hooks *hooks)
{
	struct cps_answering *a = mem_new(1, sizeof(*a));

	a->engine = engine;
	a->home = mem_dup(home);
	a->hooks = *hooks;
	return a;
}

static void drop_order(struct cps_answering *a)
{
	engine_unlisten(a->listener);
	a->listener = NULL;
	a->order_id[0] = '\0';
}

void cps_answering_free(struct cps_answering *a)
{
	if (!a)
		return;
	a->closed = true;
	drop_order(a);
	if (a->submitting)
		return; /* the answer of the engine frees it */
	free(a->generation);
	free(a->submitted);
	free(a->home);
	free(a);
}

static void say(const struct cps_answering *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(const struct cps_answering *a, const char *format, ...)
{
	char sentence[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	a->hooks.say(sentence, a->hooks.arg);
}

/* ---- every order of the enrollment */

struct order_ids {
	const struct cps_answering *a;
	char (*ids)[ID_SIZE];
	size_t count;
};

static bool is_ours(const struct cps_answering *a, const struct order *o)
{
	size_t length = strlen(a->home);

	return o->label && strncmp(o->label, a->home, length) == 0 && o->label[length] == '/';
}

static void collect_order(const struct order *o, bool holds, void *arg)
{
	struct order_ids *found = arg;

	if (!holds || !is_ours(found->a, o))
		return;
	for (size_t i = 0; i < found->count; i++)
		if (strcmp(found->ids[i], o->id) == 0)
			return;
	found->ids = mem_resize(found->ids, found->count + 1, sizeof(*found->ids));
	memcpy(found->ids[found->count++], o->id, ID_SIZE);
}

static void collect_orders(const struct challenge *c, void *arg)
{
	struct order_ids *found = arg;

	if (!challenge_is_over(c->state))
		engine_each_order(found->a->engine, c->id, collect_order, found);
}

/* Releases every live order of the enrollment but `keep`: an interrupted run may have left some behind. */
static void release_orders(const struct cps_answering *a, const char *keep)
{
	const struct challenge_filter filter = { .client = CLIENT, .state = -1, .type = -1 };
	struct order_ids found = { .a = a };

	engine_list(a->engine, &filter, NULL, SIZE_MAX, collect_orders, &found);
	for (size_t i = 0; i < found.count; i++)
		if (!keep || strcmp(found.ids[i], keep) != 0)
			engine_release_order(a->engine, found.ids[i], NULL, NULL, NULL);
	free(found.ids);
}

void cps_answering_release(struct cps_answering *a)
{
	release_orders(a, NULL);
	drop_order(a);
	mem_replace(&a->generation, NULL);
}

/* ---- news */

static void on_event(const struct challenge *c, const struct challenge_event *event, void *arg)
{
	struct cps_answering *a = arg;

	if (event->state == CHALLENGE_READY || event->state == CHALLENGE_PROPAGATING || c->waiting_for)
		say(a, "%s %s%s: %s", challenge_type_name(c->type), c->wildcard ? "*." : "", c->identifier, event->text);
	a->hooks.news(a->hooks.arg);
}

static void on_submitted(const char *order_id, bool existed, const struct err *err, void *arg)
{
	struct cps_answering *a = arg;

	a->submitting = false;
	if (a->closed) {
		cps_answering_free(a);
		return;
	}
	if (!order_id) {
		a->hooks.refused(err, a->hooks.arg);
		return;
	}
	drop_order(a);
	memcpy(a->order_id, order_id, ID_SIZE);
	a->listener = engine_listen(a->engine, order_id, on_event, a);
	mem_replace(&a->generation, a->submitted);
	say(a, "order %s %s", order_id, existed ? "is under way already" : "accepted, publishing");
	release_orders(a, order_id);
	a->hooks.news(a->hooks.arg);
}

int cps_answering_publish(struct cps_answering *a, const struct config *config, int64_t change, const struct cps_domains *domains,
                          const char *generation, int64_t patience_ms, struct err *err)
{
	CLEANUP(mem_freep) char *label = mem_printf("%s/changes/%" PRId64, a->home, change);
	struct cps_choice choice;
	int code;

	if (cps_choose(config, domains, &choice, err) < 0)
		return err->code;
	const struct order_request request = {
		.challenges = choice.requests, .count = choice.count, .client = CLIENT, .label = label, .deadline_ms = patience_ms,
	};
	say(a, "publishing %zu challenges", choice.count);
	mem_replace(&a->submitted, generation);
	a->submitting = true;
	code = engine_submit(a->engine, &request, on_submitted, a, err);
	if (code < 0)
		a->submitting = false;
	cps_choice_done(&choice);
	return code;
}

/* ---- where it stands */

enum cps_order cps_answering_state(const struct cps_answering *a, const char *generation)
{
	if (a->submitting)
		return CPS_ORDER_PENDING;
	if (!*a->order_id)
		return CPS_ORDER_NONE;
	if (generation && !cps_generation_covers(a->generation, generation))
		return CPS_ORDER_STALE;
	switch (engine_order_state(a->engine, a->order_id)) {
	case ORDER_PENDING:
		return CPS_ORDER_PENDING;
	case ORDER_READY:
		return CPS_ORDER_READY;
	case ORDER_FAILED:
		return CPS_ORDER_FAILED;
	default:
		return CPS_ORDER_WITHDRAWN;
	}
}

int cps_answering_affordable(const struct cps_answering *a, struct err *err)
{
	int64_t wait_ms;

	return engine_budget_allows(a->engine, a->order_id, &wait_ms, err);
}

void cps_answering_failures(const struct cps_answering *a, struct buf *summary)
{
	const struct challenge **list;
	size_t count = engine_order_challenges(a->engine, a->order_id, &list);

	for (size_t i = 0; i < count; i++) {
		const struct challenge *c = list[i];

		if (!c->reason)
			continue;
		say(a, "%s %s%s failed: %s", challenge_type_name(c->type), c->wildcard ? "*." : "", c->identifier, c->reason);
		buf_printf(summary, "%s%s %s%s: %s", summary->length ? "; " : "", challenge_type_name(c->type), c->wildcard ? "*." : "",
		           c->identifier, c->reason);
	}
	free(list);
}

void cps_answering_waits_for(const struct cps_answering *a, struct buf *out)
{
	const struct challenge **list;
	size_t count = engine_order_challenges(a->engine, a->order_id, &list);

	for (size_t i = 0; i < count; i++)
		if (list[i]->state != CHALLENGE_READY)
			buf_printf(out, "%s%s%s: %s", out->length ? "; " : "", list[i]->wildcard ? "*." : "", list[i]->identifier,
			           list[i]->waiting_for ? list[i]->waiting_for : "not every server shows the answer yet");
	free(list);
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

void cps_answering_report(const struct cps_answering *a, const struct cps_domains *domains)
{
	const struct challenge **list;
	size_t count;

	if (!*a->order_id)
		return;
	count = engine_order_challenges(a->engine, a->order_id, &list);
	for (size_t i = 0; i < count; i++) {
		const struct cps_domain *d = domain_of(domains, list[i]);
		struct err err;

		if (d && (cps_domain_is_valid(d) || *d->error)) /* the others are still looked at */
			engine_outcome(a->engine, list[i]->id, cps_domain_is_valid(d), d->error, NULL, NULL, &err);
	}
	free(list);
}

const char *cps_answering_order(const struct cps_answering *a)
{
	return *a->order_id ? a->order_id : NULL;
}

const char *cps_answering_generation(const struct cps_answering *a)
{
	return a->generation;
}
