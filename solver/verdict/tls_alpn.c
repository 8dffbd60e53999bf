/* TLS-ALPN-01 (RFC 8737): the certificate that answers on port 443. The first IPv6 address, and the first IPv4 address when there is
 * any trouble to get a certificate; a certificate that is wrong is an answer. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/base/mem.h"
#include "solver/crypto/certificate.h"
#include "solver/crypto/crypto.h"
#include "solver/verdict/network/address.h"
#include "solver/verdict/network/addresses.h"
#include "solver/verdict/network/failure.h"
#include "solver/verdict/network/host.h"
#include "solver/verdict/judge.h"
#include "solver/verdict/network/lookup.h"
#include "solver/verdict/network/views.h"

#define PROTOCOL "acme-tls/1"
#define DRAWS_MAX 16 /* addresses that are tried as the first one, in each view */

enum came { PASSED, FAILED, PENDING, UNSEEN };

struct outcome {
	enum came came;
	bool trouble; /* there was no certificate: the other family is asked */
	enum problem_type problem;
	char *detail;
	const char *address;
	const struct ev_certificate *unseen; /* what this host could not ask for, and what decides */
};

struct inquiry {
	const struct evidence *e;
	const struct authority *a;
	struct verdict *v;
	const struct ev_answer *v4, *v6; /* NULL for an IP identifier */
	bool blind;
};

static void fail(struct outcome *o, enum problem_type problem, char *detail)
{
	o->came = FAILED;
	o->problem = problem;
	o->detail = detail;
}

static void find(const struct inquiry *q, const struct outcome *o, const char *code, char *text, const char *fix)
{
	verdict_add_finding(q->v, FINDING_ERROR, STAGE_VALIDATION, code, text, mem_printf("%s (%s port 443)", fix, o->address));
}

/* ---- the certificate ---- */

/* Takes `said`, which becomes a part of the authority's sentence. */
static void bad(const struct inquiry *q, struct outcome *o, const char *code, char *said, const char *fix)
{
	bool v6 = address_is_v6(o->address);

	find(q, o, code, mem_printf("%s: %s", o->address, said), fix);
	fail(o, PROBLEM_UNAUTHORIZED,
	     mem_printf("Incorrect validation certificate for tls-alpn-01 challenge. Requested %s from %s%s%s:443. %s", q->e->identifier,
	                v6 ? "[" : "", o->address, v6 ? "]" : "", said));
	free(said);
}

/* What is wrong with the names, or NULL. */
static const char *wrong_names(const struct inquiry *q, const struct certificate *c)
{
	CLEANUP(mem_freep) unsigned char *wanted = NULL;
	size_t length;
	bool ip = q->e->ip;

	if (ip ? c->ip_count != 1 || c->dns_count : c->dns_count != 1 || c->ip_count)
		return "wrong number of identifiers";
	if (!ip && strcasecmp(c->dns, q->e->identifier) != 0)
		return "identifier does not match expected identifier";
	if (certificate_names_for(q->e->identifier, ip, &wanted, &length) < 0)
		return "identifier does not match expected identifier";
	if (c->names_length == length && memcmp(c->names, wanted, length) == 0)
		return NULL;
	return ip ? "identifier does not match expected identifier" : "SAN extension does not match expected bytes";
}

/* Tells a missing extension from a repeated one: the authority calls both "unexpected extensions". */
static char *wrong_extensions(const struct certificate *c)
{
	if (c->repeated)
		return mem_printf("Received certificate with unexpected extensions: \"Extension OID %s seen twice\"", c->repeated);
	if (!c->has_identifier)
		return mem_dup("Received certificate with unexpected extensions: \"Required extension OID 1.3.6.1.5.5.7.1.31 is not present\"");
	if (!c->has_names)
		return mem_dup("Received certificate with unexpected extensions: \"Required extension OID 2.5.29.17 is not present\"");
	return NULL;
}

