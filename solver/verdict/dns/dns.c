/* dns-01 and dns-account-01: a TXT record with the digest of the key authorization. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/base/mem.h"
#include "solver/crypto/crypto.h"
#include "solver/dns/name.h"
#include "solver/verdict/dns/dns.h"
#include "solver/verdict/network/lookup.h"
#include "solver/verdict/dns/txt.h"
#include "solver/verdict/dns/wildcard.h"

#define SHOWN_BYTES 100 /* of a wrong value, in the authority's sentence */
#define PART_MIN 8      /* bytes that are taken for a part of the value */
#define CAUSES_MAX 4    /* wrong values that are explained */

static bool has_value(const struct txt_case *c, const struct ev_answer *answer)
{
	for (size_t i = 0; txt_at(answer, i); i++)
		if (txt_equals(txt_at(answer, i), c->e->expected))
			return true;
	return false;
}

static char *refuse(const struct txt_case *c, const struct ev_answer *answer, enum problem_type *ret)
{
	size_t count = txt_count(answer);
	CLEANUP(mem_freep) char *first = NULL;

	(void)c;
	*ret = PROBLEM_UNAUTHORIZED;
	if (!count)
		return mem_printf("No TXT record found at %s", answer->name);
	first = txt_quote(txt_at(answer, 0), SHOWN_BYTES);
	if (count == 1)
		return mem_printf("Incorrect TXT record %s found at %s", first, answer->name);
	return mem_printf("Incorrect TXT record %s (and %zu more) found at %s", first, count - 1, answer->name);
}

/* A CNAME to a zone that no provider serves may be a leftover: either remove it, or add the provider. */
static bool is_foreign(const struct evidence *e)
{
	const struct ev_answer *answer = evidence_authority(e, e->fqdn, TYPE_TXT);
	const struct ev_record *alias = answer ? wildcard_alias(answer, e->fqdn) : NULL;

	return !e->provider && e->written_fqdn && strcmp(e->written_fqdn, e->fqdn) != 0 && (!alias || alias->type == TYPE_CNAME);
}

static char *fix(const struct txt_case *c)
{
	const char *zone = c->e->written_zone, *value = c->e->expected;
	CLEANUP(mem_freep) char *other = NULL;

	if (is_foreign(c->e))
		other = mem_printf(", or remove the CNAME at %s and add the record there", c->e->fqdn);
	return mem_printf("Add a TXT record %s%s%s%s%s%s", txt_place(c->e), zone ? " in the zone " : "", zone ? zone : "",
	                  value ? " with the value " : "", value ? value : "", other ? other : "");
}

/* ---- why a value is wrong ---- */

static bool is_base64url(const char *text)
{
	return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == strlen(text);
}

static bool key_authorization(const char *value, const char *expected)
{
	char digest[SHA256_TEXT_SIZE];

	crypto_dns01_value(value, digest);
	return strcmp(digest, expected) == 0 || (strlen(value) > 80 && strchr(value, '.') && strcspn(value, ".") == 43);
}

static bool hexadecimal(const char *value, const char *expected)
{
	(void)expected;
	return strlen(value) == 64 && strspn(value, "0123456789abcdefABCDEF") == 64;
}

static bool padded(const char *value, const char *expected)
{
	size_t length = strlen(expected);

	return strncmp(value, expected, length) == 0 && value[length] == '=' && strspn(value + length, "=") == strlen(value + length);
}

static bool plain_base64(const char *value, const char *expected)
{
	size_t i = 0;

	for (; expected[i]; i++)
		if (value[i] != expected[i] && !(value[i] == '+' && expected[i] == '-') && !(value[i] == '/' && expected[i] == '_'))
			return false;
	return value[i] == '\0' || value[i] == '=';
}

/* The expected value with something around it that `inside` accepts. */
static bool wrapped(const char *value, const char *expected, const char *around)
{
	size_t lead = strspn(value, around), length = strlen(expected);

	return strncmp(value + lead, expected, length) == 0 && strspn(value + lead + length, around) == strlen(value + lead + length);
}

static bool quoted(const char *value, const char *expected)
{
	return strchr(value, '"') && wrapped(value, expected, "\"'\\ ");
}

static bool spaced(const char *value, const char *expected)
{
	return wrapped(value, expected, " \t\r\n");
}

/* A form or a tool added text around the value: a name, "TXT", typographic quotes. */
static bool surrounded(const char *value, const char *expected)
{
	return strstr(value, expected) != NULL;
}

static bool part(const char *value, const char *expected)
{
	return strlen(value) >= PART_MIN && strstr(expected, value) != NULL;
}

static bool other_case(const char *value, const char *expected)
{
	return strcasecmp(value, expected) == 0;
}

static bool other_value(const char *value, const char *expected)
{
	(void)expected;
	return strlen(value) == 43 && is_base64url(value);
}

