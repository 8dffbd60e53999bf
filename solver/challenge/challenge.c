/* Life cycle, events and names of the model. */
#include "solver/challenge/challenge.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/base/shared.h"

static const char *const type_names[CHALLENGE_TYPES] = { CHALLENGE_TYPE_NAMES };

static const char *const state_names[CHALLENGE_STATES] = {
	[CHALLENGE_QUEUED] = "queued",
	[CHALLENGE_PUBLISHING] = "publishing",
	[CHALLENGE_PROPAGATING] = "propagating",
	[CHALLENGE_READY] = "ready",
	[CHALLENGE_WITHDRAWING] = "withdrawing",
	[CHALLENGE_GONE] = "gone",
	[CHALLENGE_FAILED] = "failed",
};

static const char *const input_names[CHALLENGE_INPUTS] = {
	[INPUT_START] = "start",
	[INPUT_PUBLISHED] = "published",
	[INPUT_SEEN] = "seen",
	[INPUT_LOST] = "lost",
	[INPUT_FAILED] = "failed",
	[INPUT_DEADLINE] = "deadline",
	[INPUT_RELEASED] = "released",
	[INPUT_WITHDRAWN] = "withdrawn",
};

static const char *name_of(const char *const *names, size_t count, unsigned index)
{
	return index < count ? names[index] : "unknown";
}

static int index_of(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; name && i < count; i++)
		if (strcmp(names[i], name) == 0)
			return (int)i;
	return -1;
}

const char *challenge_type_name(enum challenge_type type)
{
	return name_of(type_names, CHALLENGE_TYPES, type);
}

int challenge_type_from_name(const char *name)
{
	return index_of(type_names, CHALLENGE_TYPES, name);
}

bool challenge_type_is_dns(enum challenge_type type)
{
	return type == CHALLENGE_DNS01 || type == CHALLENGE_DNS_ACCOUNT01 || type == CHALLENGE_DNS_PERSIST01;
}

const char *challenge_state_name(enum challenge_state state)
{
	return name_of(state_names, CHALLENGE_STATES, state);
}

int challenge_state_from_name(const char *name)
{
	return index_of(state_names, CHALLENGE_STATES, name);
}

const char *challenge_input_name(enum challenge_input input)
{
	return name_of(input_names, CHALLENGE_INPUTS, input);
}

/* The key authorization opens nothing by itself, but it has no business in a core dump. */
static void wipe_and_free(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

/* The text that a challenge owns, beside its events. */
static const size_t challenge_texts[] = {
	offsetof(struct challenge, identifier), offsetof(struct challenge, token), offsetof(struct challenge, key_authorization),
	offsetof(struct challenge, value), offsetof(struct challenge, record_name), offsetof(struct challenge, fqdn),
	offsetof(struct challenge, handle), offsetof(struct challenge, reason), offsetof(struct challenge, waiting_for),
	offsetof(struct challenge, verdict),
};

/* The text that it shares with others. */
static const size_t challenge_shared[] = {
	offsetof(struct challenge, client), offsetof(struct challenge, account_uri), offsetof(struct challenge, zone),
	offsetof(struct challenge, provider), offsetof(struct challenge, sites),
};

static const size_t order_texts[] = {
	offsetof(struct order, client), offsetof(struct order, callback_url), offsetof(struct order, callback_secret),
	offsetof(struct order, callback_result), offsetof(struct order, label),
};

static char **text_at(void *owner, size_t offset)
{
	return (char **)((char *)owner + offset);
}

static const char **shared_at(struct challenge *c, size_t offset)
{
	return (const char **)((char *)c + offset);
}

void challenge_copy(const struct challenge *from, struct challenge *ret)
{
	*ret = *from;
	ret->events = NULL;
	ret->event_count = 0;
	for (size_t i = 0; i < ARRAY_LEN(challenge_texts); i++)
		*text_at(ret, challenge_texts[i]) = mem_dup(*text_at(ret, challenge_texts[i]));
	for (size_t i = 0; i < ARRAY_LEN(challenge_shared); i++)
		*shared_at(ret, challenge_shared[i]) = shared_text(*shared_at(ret, challenge_shared[i]));
}

void challenge_copy_events(const struct challenge *from, struct challenge *to)
{
	enum challenge_state state = to->state;

	for (size_t i = 0; i < from->event_count; i++) {
		to->state = from->events[i].state; /* an event gets the state of its challenge */
		challenge_note(to, from->events[i].at_ms, from->events[i].text);
	}
	to->state = state;
}

static struct order_share *share_copy(const struct order_share *from)
{
	struct order_share *copy = mem_new(1, sizeof(*copy));

	*copy = *from;
	copy->challenges = mem_dup(from->challenges);
	copy->reason = mem_dup(from->reason);
	return copy;
}

static void share_free(struct order_share *share)
{
	if (!share)
		return;
	free(share->challenges);
	free(share->reason);
	free(share);
}

void order_copy(const struct order *from, struct order *ret)
{
	*ret = *from;
	for (size_t i = 0; i < ARRAY_LEN(order_texts); i++)
		*text_at(ret, order_texts[i]) = mem_dup(*text_at(ret, order_texts[i]));
	ret->share = from->share ? share_copy(from->share) : NULL;
}

void challenge_done(struct challenge *c)
{
	wipe_and_free(c->key_authorization);
	c->key_authorization = NULL;
	for (size_t i = 0; i < ARRAY_LEN(challenge_texts); i++)
		free(*text_at(c, challenge_texts[i]));
	for (size_t i = 0; i < ARRAY_LEN(challenge_shared); i++)
		shared_drop(*shared_at(c, challenge_shared[i]));
	for (size_t i = 0; i < c->event_count; i++)
		free(c->events[i].text);
	free(c->events);
	*c = (struct challenge){ 0 };
}

void challenge_free(struct challenge *c)
{
	if (!c)
		return;
	challenge_done(c);
	free(c);
}

void order_done(struct order *o)
{
	for (size_t i = 0; i < ARRAY_LEN(order_texts); i++)
		free(*text_at(o, order_texts[i]));
	share_free(o->share);
	*o = (struct order){ 0 };
}

/* Drops every second event of the older half. The first one, how it began, always stays. */
static void thin_events(struct challenge *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->event_count; i++) {
		if (i < EVENTS_MAX / 2 && i % 2 == 1)
			free(c->events[i].text);
		else
			c->events[kept++] = c->events[i];
	}
	c->event_count = kept;
}

/* Exactly as much room as needed: there are many challenges, each with few events. */
void challenge_note(struct challenge *c, int64_t at_ms, const char *text)
{
	if (c->event_count >= EVENTS_MAX)
		thin_events(c);
	c->events = mem_resize(c->events, c->event_count + 1, sizeof(*c->events));
	c->events[c->event_count++] = (struct challenge_event){
		.at_ms = at_ms,
		.state = c->state,
		.text = mem_dup(text),
	};
}
