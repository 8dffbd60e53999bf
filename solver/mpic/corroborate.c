/* What the others see of a name that was checked here: DCV first and, where the authority evaluates it, CAA; through a coordinator
 * (`perspectives.coordinator`) or the peers. What they say becomes evidence, and is judged with the rest. */
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "solver/base/mem.h"
#include "solver/mpic/internal.h"

struct corroboration {
	struct mpic *m;
	struct evidence *e;          /* borrowed from the check, which waits */
	char *domain;
	bool caa;                    /* the second question is under way */
	struct timer *failed;        /* the coordinator could not even be asked */
	void (*done)(void *arg);     /* NULL: the check does not wait any more */
	void *arg;
	struct corroboration *prev, *next;
};

static void start_question(struct corroboration *c);

static void corroboration_free(struct corroboration *c)
{
	DL_DELETE(c->m->corroborations, c);
	timer_stop(c->failed);
	free(c->domain);
	free(c);
}

/* The rules do not outlive a reload, so they are looked up each time. Only while the check waits. */
static const struct authority *authority_of(const struct corroboration *c)
{
	return checker_authority_of(c->m->parts.checker, c->e);
}

static bool wants_caa(const struct corroboration *c)
{
	const struct authority *a = authority_of(c);

	return a->caa && a->issuers && a->issuers[0] && !c->e->ip;
}

static void next(struct corroboration *c)
{
	if (!c->caa && c->done && wants_caa(c)) {
		c->caa = true;
		start_question(c);
		return;
	}
	if (c->done)
		c->done(c->arg);
	corroboration_free(c);
}

/* Which address answered over HTTP shows which family the perspective has. */
static char *address_of(const struct mpic_result *r)
{
	const char *address = json_string_value(json_object_get(json_object_get(r->response, "details"), "resolved_ip"));

	return address && strlen(address) < 64 ? mem_dup(address) : NULL;
}

static void note(struct corroboration *c, const struct mpic_result *r)
{
	struct ev_perspective *p = evidence_add_perspective(c->e);

	if (!p)
		return;
	p->code = mem_dup(r->code);
	p->rir = mem_dup(r->rir);
	p->check = mem_dup(c->caa ? "caa" : "dcv");
	p->completed = r->completed;
	p->passed = r->passed;
	p->problem = mem_dup(r->problem);
	p->detail = mem_dup(r->detail);
	p->address = address_of(r);
	p->elapsed_ms = r->elapsed_ms;
}

static void on_round(const struct mpic_result *list, size_t count, size_t quorum, int64_t attempts, void *arg)
{
	struct corroboration *c = arg;

	(void)quorum;
	(void)attempts;
	for (size_t i = 0; c->done && i < count; i++)
		note(c, &list[i]);
	next(c);
}

/* ---- a coordinator elsewhere ---- */

/* A coordinator does not say where its perspectives stand, but they are usually named after the regions of a cloud. */
static const char *region_of(const char *code)
{
	static const struct { const char *start, *rir; } regions[] = {
		{ "us-", "ARIN" }, { "ca-", "ARIN" }, { "eu-", "RIPE" }, { "me-", "RIPE" }, { "il-", "RIPE" }, { "ap-", "APNIC" },
		{ "sa-", "LACNIC" }, { "mx-", "LACNIC" }, { "af-", "AFRINIC" },
	};

	for (size_t i = 0; i < ARRAY_LEN(regions); i++)
		if (strncmp(code, regions[i].start, strlen(regions[i].start)) == 0)
			return regions[i].rir;
	return code;
}

static void take_perspective(struct corroboration *c, const json_t *item, bool completed)
{
	const json_t *response = json_object_get(item, "check_response");
	const char *code = json_string_value(json_object_get(item, "perspective_code"));
	const char *rir = json_string_value(json_object_get(item, "rir"));
	struct mpic_result r = { 0 };

	mpic_response_read(response ? response : item, &r);
	r.code = mem_dup_n(code ? code : "?", strnlen(code ? code : "?", 64));
	r.rir = mem_dup(rir && strlen(rir) < 16 ? rir : region_of(r.code));
	r.completed = r.completed && completed;
	note(c, &r);
	mpic_result_done(&r);
}

