#include "solver/verdict/caa/caa_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/base/mem.h"
#include "solver/verdict/caa/caa_value.h"
#include "solver/verdict/data/codec.h"
#include "solver/verdict/network/lookup.h"

#define CRITICAL_BITS (128 | 1) /* 1 by mistake so often that authorities take it for 128 */
#define TAG_SIZE 256
#define SHOWN_MAX 120 /* bytes of a record in a sentence */

/* "flags tag value" of the evidence. */
struct item {
	unsigned flags;
	char tag[TAG_SIZE];  /* may be empty; cut where it is longer than any that is known */
	const char *value; /* escaped */
};

struct asked {
	const struct evidence *e;
	const struct authority *a;
};

static bool item_parse(const char *data, struct item *ret)
{
	char *end;
	unsigned long flags = strtoul(data, &end, 10);
	size_t length;

	if (end == data || *end != ' ' || flags > 255)
		return false;
	data = end + 1;
	length = strcspn(data, " ");
	snprintf(ret->tag, sizeof(ret->tag), "%.*s", (int)(length < TAG_SIZE ? length : TAG_SIZE), data);
	ret->flags = (unsigned)flags;
	ret->value = data[length] ? data + length + 1 : "";
	return true;
}

static bool tag_is_known(const char *tag)
{
	static const char *const known[] = { "issue", "issuewild", "iodef", "issuemail", "issuevmc" };

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcasecmp(known[i], tag) == 0)
			return true;
	return false;
}

static bool is_caa(const struct ev_record *r)
{
	return r->type == TYPE_CAA;
}

bool caa_is_present(const struct ev_answer *answer)
{
	for (size_t i = 0; i < answer->record_count; i++)
		if (is_caa(&answer->records[i]))
			return true;
	return false;
}

/* ---- accounts and methods (RFC 8657) ---- */

static const char *account_id(const char *uri, const struct authority *a)
{
	for (size_t i = 0; a->account_prefixes[i]; i++)
		if (strncmp(uri, a->account_prefixes[i], strlen(a->account_prefixes[i])) == 0)
			return uri + strlen(a->account_prefixes[i]);
	return NULL;
}

static bool account_matches(const char *uri, const struct asked *q)
{
	const char *ours = account_id(q->e->account_uri, q->a), *theirs = account_id(uri, q->a);

	if (strcmp(uri, q->e->account_uri) == 0)
		return true;
	return ours && theirs && strcmp(ours, theirs) == 0;
}

static enum caa_reading read_account(const struct caa_value *v, const struct asked *q, char **ret_why)
{
	const char *uri;
	size_t times = caa_value_find(v, "accounturi", &uri);

	if (times == 0)
		return CAA_ALLOWS;
	if (times > 1 || !*uri) {
		*ret_why = mem_printf("%s, which no account can satisfy", times > 1 ? "names two accounts" : "has an empty accounturi");
		return CAA_ACCOUNT;
	}
	if (!q->e->account_uri && (account_id(uri, q->a) || !q->a->account_prefixes[0])) {
		*ret_why = mem_printf("allows only the account %s, and which account will ask is not known here", uri);
		return CAA_ACCOUNT_UNSEEN;
	}
	if (q->e->account_uri && account_matches(uri, q))
		return CAA_ALLOWS;
	*ret_why = q->e->account_uri ? mem_printf("allows only the account %s, not %s", uri, q->e->account_uri)
	                             : mem_printf("allows only %s, which is no account of %s", uri, q->a->title);
	return CAA_ACCOUNT;
}

typedef int (*compare_fn)(const char *a, const char *b, size_t length);

/* One name of the list: 1 it is the method, 0 it is another, -1 it is none, and the record is void. */
static int compare_method(const char *name, size_t length, const char *method, compare_fn compare)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";

	if (length == 0 || strspn(name, allowed) < length)
		return -1;
	return strlen(method) == length && compare(name, method, length) == 0;
}

static bool methods_hold(const char *list, const char *method, compare_fn compare)
{
	for (;;) {
		size_t length = strcspn(list, ",");
		int found = compare_method(list, length, method, compare);

		if (found != 0 || !list[length])
			return found == 1;
		list += length + 1;
	}
}

/* The label of the same method by the Baseline Requirements (3.2.2.4.N), which say that an authority should take either. */
static const char *method_alias(const char *method)
{
	static const char *const aliases[][2] = {
		{ "http-01", "ca-tbr-19" }, { "dns-01", "ca-tbr-7" }, { "tls-alpn-01", "ca-tbr-20" },
		{ "dns-account-01", "ca-tbr-21" }, { "dns-persist-01", "ca-tbr-22" },
	};

	for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
		if (strcmp(aliases[i][0], method) == 0)
			return aliases[i][1];
	return NULL;
}