static void check_digest(const struct inquiry *q, struct outcome *o, const struct certificate *c)
{
	unsigned char wanted[SHA256_SIZE];
	CLEANUP(mem_freep) char *got_text = NULL;
	CLEANUP(mem_freep) char *wanted_text = NULL;

	if (!c->critical) {
		bad(q, o, "certificate-not-critical", mem_dup("Received certificate with acmeValidationV1 extension that is not Critical."),
		    "Mark the acmeIdentifier extension critical");
	} else if (!c->digest_valid) {
		bad(q, o, "certificate-digest", mem_dup("Received certificate with malformed acmeValidationV1 extension value."),
		    "Make the value of acmeIdentifier an OCTET STRING of the 32 bytes of SHA-256(key authorization)");
	} else if (q->e->expected) {
		crypto_sha256(q->e->expected, strlen(q->e->expected), wanted);
		if (memcmp(wanted, c->digest, sizeof(wanted)) == 0)
			return;
		got_text = crypto_hex(c->digest, sizeof(c->digest));
		wanted_text = crypto_hex(wanted, sizeof(wanted));
		bad(q, o, "certificate-digest",
		    mem_printf("Received certificate with acmeValidationV1 extension value %s but expected %s.", got_text, wanted_text),
		    "Present the certificate of this order: its acmeIdentifier holds SHA-256 of this key authorization");
	}
}

static void check_certificate(const struct inquiry *q, struct outcome *o, const struct certificate *c)
{
	const char *names = wrong_names(q, c);
	CLEANUP(mem_freep) char *only = mem_printf("Present a certificate whose only name is %s, in lower case", q->e->identifier);
	char *extensions;

	if (!c->self_signed) {
		bad(q, o, "certificate-not-self-signed", mem_dup("Received certificate which is not self-signed."),
		    "Present the self-signed challenge certificate to clients that ask for " PROTOCOL ", not the site's own");
		return;
	}
	extensions = wrong_extensions(c);
	if (extensions)
		bad(q, o, "certificate-extensions", extensions,
		    "Present a certificate with subjectAltName and a critical acmeIdentifier extension, each once");
	else if (names)
		bad(q, o, "certificate-names", mem_printf("Received certificate with unexpected identifiers (\"%s\"): \"%s\"", c->shown, names),
		    only);
	else
		check_digest(q, o, c);
}

static void judge_certificate(const struct inquiry *q, struct outcome *o, const struct ev_certificate *presented)
{
	CLEANUP(mem_freep) unsigned char *der = NULL;
	struct certificate c;
	size_t length;

	if (!presented->alpn || strcmp(presented->alpn, PROTOCOL) != 0) {
		find(q, o, "alpn-missing", mem_printf("%s does not know the protocol " PROTOCOL, o->address),
		     "Have the server on port 443 answer clients that ask for " PROTOCOL);
		fail(o, PROBLEM_UNAUTHORIZED, mem_dup("Cannot negotiate ALPN protocol \"" PROTOCOL "\" for tls-alpn-01 challenge"));
	} else if (!presented->der || crypto_base64_decode(presented->der, &der, &length) < 0) {
		find(q, o, "certificate-missing", mem_printf("%s presents no certificate", o->address), "Present the challenge certificate");
		fail(o, PROBLEM_UNAUTHORIZED, mem_dup("No certs presented for tls-alpn-01 challenge"));
	} else if (certificate_parse(der, length, &c, NULL) < 0) {
		find(q, o, "certificate-malformed", mem_printf("%s presents a certificate that cannot be read", o->address), "Present a valid X.509 certificate");
		fail(o, PROBLEM_CONNECTION, mem_printf("%s: Error getting validation data", o->address));
	} else {
		check_certificate(q, o, &c);
		certificate_done(&c);
	}
}

/* ---- one address ---- */

static const struct ev_certificate *presented_at(const struct evidence *e, const char *address)
{
	for (size_t i = 0; i < e->certificate_count; i++)
		if (strcmp(e->certificates[i].address, address) == 0)
			return &e->certificates[i];
	return NULL;
}

static void add_result(const struct inquiry *q, const struct ev_certificate *c, const struct outcome *o)
{
	struct query_result *result;

	for (size_t i = 0; i < q->v->result_count; i++)
		if (q->v->results[i].address && strcmp(q->v->results[i].address, c->address) == 0)
			return;
	result = verdict_add_result(q->v, q->e->identifier, c->address);
	if (!result)
		return;
	result->ok = o->came == PASSED;
	result->silent = o->came == UNSEEN;
	result->status = mem_dup(c->failure ? c->failure : c->tls_version ? c->tls_version : "certificate");
	result->authoritative = true;
	result->elapsed_ms = c->elapsed_ms;
	result->at_ms = c->at_ms;
	result->detail = mem_dup(o->detail ? o->detail : c->why);
}