static void note_failure(struct corroboration *c, const char *text)
{
	struct mpic_result r = { .code = mem_dup("coordinator"), .rir = mem_dup("-"), .detail = mem_dup(text) };

	note(c, &r);
	mpic_result_done(&r);
}

static void on_coordinator(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct corroboration *c = arg;
	json_t *all = reply && reply->status == 200 ? json_loadb(reply->body, reply->body_length, JSON_REJECT_DUPLICATES, NULL) : NULL;
	json_t *list = json_object_get(all, "perspectives"), *item;
	bool completed = json_is_true(json_object_get(all, "mpic_completed"));
	size_t i;

	if (!json_array_size(list) && c->done)
		note_failure(c, reply ? "the coordinator's reply names no perspectives" : err->text);
	json_array_foreach(list, i, item)
		if (c->done)
			take_perspective(c, item, completed);
	json_decref(all);
	next(c);
}

static void on_failed(void *arg)
{
	struct corroboration *c = arg;

	c->failed = NULL;
	c->caa = true; /* it would fail as well */
	next(c);
}

static void call_coordinator(struct corroboration *c, const struct mpic_question *q)
{
	const char *url = c->m->parts.config->perspectives.coordinator;
	json_t *body = mpic_question_json(q, true);
	struct err err;

	if (peer_post(c->m, url, "/mpic", secret_reveal(c->m->peers->coordinator_token), body, on_coordinator, c, &err) < 0) {
		note_failure(c, err.text);
		c->failed = timer_start(c->m->parts.loop, 0, on_failed, c);
	}
	json_decref(body);
}

static void start_question(struct corroboration *c)
{
	const struct evidence *e = c->e;
	const struct authority *a = authority_of(c);
	struct mpic_question q = { .caa = c->caa, .domain = c->domain, .type = e->type, .token = e->token };

	if (strcmp(e->type, "http-01") == 0)
		q.key_authorization = e->expected;
	else
		q.value = e->expected;
	for (size_t i = 0; i < MPIC_ISSUERS_MAX && a->issuers && a->issuers[i]; i++)
		q.issuers[i] = a->issuers[i];
	if (c->m->parts.config->perspectives.coordinator)
		call_coordinator(c, &q);
	else
		round_start(c->m, &q, on_round, c);
}

/* Open MPIC speaks of these two; and without something to compare with there is nothing to corroborate. */
static bool can_be_asked(const struct evidence *e)
{
	return e->expected && ((strcmp(e->type, "dns-01") == 0 && !e->own_zone) || (strcmp(e->type, "http-01") == 0 && e->token));
}

bool mpic_corroborate(void *mpic, struct evidence *e, void (*done)(void *arg), void *arg)
{
	struct mpic *m = mpic;
	struct corroboration *c;

	if (!mpic_has_others(m) || !can_be_asked(e))
		return false;
	c = mem_new(1, sizeof(*c));
	*c = (struct corroboration){ .m = m, .e = e, .done = done, .arg = arg };
	c->domain = mem_printf("%s%s", e->wildcard ? "*." : "", e->identifier);
	DL_APPEND(m->corroborations, c);
	start_question(c);
	return true;
}

void mpic_corroborate_cancel(void *mpic, void *arg)
{
	struct mpic *m = mpic;
	struct corroboration *c;

	DL_FOREACH(m->corroborations, c)
		if (c->arg == arg)
			c->done = NULL;
}

void corroborations_cancel(struct mpic *m)
{
	struct corroboration *c;

	DL_FOREACH(m->corroborations, c)
		c->done = NULL;
}

void corroborations_free(struct mpic *m)
{
	while (m->corroborations)
		corroboration_free(m->corroborations);
}