static enum caa_reading read_methods(const struct caa_value *v, const struct asked *q, char **ret_why)
{
	const char *methods;
	size_t times = caa_value_find(v, "validationmethods", &methods);

	const char *alias = method_alias(q->e->type);

	if (times == 0 || (times == 1 && methods_hold(methods, q->e->type, strncmp)))
		return CAA_ALLOWS;
	/* An authority may compare the labels without regard to case, and must say so: none did. */
	if (times == 1 && alias && q->a->method_aliases != KNOWN_NO && methods_hold(methods, alias, strncasecmp)) {
		if (q->a->method_aliases == KNOWN_YES && methods_hold(methods, alias, strncmp))
			return CAA_ALLOWS;
		*ret_why = mem_printf("allows only the methods %.*s, and whether %s takes that for %s is not known", SHOWN_MAX, methods, q->a->title,
		                      q->e->type);
		return CAA_PARAMETER_UNSURE;
	}
	if (times > 1)
		*ret_why = mem_dup("has validationmethods twice, which no method can satisfy");
	else if (!*methods)
		*ret_why = mem_dup("has an empty validationmethods, which no method can satisfy");
	else
		*ret_why = mem_printf("allows only the methods %.*s, not %s", SHOWN_MAX, methods, q->e->type);
	return CAA_METHOD;
}

/* ---- one record ---- */

static bool is_issuer(const char *issuer, const struct authority *a)
{
	for (size_t i = 0; a->issuers[i]; i++)
		if (strcmp(a->issuers[i], issuer) == 0)
			return true;
	return false;
}

/* The issuer domain that was meant by LetsEncrypt.Org, "letsencrypt.org" or letsencrypt.org. */
static const char *meant_issuer(const char *issuer, const struct authority *a)
{
	size_t length;

	while (*issuer == '"' || *issuer == '\'')
		issuer++;
	length = strlen(issuer);
	while (length && strchr("\"'.", issuer[length - 1]))
		length--;
	for (size_t i = 0; a->issuers[i]; i++)
		if (strlen(a->issuers[i]) == length && strncasecmp(a->issuers[i], issuer, length) == 0)
			return a->issuers[i];
	return NULL;
}

static enum caa_reading read_issuer(const struct caa_value *v, const struct asked *q, char **ret_why)
{
	const char *meant = meant_issuer(v->issuer, q->a);

	if (is_issuer(v->issuer, q->a))
		return CAA_ALLOWS;
	if (meant) {
		*ret_why = mem_printf("names the issuer %.*s, which is not %s: every byte counts, upper and lower case too", SHOWN_MAX,
		                      v->issuer, meant);
		return CAA_SPELLING;
	}
	*ret_why = *v->issuer ? mem_printf("allows only %.*s", SHOWN_MAX, v->issuer) : mem_dup("allows no authority");
	return *v->issuer ? CAA_OTHER_ISSUER : CAA_NOBODY;
}

/* The parameters of RFC 8657, which an authority may ignore until it has to honour them. */
static enum caa_reading read_parameters(const struct caa_value *v, const struct asked *q, char **ret_why)
{
	CLEANUP(mem_freep) char *why = NULL;
	enum caa_reading reading = CAA_ALLOWS;

	if (q->a->caa_parameters != KNOWN_NO)
		reading = read_account(v, q, &why);
	if (q->a->caa_parameters != KNOWN_NO && reading == CAA_ALLOWS)
		reading = read_methods(v, q, &why);
	if (q->a->caa_parameters == KNOWN_UNKNOWN && (reading == CAA_ACCOUNT || reading == CAA_METHOD)) {
		*ret_why = mem_printf("%s, and whether %s looks at that is not known", why, q->a->title);
		return CAA_PARAMETER_UNSURE;
	}
	*ret_why = why;
	why = NULL;
	return reading;
}

/* In the authority's order: grammar, issuer, account, method. */
static enum caa_reading read_value(const struct caa_value *v, const struct asked *q, char **ret_why)
{
	enum caa_reading reading;

