/* A small world for tests of verdicts: names with addresses, and servers that answer URLs. `world_walk` collects from it
 * as the checker collects from the real one. */
#ifndef TESTS_UNIT_VERDICT_WORLD_H
#define TESTS_UNIT_VERDICT_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/base/mem.h"
#include "solver/verdict/judge.h"

#define V4 "93.184.215.14"
#define V4B "93.184.215.15"
#define V6 "2606:2800:21f::1"
#define V6B "2606:2800:21f::2"
#define NAME "www.example.org"
#define TOKEN "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
#define KEY TOKEN ".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"
#define PATH "/.well-known/acme-challenge/" TOKEN
#define FIRST "http://" NAME PATH
#define ACCOUNT "https://acme-v02.api.letsencrypt.org/acme/acct/1234"

struct world_name {
	const char *name, *v4, *v6; /* addresses with spaces between, "!SERVFAIL", "!NXDOMAIN", "!timeout", or NULL for none */
};

struct world_page {
	const char *url, *address;  /* address NULL: every one */
	int status;
	const char *location, *body, *failure, *server, *why;
	int64_t elapsed_ms, body_length;
};

static inline struct authorities *world_authorities(void)
{
	static struct authorities *set;
	struct err err;

	if (!set && authorities_load(NULL, &set, &err) < 0)
		fail_msg("%s", err.text);
	return set;
}

static inline const struct authority *world_authority(const char *name)
{
	const struct authority *a = authorities_find(world_authorities(), name);

	assert_non_null(a);
	return a;
}

static inline struct evidence *world_evidence(const char *type)
{
	struct evidence *e = evidence_new();

	e->identifier = mem_dup(NAME);
	e->type = mem_dup(type);
	e->authority = mem_dup("letsencrypt");
	e->token = mem_dup(TOKEN);
	e->expected = mem_dup(KEY);
	e->account_uri = mem_dup(ACCOUNT);
	e->at_ms = 1795270800000; /* 2026-11-21T14:20:00Z */
	return e;
}

static inline struct ev_answer *world_answer(struct evidence *e, const char *view, const char *name, int type)
{
	struct ev_answer *a = evidence_add_answer(e);

	assert_non_null(a);
	a->view = mem_dup(view);
	a->name = mem_dup(name);
	a->final_name = mem_dup(name);
	a->type = type;
	a->authoritative = a->case_kept = a->edns = a->soa = true;
	if (strcmp(view, "authority") == 0)
		a->security = mem_dup("insecure");
	return a;
}

static inline void world_record(struct ev_answer *a, const char *owner, int type, const char *data)
{
	struct ev_record *r = evidence_add_record(a);

	assert_non_null(r);
	r->owner = mem_dup(owner);
	r->type = type;
	r->ttl = 60;
	r->strings = 1;
	r->data = mem_dup(data);
}

/* "!NOERROR" (without a record), "!SERVFAIL", "!NXDOMAIN", "!REFUSED" or "!failure"; else `data` is left to the caller. */
static inline bool world_outcome(struct ev_answer *a, const char *data)
{
	static const struct { const char *name; int rcode; } rcodes[] = { { "!NOERROR", 0 }, { "!SERVFAIL", 2 }, { "!NXDOMAIN", 3 }, { "!REFUSED", 5 }, { "!NOTIMP", 4 } };

	if (!data || data[0] != '!')
		return false;
	for (size_t i = 0; i < ARRAY_LEN(rcodes); i++) {
		if (strcmp(rcodes[i].name, data) == 0) {
			a->rcode = rcodes[i].rcode;
			return true;
		}
	}
	a->rcode = -1;
	a->failure = mem_dup(data + 1);
	return true;
}

static inline void world_addresses(struct evidence *e, const char *name, int type, const char *data)
{
	struct ev_answer *a = world_answer(e, "authority", name, type);
	char copy[512], *next = copy, *one;

	if (!data || world_outcome(a, data))
		return;
	snprintf(copy, sizeof(copy), "%s", data);
	while ((one = strsep(&next, " ")))
		world_record(a, name, type, one);
}

static inline void world_resolve(struct evidence *e, const struct world_name *names, const char *host)
{
	for (; names->name; names++)
		if (strcmp(names->name, host) == 0)
			break;
	world_addresses(e, host, 1, names->name ? names->v4 : "!NXDOMAIN");
	world_addresses(e, host, 28, names->name ? names->v6 : "!NXDOMAIN");
}

static inline void world_fetch(struct evidence *e, const struct world_page *pages, size_t attempt, const struct http_next *next)
{
	struct ev_hop *hop = evidence_add_hop(e);

	assert_non_null(hop);
	for (; pages->url; pages++)
		if (strcmp(pages->url, next->url) == 0 && (!pages->address || strcmp(pages->address, next->address) == 0))
			break;
	hop->attempt = (int64_t)attempt;
	hop->url = mem_dup(next->url);
	hop->host = mem_dup(next->host);
	hop->address = mem_dup(next->address);
	hop->fallback = next->fallback;
	hop->failure = mem_dup(pages->url ? pages->failure : "connect-refused");
	hop->why = mem_dup(pages->why);
	hop->status = pages->status;
	hop->location = mem_dup(pages->location);
	hop->server = mem_dup(pages->server);
	hop->body = mem_dup(pages->body);
	hop->body_length = pages->body_length ? pages->body_length : pages->body ? (int64_t)strlen(pages->body) : 0;
	hop->elapsed_ms = pages->elapsed_ms ? pages->elapsed_ms : 3;
}

/* As the checker does: until every walk is over. */
static inline void world_attempt(struct evidence *e, const struct authority *a, const struct world_name *names, const struct world_page *pages)
{
	struct http_next next;

	for (size_t attempt = 0; attempt == 0 || attempt < http_attempts(e, a); attempt++) {
		for (int steps = 0;; steps++) {
			assert_true(steps < 100);
			http_attempt_next(e, a, attempt, &next);
			if (next.want == HTTP_RESOLVE)
				world_resolve(e, names, next.host);
			else if (next.want == HTTP_FETCH)
				world_fetch(e, pages, attempt, &next);
			else
				break;
		}
	}
}

static inline bool world_found(const struct verdict *v, const char *code)
{
	for (size_t i = 0; i < v->finding_count; i++)
		if (strcmp(v->findings[i].code, code) == 0)
			return true;
	return false;
}

static inline void world_expect(const char *id, const struct verdict *v, enum verdict_result result, enum problem_type problem, const char *detail)
{
	if (v->result != result || v->problem != problem)
		fail_msg("%s: %s %s: %s", id, verdict_result_name(v->result), problem_type_name(v->problem) ? problem_type_name(v->problem) : "-",
		         v->detail ? v->detail : "(nothing)");
	if (detail && (!v->detail || !strstr(v->detail, detail)))
		fail_msg("%s: \"%s\" does not hold \"%s\"", id, v->detail ? v->detail : "(nothing)", detail);
}

#endif
