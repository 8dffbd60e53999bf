/* links: dcvd_verdict */
/* The first line is an identifier, each of the others a CAA record of it: first as the value alone, then as a set. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/dns/name.h"
#include "solver/verdict/caa/caa_value.h"
#include "solver/verdict/judge.h"

#define CAA 257

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct authority *lets_encrypt(void)
{
	static struct authorities *all;

	if (!all && authorities_load(NULL, &all, NULL) < 0)
		abort();
	return authorities_find(all, "letsencrypt");
}

static void read_value(const uint8_t *data, size_t size)
{
	const char *found;
	struct caa_value v;

	caa_value_parse(data, size, &v);
	if (caa_value_find(&v, "accounturi", &found) && !found)
		abort();
	if (caa_value_find_any_case(&v, "accounturi", &found) && !found)
		abort();
	caa_value_done(&v);
}

static void add_record(struct ev_answer *a, const char *line, size_t length)
{
	struct ev_record *r = evidence_add_record(a);

	if (!r)
		return;
	r->owner = mem_dup(a->name);
	r->type = CAA;
	r->data = mem_dup_n(line, length);
}

static struct ev_answer *add_answer(struct evidence *e, const char *name)
{
	struct ev_answer *a = evidence_add_answer(e);

	if (!a)
		return NULL;
	a->view = mem_dup("authority");
	a->name = mem_dup(name);
	a->type = CAA;
	return a;
}

static struct evidence *evidence_of(const char *text)
{
	struct evidence *e = evidence_new();
	size_t length = strcspn(text, "\n");
	struct ev_answer *a;

	e->wildcard = strncmp(text, "*.", 2) == 0;
	e->identifier = mem_dup_n(text, length);
	e->type = mem_dup("dns-01");
	e->account_uri = mem_dup("https://acme-v02.api.letsencrypt.org/acme/acct/123");
	a = add_answer(e, e->identifier);
	for (text += length; *text++ == '\n'; text += length) {
		length = strcspn(text, "\n");
		add_record(a, text, length);
	}
	for (const char *n = name_parent(e->identifier); n; n = name_parent(n))
		add_answer(e, n);
	return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_dup_n((const char *)data, size);
	struct evidence *e = evidence_of(text);
	struct verdict *v = verdict_new();

	read_value(data, size);
	judge_identifier(e, lets_encrypt(), v);
	judge_caa(e, lets_encrypt(), v);
	free(verdict_json(v));
	verdict_free(v);
	evidence_free(e);
	free(text);
	return 0;
}