	if (v->fault) {
		*ret_why = mem_printf("is skipped, because %s", v->fault);
		return meant_issuer(v->issuer, q->a) ? CAA_MALFORMED : CAA_OTHER_ISSUER;
	}
	reading = read_issuer(v, q, ret_why);
	if (reading == CAA_ALLOWS)
		reading = read_parameters(v, q, ret_why);
	if (reading == CAA_ALLOWS)
		*ret_why = mem_printf("allows %s", q->a->title);
	return reading;
}

/* accounturi and validationmethods restrict only when written in lower case. */
static char *ignored_parameter(const struct caa_value *v)
{
	const char *tag;

	if (caa_value_find_any_case(v, "accounturi", &tag) || caa_value_find_any_case(v, "validationmethods", &tag))
		return mem_dup_n(tag, strlen(tag));
	return NULL;
}

static void read_issue(const struct item *item, const struct asked *q, struct caa_record *ret)
{
	struct caa_value value;
	unsigned char *bytes = NULL;
	const char *meant;
	size_t length = 0;

	if (evidence_unescape(item->value, &bytes, &length) < 0) {
		ret->reading = CAA_OTHER_ISSUER;
		ret->why = mem_dup("could not be read");
		return;
	}
	caa_value_parse(bytes, length, &value);
	ret->reading = read_value(&value, q, &ret->why);
	meant = meant_issuer(value.issuer, q->a);
	if (meant && ret->reading < CAA_ACCOUNT_UNSEEN)
		ret->better = mem_printf("%u %s \"%s\"", item->flags, item->tag, meant);
	if (ret->reading == CAA_ALLOWS)
		ret->ignored = ignored_parameter(&value);
	caa_value_done(&value);
	free(bytes);
}

static void read_record(const struct ev_record *r, const struct asked *q, const char *tag, struct caa_record *ret)
{
	struct item item;

	ret->reading = CAA_IRRELEVANT;
	if (!item_parse(r->data, &item)) {
		ret->shown = mem_printf("%.*s", SHOWN_MAX, r->data);
		ret->why = mem_dup("could not be read");
		return;
	}
	ret->shown = mem_printf("%u %.40s \"%.*s%s\"", item.flags, item.tag, SHOWN_MAX, item.value,
	                        strlen(item.value) > SHOWN_MAX ? "…" : "");
	if (!tag_is_known(item.tag)) {
		ret->reading = item.flags & CRITICAL_BITS ? CAA_CRITICAL : CAA_IRRELEVANT;
		ret->why = mem_dup(item.flags & CRITICAL_BITS ? "has a tag that authorities do not know, and is critical: no authority may issue"
		                                              : "has a tag that authorities do not know, and is ignored");
	} else if (strcasecmp(item.tag, tag) == 0) {
		read_issue(&item, q, ret);
	} else {
		ret->why = mem_dup("says nothing about this certificate");
	}
}

/* ---- the set ---- */

static bool tag_stands(const struct ev_answer *answer, const char *tag)
{
	struct item item;

	for (size_t i = 0; i < answer->record_count; i++)
		if (is_caa(&answer->records[i]) && item_parse(answer->records[i].data, &item) && strcasecmp(item.tag, tag) == 0)
			return true;
	return false;
}

static bool holds(const struct caa_set *s, enum caa_reading reading)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->records[i].reading == reading)
			return true;
	return false;
}

static enum caa_decision decide(const struct caa_set *s, bool relevant)
{
	if (holds(s, CAA_CRITICAL))
		return CAA_NO;
	if (!relevant || holds(s, CAA_ALLOWS))
		return CAA_YES;
	return holds(s, CAA_ACCOUNT_UNSEEN) || holds(s, CAA_PARAMETER_UNSURE) ? CAA_MAYBE : CAA_NO;
}

void caa_set_read(const struct ev_answer *answer, const struct evidence *e, const struct authority *a, struct caa_set *ret)
{
	const struct asked q = { e, a };

	*ret = (struct caa_set){ .tag = e->wildcard && tag_stands(answer, "issuewild") ? "issuewild" : "issue" };
	for (size_t i = 0; i < answer->record_count; i++) {
		if (!is_caa(&answer->records[i]))
			continue;
		read_record(&answer->records[i], &q, ret->tag,
		            codec_list_add(&ret->records, &ret->count, sizeof(*ret->records), EVIDENCE_RECORDS_MAX));
	}
	ret->decision = decide(ret, tag_stands(answer, ret->tag));
}

void caa_set_done(struct caa_set *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free(s->records[i].shown);
		free(s->records[i].why);
		free(s->records[i].better);
		free(s->records[i].ignored);
	}
	free(s->records);
}