static void judge_address(const struct inquiry *q, const char *address, struct outcome *o)
{
	const struct ev_certificate *c = presented_at(q->e, address);
	struct failure_words words;

	*o = (struct outcome){ .address = address };
	if (!c) {
		o->came = PENDING;
		return;
	}
	if (host_failed(c->failure)) {
		o->came = UNSEEN;
		o->unseen = c;
	} else if (c->failure) {
		failure_describe(c->failure, c->why, &words);
		o->trouble = true;
		find(q, o, words.code, mem_printf("%s port 443: %s", address, words.text),
		     "Have a TLS server listen on port 443, reachable for the whole world, and answer " PROTOCOL);
		fail(o, words.problem, mem_printf("%s: %s", address, words.text));
	} else {
		judge_certificate(q, o, c);
	}
	add_result(q, c, o);
}

/* ---- one draw of the resolver ---- */

/* The certificate at the other address family helps a user who accepts one family as enough. */
static void look_at_other(const struct inquiry *q, const char *v4)
{
	struct outcome o;

	judge_address(q, v4, &o);
	free(o.detail);
}

static void soften(struct verdict *v, size_t from)
{
	for (size_t i = from; i < v->finding_count; i++)
		v->findings[i].severity = FINDING_WARNING;
}

static void judge_draw(const struct inquiry *q, size_t n, struct outcome *o)
{
	const char *v6 = q->e->ip ? q->e->identifier : addresses_at(q->a, q->v6, n);
	const char *v4 = q->e->ip ? NULL : addresses_at(q->a, q->v4, n);
	size_t before = q->v->finding_count;

	judge_address(q, v6 ? v6 : v4, o);
	if (o->came == UNSEEN && v6 && v4)
		look_at_other(q, v4);
	if (!o->trouble || !v6 || q->e->ip || q->a->fallback == FALLBACK_NONE)
		return;
	free(o->detail);
	if (v4) {
		judge_address(q, v4, o);
		if (o->came == PASSED) /* the other family made good for it */
			soften(q->v, before);
	} else {
		fail(o, PROBLEM_MALFORMED, mem_printf("Unable to contact \"%s\" at \"%s\", no IPv4 addresses to try as fallback", q->e->identifier, v6));
	}
}

static size_t draws(const struct inquiry *q)
{
	size_t v4, v6, most;

	if (q->e->ip)
		return 1;
	v4 = addresses_count(q->a, q->v4);
	v6 = addresses_count(q->a, q->v6);
	most = v4 > v6 ? v4 : v6;
	return most > DRAWS_MAX ? DRAWS_MAX : most;
}

/* ---- together ---- */

struct tally {
	size_t passed, failed, pending, unseen;
	const struct ev_certificate *first_unseen;
	enum problem_type problem;
	char *detail; /* of the first failure */
};

static void count(struct tally *t, struct outcome *o)
{
	t->passed += o->came == PASSED;
	t->failed += o->came == FAILED;
	t->pending += o->came == PENDING;
	t->unseen += o->came == UNSEEN;
	if (o->came == UNSEEN && !t->first_unseen)
		t->first_unseen = o->unseen;
	if (o->came == FAILED && !t->detail) {
		t->problem = o->problem;
		t->detail = o->detail;
	} else {
		free(o->detail);
	}
}

/* The authority may get other addresses than this host did. */
static void decide_blind(const struct inquiry *q, const struct tally *t)
{
	verdict_decide(q->v, VERDICT_UNKNOWN, STAGE_LOOKUP, PROBLEM_NONE,
	               mem_printf("What the authority sees of %s is not wholly visible from here%s%s", q->e->identifier, t->detail ? ": " : "",
	                          t->detail ? t->detail : ""));
}

static void decide_mixed(const struct inquiry *q, const struct tally *t)
{
	if (t->passed)
		views_tell(q->e, q->a, q->v);
	verdict_decide(q->v, VERDICT_FLAKY, STAGE_VALIDATION, t->problem,
	               mem_printf("%zu of %zu addresses fail: %s", t->failed, t->passed + t->failed, t->detail));
}

