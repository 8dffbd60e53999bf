/* Names that an authority refuses when they are ordered, before any look-up. One row for each rule, in the authority's order. */
#include <idn2.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/base/mem.h"
#include "solver/dns/name.h"
#include "solver/verdict/network/address.h"
#include "solver/verdict/judge.h"
#include "solver/verdict/network/suffix.h"

#define LABEL_MAX 63

struct subject {
	const char *name; /* without "*." */
	bool wildcard, ip;
	const char *type;
	const struct authority *a;
};

struct rule {
	const char *code;
	bool (*broken)(const struct subject *s);
	const char *sentence; /* the authority's */
	const char *fix;     /* followed by the name */
	bool public_only;
};

/* ---- labels ---- */

typedef bool (*label_fn)(const char *label, size_t length);

static bool any_label(const char *name, label_fn test)
{
	for (;;) {
		size_t length = strcspn(name, ".");

		if (test(name, length))
			return true;
		if (!name[length])
			return false;
		name += length + 1;
	}
}

static bool label_is_empty(const char *label, size_t length)
{
	(void)label;
	return length == 0;
}

static bool label_is_long(const char *label, size_t length)
{
	(void)label;
	return length > LABEL_MAX;
}

static bool label_has_outer_hyphen(const char *label, size_t length)
{
	return length && (label[0] == '-' || label[length - 1] == '-');
}

static bool label_is_reserved(const char *label, size_t length)
{
	return length >= 4 && label[2] == '-' && label[3] == '-' && strncmp(label, "xn", 2) != 0;
}

/* It must decode, and be in Unicode's normal form C. That a character may not stand in a host name (IDNA 2008) is nothing that
 * authorities look at. */
static bool label_is_bad_punycode(const char *label, size_t length)
{
	CLEANUP(mem_freep) char *text = NULL;
	char *decoded = NULL;
	uint8_t *encoded = NULL;
	int rc;

	if (length < 4 || length > LABEL_MAX || strncmp(label, "xn--", 4) != 0)
		return false;
	text = mem_dup_n(label, length);
	if (idn2_to_unicode_8z8z(text, &decoded, 0) != IDN2_OK)
		return true;
	rc = idn2_lookup_u8((const uint8_t *)decoded, &encoded, IDN2_NO_TR46);
	idn2_free(decoded);
	idn2_free(encoded);
	return rc == IDN2_NOT_NFC;
}

/* ---- rules of names ---- */

static bool is_empty(const struct subject *s)
{
	return !*s->name;
}

static size_t stars(const struct subject *s)
{
	size_t count = s->wildcard;

	for (const char *p = s->name; *p; p++)
		count += *p == '*';
	return count;
}

static bool has_stars(const struct subject *s)
{
	return stars(s) > 1;
}

static bool has_misplaced_star(const struct subject *s)
{
	return stars(s) == 1 && !s->wildcard;
}

static bool is_wildcard_of_nothing_public(const struct subject *s)
{
	return s->wildcard && !suffix_of(s->name);
}

static bool is_wildcard_of_suffix(const struct subject *s)
{
	return s->wildcard && suffix_of(s->name) == s->name;
}