/* The first that fits is the cause. */
static const struct cause {
	const char *code;
	bool (*fits)(const char *value, const char *expected);
	const char *text, *fix;
} causes[] = {
	{ "value-quoted", quoted, "it is the right value in quotes that are part of it", "Write the value without quotes" },
	{ "value-spaced", spaced, "it is the right value with white space around it", "Write the value without white space around it" },
	{ "value-split", part, "it is only a part of the right value", "Write the whole value into one TXT record, not into several" },
	{ "value-padded", padded, "it is the right value with padding (\"=\") behind it", "Write the value without \"=\" at the end" },
	{ "value-surrounded", surrounded, "the right value stands in it among other text", "Write the value alone, without other text before or behind it" },
	{ "value-base64", plain_base64, "it is base64 where base64url is needed (\"-\" and \"_\", not \"+\" and \"/\")", "Write the value in base64url" },
	{ "value-case", other_case, "it is the right value in other case", "Write upper and lower case as they are" },
	{ "value-key-authorization", key_authorization, "it is the key authorization itself, not its digest",
	  "Write base64url(SHA-256(key authorization)), not the key authorization" },
	{ "value-hex", hexadecimal, "it is a digest in hexadecimal", "Write the digest in base64url, not in hexadecimal" },
	{ "value-other", other_value, "it is the value of another order or account", "Add the value of this order; others may stay beside it" },
};

static void explain_value(const struct txt_case *c, const struct ev_answer *answer, const struct ev_record *r)
{
	CLEANUP(mem_freep) unsigned char *bytes = NULL;
	CLEANUP(mem_freep) char *shown = txt_quote(r, SHOWN_BYTES);
	size_t length;

	if (evidence_unescape(r->data, &bytes, &length) < 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(causes); i++) {
		if (!causes[i].fits((char *)bytes, c->e->expected))
			continue;
		verdict_add_finding(c->v, FINDING_ERROR, STAGE_VALIDATION, causes[i].code, mem_printf("%s at %s: %s", shown, answer->name, causes[i].text),
		                    mem_printf("%s: TXT record %s with the value %s", causes[i].fix, txt_place(c->e), c->e->expected));
		return;
	}
	verdict_add_finding(c->v, FINDING_ERROR, STAGE_VALIDATION, "value-unknown", mem_printf("%s at %s is not the expected value", shown, answer->name), fix(c));
}

static void explain(const struct txt_case *c, const struct ev_answer *answer)
{
	for (size_t i = 0; i < CAUSES_MAX && txt_at(answer, i) && !wildcard_target(c->e); i++)
		explain_value(c, answer, txt_at(answer, i));
}

/* A record at the target of a wildcard was not written for this name. */
static void find_wildcard(const struct txt_case *c)
{
	const char *target = wildcard_target(c->e);

	if (target)
		verdict_add_finding(c->v, FINDING_ERROR, STAGE_VALIDATION, "wildcard-cname",
		                    mem_printf("there is no record at %s, so a wildcard's CNAME leads the authority to %s", txt_place(c->e), target), fix(c));
}

/* ---- wrong places ---- */

static const char *place_code(const struct evidence *e, const char *name)
{
	size_t length = strlen(e->fqdn);

	if (strcmp(name, e->identifier) == 0)
		return "record-at-name";
	if (strncmp(name, e->fqdn, length) == 0 && name[length] == '.')
		return "doubled-label";
	return "wrong-place";
}

/* A wildcard shows it there, as it does anywhere below its own name. */
static bool is_from_wildcard(const struct txt_case *c, const char *name)
{
	char witness[NAME_SIZE];
	const struct ev_answer *answer = name_witness(name, witness) ? evidence_authority(c->e, witness, TYPE_TXT) : NULL;

	return answer && has_value(c, answer);
}

/* The value was written at a name that no authority asks for. */
static void find_wrong_places(const struct txt_case *c)
{
	const struct evidence *e = c->e;

	for (size_t i = 0; i < e->answer_count; i++) {
		const struct ev_answer *answer = &e->answers[i];

		if (answer->type != TYPE_TXT || strcmp(answer->name, e->fqdn) == 0 || strcmp(answer->name, txt_place(e)) == 0 ||
		    name_is_witness(answer->name) || !has_value(c, answer) || is_from_wildcard(c, answer->name))
			continue;
		verdict_add_finding(c->v, FINDING_ERROR, STAGE_VALIDATION, place_code(e, answer->name),
		                    mem_printf("the value stands at %s, but the authority asks for %s", answer->name, e->fqdn),
		                    mem_printf("Move the TXT record from %s to %s; many providers append the zone to the name by themselves", answer->name,
		                               txt_place(e)));
	}
}

/* A value at a wrong name is the likeliest cause, so it is reported first. */
void judge_dns(const struct evidence *e, const struct authority *a, struct verdict *v)
{
	struct txt_case c = { e, a, v, has_value, refuse, explain, fix, !e->expected, NULL };
	const struct ev_answer *answer = e->fqdn ? evidence_authority(e, e->fqdn, TYPE_TXT) : NULL;

	if (e->expected && e->fqdn && !(answer && has_value(&c, answer))) {
		find_wrong_places(&c);
		find_wildcard(&c);
	}
	txt_judge(&c);
}