static void decide(const struct inquiry *q, const struct tally *t)
{
	const char *name = q->e->identifier;

	if (t->unseen && !(t->passed && t->failed))
		host_doubt(q->e, t->first_unseen->address, t->first_unseen->failure, t->first_unseen->why, q->v);
	else if (q->blind && !q->e->own_zone)
		decide_blind(q, t);
	else if (t->failed && !t->passed && !t->pending)
		verdict_decide(q->v, VERDICT_FAIL, STAGE_VALIDATION, t->problem, mem_dup(t->detail));
	else if (t->failed)
		decide_mixed(q, t);
	else if (t->pending)
		verdict_decide(q->v, VERDICT_UNKNOWN, STAGE_LOOKUP, PROBLEM_NONE,
		               mem_printf("Not every address of %s was looked at", name));
	else
		verdict_decide(q->v, VERDICT_PASS, STAGE_VALIDATION, PROBLEM_NONE, mem_printf("%s presents the challenge certificate", name));
}

static void decide_withheld(const struct inquiry *q)
{
	verdict_add_finding(q->v, FINDING_ERROR, STAGE_LOOKUP, "address-withheld", addresses_withheld_sentence(q->e->identifier),
	                    mem_printf("Name the network of this address under check.allow-addresses, if dcvd may connect to it for %s", q->e->identifier));
	verdict_decide(q->v, VERDICT_UNKNOWN, STAGE_LOOKUP, PROBLEM_NONE, addresses_withheld_sentence(q->e->identifier));
}

static void decide_unresolved(const struct inquiry *q)
{
	if (addresses_withheld(q->a, q->v4) || addresses_withheld(q->a, q->v6)) {
		decide_withheld(q);
		return;
	}
	if (lookup_blind(q->v4) && lookup_blind(q->v6)) {
		verdict_decide(q->v, VERDICT_UNKNOWN, STAGE_LOOKUP, PROBLEM_NONE, mem_printf("The addresses of %s are not visible from here", q->e->identifier));
		return;
	}
	verdict_add_finding(q->v, FINDING_ERROR, STAGE_LOOKUP, "address-missing", mem_printf("%s has no address that an authority can use", q->e->identifier),
	                    mem_printf("Add an A or AAAA record with a public address for %s", q->e->identifier));
	verdict_decide(q->v, VERDICT_FAIL, STAGE_LOOKUP, PROBLEM_DNS, addresses_problem(q->a, q->v4, q->v6));
}

static void judge_draws(const struct inquiry *q, struct tally *t)
{
	size_t n = draws(q);

	for (size_t i = 0; i < n; i++) {
		struct outcome o;

		judge_draw(q, i, &o);
		count(t, &o);
	}
}

/* Where the name servers disagree, each pair of what they say of A and AAAA may be what the authority gets. An alias that only some have
 * leads to addresses that were not asked. */
static void judge_views(const struct inquiry *of, struct tally *t)
{
	struct inquiry one = *of, *q = &one;
	struct address_views v4, v6;

	views_read(q->e, q->a, TYPE_A, &v4, &q->blind);
	views_read(q->e, q->a, TYPE_AAAA, &v6, &q->blind);
	for (size_t i = 0; i < v4.count; i++) {
		for (size_t k = 0; k < v6.count; k++) {
			q->v4 = v4.list[i].answer;
			q->v6 = v6.list[k].answer;
			if (q->v4 && q->v6)
				judge_draws(q, t);
			else
				t->pending++;
		}
	}
}

void judge_tls_alpn(const struct evidence *e, const struct authority *a, struct verdict *v)
{
	struct inquiry q = { .e = e, .a = a, .v = v };
	struct tally t = { 0 };
	size_t n;

	if (!e->ip) {
		q.v4 = addresses_answer(e, e->identifier, TYPE_A, &q.blind);
		q.v6 = addresses_answer(e, e->identifier, TYPE_AAAA, &q.blind);
		q.blind = q.blind || addresses_withheld(a, q.v4) || addresses_withheld(a, q.v6);
	}
	n = e->ip || (q.v4 && q.v6) ? draws(&q) : 0;
	if (e->ip)
		judge_draws(&q, &t);
	else
		judge_views(&q, &t);
	if (t.passed + t.failed + t.unseen)
		decide(&q, &t);
	else if (e->ip && address_is_reserved(e->identifier))
		decide_withheld(&q);
	else if (!n && q.v4 && q.v6)
		decide_unresolved(&q);
	else
		verdict_add_finding(v, FINDING_NOTE, STAGE_VALIDATION, "not-collected",
		                    mem_printf("No certificate of %s was asked for, so nothing is said about it", e->identifier), NULL);
	free(t.detail);
}