static bool has_upper_case(const struct subject *s)
{
	for (const char *p = s->name; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			return true;
	return false;
}

static bool has_underscore(const struct subject *s)
{
	return strchr(s->name, '_') != NULL;
}

static bool has_other_character(const struct subject *s)
{
	return s->name[strspn(s->name, "abcdefghijklmnopqrstuvwxyz0123456789-.")] != '\0';
}

static bool is_long(const struct subject *s)
{
	return strlen(s->name) > NAME_MAX_TEXT;
}

static bool ends_in_dot(const struct subject *s)
{
	return s->name[strlen(s->name) - 1] == '.';
}

static bool has_many_labels(const struct subject *s)
{
	int64_t labels = 1;

	for (const char *p = s->name; *p; p++)
		labels += *p == '.';
	return s->a->labels_max && labels > s->a->labels_max;
}

static bool has_one_label(const struct subject *s)
{
	return !strchr(s->name, '.');
}

static bool has_empty_label(const struct subject *s)
{
	return any_label(s->name, label_is_empty);
}

static bool has_long_label(const struct subject *s)
{
	return any_label(s->name, label_is_long);
}

static bool has_outer_hyphen(const struct subject *s)
{
	return any_label(s->name, label_has_outer_hyphen);
}

static bool has_reserved_label(const struct subject *s)
{
	return any_label(s->name, label_is_reserved);
}

static bool has_bad_punycode(const struct subject *s)
{
	return any_label(s->name, label_is_bad_punycode);
}

static bool is_not_public(const struct subject *s)
{
	return !suffix_of(s->name);
}

static bool is_suffix(const struct subject *s)
{
	return suffix_of(s->name) == s->name;
}

static bool is_dns_type(const char *type)
{
	return strncmp(type, "dns-", 4) == 0;
}

/* Names that never are in the DNS (RFC 6761, 7686, 9476): no authority, private ones included, can look them up; "localhost" is this
 * machine, and so at most a web server. Others of their kind, like "test" and "local", may be served by somebody's own resolver;
 * public authorities refuse them as not public. */
static bool is_never_in_dns(const struct subject *s)
{
	static const char *const tops[] = { "onion", "invalid", "alt" };

	for (size_t i = 0; i < ARRAY_LEN(tops); i++)
		if (name_is_below(s->name, tops[i]))
			return true;
	return is_dns_type(s->type) && name_is_below(s->name, "localhost");
}

static bool is_for_homes(const struct subject *s)
{
	return name_is_below(s->name, "home.arpa");
}

static bool needs_dns(const struct subject *s)
{
	return s->wildcard && !is_dns_type(s->type);
}

#define BAD_CHARACTER "Domain name contains an invalid character"
#define SPECIAL_USE "Domain name is a special-use name, which is never looked up in the public DNS"
#define NOT_PUBLIC "Domain name does not end with a valid public suffix (TLD)"

static const struct rule name_rules[] = {
	{ "name-empty", is_empty, "Identifier value (name) is empty", "Give a name in place of", false },
	{ "name-wildcards", has_stars, "Domain name has more than one wildcard", "Order a wildcard for one level only in place of", false },
	{ "name-wildcard-place", has_misplaced_star,
	  "Domain name contains an invalid wildcard. A wildcard is only permitted before the first dot in a domain name",
	  "Put the asterisk alone before the first dot of", false },
	{ "name-not-public", is_wildcard_of_nothing_public, NOT_PUBLIC,
	  "Use a private authority, or a name under a registered domain, for", true },
	{ "name-wildcard-suffix", is_wildcard_of_suffix, "Domain name is a wildcard for an ICANN TLD",
	  "Order the wildcard for a registered domain below the public suffix, not", true },
	{ "name-upper-case", has_upper_case, BAD_CHARACTER, "Write in lower case", false },
	{ "name-underscore", has_underscore, BAD_CHARACTER, "Rename the host: no authority issues for a name with '_', like", false },
	{ "name-character", has_other_character, BAD_CHARACTER,
	  "Use only letters, digits, '-' and '.' (and the xn-- form of an international name) in", false },
	{ "name-long", is_long, "Domain name is longer than 253 bytes", "Order a shorter name, or a wildcard above, for", false },
	{ "name-dot", ends_in_dot, "Domain name ends in a dot", "Remove the final dot of", false },
	{ "name-labels", has_many_labels, "Domain name has too many labels", "Order a wildcard for the level above, or a name with fewer dots, for", false },
	{ "name-one-label", has_one_label, "Domain name needs at least one dot", "Give the full name, with its domain, of", true },
	{ "name-empty-label", has_empty_label, "Domain name can not have two dots in a row", "Remove the surplus dot of", false },
	{ "name-long-label", has_long_label, "Domain has a label (component between dots) longer than 63 bytes",
	  "Shorten the label over 63 bytes of", false },
	{ "name-hyphen", has_outer_hyphen, BAD_CHARACTER, "Rename the host: no label may begin or end with '-', as in", true },
	{ "name-reserved-label", has_reserved_label, "Domain name contains an invalid label in a reserved format (R-LDH: '?" "?--')",
	  "Rename the host: only xn-- may stand before the third and fourth '-' of", true },
	{ "name-punycode", has_bad_punycode, "Domain name contains malformed punycode",
	  "Convert the international name again (lower case, normal form C) instead of", true },
	{ "name-not-public", is_not_public, NOT_PUBLIC, "Use a private authority, or a name under a registered domain, for", true },
	{ "name-special-use", is_never_in_dns, SPECIAL_USE, "Give the service a name under a registered domain instead of", false },
	{ "name-special-use", is_for_homes, SPECIAL_USE, "Use a private authority, or a name under a registered domain, for", true },
	{ "name-suffix", is_suffix, "Domain name is an ICANN TLD", "Order a registered domain below the public suffix, not", true },
	{ "name-wildcard-type", needs_dns, "A wildcard is proven by DNS only", "Use dns-01 for", false },
	{ 0 },
};

/* ---- rules of addresses ---- */

static bool is_not_canonical(const struct subject *s)
{
	char canonical[64];

	return !address_canonical(s->name, canonical) || strcmp(canonical, s->name) != 0;
}

static bool is_reserved(const struct subject *s)
{
	return s->a->reserved_refused && address_block(s->name);
}

static bool is_wildcard(const struct subject *s)
{
	return s->wildcard;
}

static bool needs_no_dns(const struct subject *s)
{
	return is_dns_type(s->type);
}

static const struct rule address_rules[] = {
	{ "address-wildcard", is_wildcard, "Domain name contains an invalid wildcard. A wildcard is only permitted before the first dot in a domain name",
	  "Order the address itself, without an asterisk:", false },
	{ "address-form", is_not_canonical, "IP address is invalid", "Write in its shortest form (RFC 5952), without brackets, port or zone, the address", false },
	{ "address-reserved", is_reserved, "IP address is in a reserved address block", "Use a private authority, or a public address, for", false },
	{ "address-type", needs_no_dns, "An IP address is proven by HTTP-01 or TLS-ALPN-01 only", "Use http-01 for", false },
	{ 0 },
};

static const struct rule *first_broken(const struct subject *s)
{
	for (const struct rule *r = s->ip ? address_rules : name_rules; r->code; r++)
		if ((s->a->public_names || !r->public_only) && r->broken(s))
			return r;
	return NULL;
}

static struct subject subject_of(const char *identifier, bool wildcard, bool ip, const char *type, const struct authority *a)
{
	struct subject s = { identifier, wildcard, ip, type, a };
	char canonical[64];

	if (!wildcard && strncmp(identifier, "*.", 2) == 0) {
		s.name += 2;
		s.wildcard = true;
	}
	s.ip = ip || strchr(s.name, ':') || address_canonical(s.name, canonical);
	return s;
}

/* The authority's sentence. */
static char *sentence(const struct subject *s, const struct rule *r)
{
	const char *star = s->wildcard ? "*." : "";

	if (r->broken == has_many_labels)
		return mem_printf("Cannot issue for \"%s%s\": Domain name has more than %lld labels (parts)", star, s->name,
		                  (long long)s->a->labels_max);
	if (r->broken == is_reserved)
		return mem_printf("Cannot issue for \"%s\": %s: %s", s->name, r->sentence, address_block(s->name));
	return mem_printf("Cannot issue for \"%s%s\": %s", star, s->name, r->sentence);
}

int identifier_check(const char *identifier, bool wildcard, const char *type, const struct authority *a, struct err *err)
{
	const struct subject s = subject_of(identifier, wildcard, false, type, a);
	const struct rule *r = first_broken(&s);
	CLEANUP(mem_freep) char *text = r ? sentence(&s, r) : NULL;

	return r ? err_set(err, ERR_INVALID, "%s", text) : 0;
}

/* ---- what is accepted and may still go wrong ---- */

static void warn(struct verdict *v, const char *code, char *text, char *fix)
{
	verdict_add_finding(v, FINDING_WARNING, STAGE_IDENTIFIER, code, text, fix);
}

/* Names that the list of suffixes accepts, but a policy or a resolver refuses. */
static void warn_of_special_use(const struct subject *s, struct verdict *v)
{
	if (name_is_below(s->name, "in-addr.arpa") || name_is_below(s->name, "ip6.arpa"))
		warn(v, "name-reverse", mem_printf("%s lies in a reverse zone, for which public authorities must not issue.", s->name),
		     mem_printf("Order the IP address itself instead of %s", s->name));
}

static bool offers(const struct authority *a, const char *type)
{
	for (size_t i = 0; a->types[i]; i++)
		if (strcmp(a->types[i], type) == 0)
			return true;
	return false;
}

static void warn_of_type(const struct subject *s, struct verdict *v)
{
	if (!offers(s->a, s->type))
		warn(v, "type-not-offered", mem_printf("%s does not offer %s.", s->a->title, s->type),
		     mem_printf("Use %s, or an authority that offers %s", s->wildcard ? "dns-01" : s->a->types[0], s->type));
}

void judge_identifier(const struct evidence *e, const struct authority *a, struct verdict *v)
{
	const struct subject s = subject_of(e->identifier, e->wildcard, e->ip, e->type, a);
	const struct rule *r = first_broken(&s);
	enum problem_type problem = a->public_names ? PROBLEM_REJECTED_IDENTIFIER : PROBLEM_MALFORMED;

	if (r) {
		verdict_add_finding(v, FINDING_ERROR, STAGE_IDENTIFIER, r->code, sentence(&s, r),
		                    mem_printf("%s %s%s", r->fix, s.wildcard ? "*." : "", s.name));
		verdict_decide(v, VERDICT_FAIL, STAGE_IDENTIFIER, problem, sentence(&s, r));
		return;
	}
	if (a->public_names && !s.ip)
		warn_of_special_use(&s, v);
	warn_of_type(&s, v);
	verdict_decide(v, VERDICT_PASS, STAGE_IDENTIFIER, PROBLEM_NONE, mem_printf("%s accepts this name", a->title));
}
