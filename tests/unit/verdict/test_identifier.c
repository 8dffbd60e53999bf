#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/base/mem.h"
#include "solver/verdict/judge.h"
#include "solver/verdict/network/suffix.h"

#define BAD "contains an invalid character"
#define IP_BAD "IP address is invalid"
#define IP_RESERVED "IP address is in a reserved address block"
#define WILD "contains an invalid wildcard"
#define SHORT "can not have two dots in a row"
#define DOT "ends in a dot"
#define FEW "needs at least one dot"
#define SPECIAL_USE "special-use name"
#define NONPUBLIC "does not end with a valid public suffix (TLD)"
#define TLD "is an ICANN TLD"
#define RLDH "invalid label in a reserved format"
#define IDN "malformed punycode"
#define HEX "0123456789abcdef"
#define LONG_NAME "www." HEX HEX HEX HEX HEX HEX HEX HEX HEX HEX HEX HEX HEX HEX HEX "012345.com"
#define ALPHABET "abcdefghijklmnopqrstuvwxyz"

static struct authorities *authorities;

static int load_authorities(void **state)
{
	(void)state;
	return authorities_load(NULL, &authorities, NULL);
}

static int free_authorities(void **state)
{
	(void)state;
	authorities_free(authorities);
	return 0;
}

/* `sentence` NULL: accepted. */
static void check(const char *authority, const char *identifier, const char *type, const char *sentence)
{
	bool wildcard = strncmp(identifier, "*.", 2) == 0;
	struct err err = { 0 };
	int rc = identifier_check(identifier + (wildcard ? 2 : 0), wildcard, type, authorities_find(authorities, authority), &err);

	if (!sentence && rc < 0)
		fail_msg("%s: %s", identifier, err.text);
	if (sentence && (rc != ERR_INVALID || !strstr(err.text, sentence)))
		fail_msg("%s: \"%s\" does not hold \"%s\"", identifier, rc < 0 ? err.text : "accepted", sentence);
}

static const struct { const char *name, *sentence; } names[] = {
	/* measured: N01 to N10 */
	{ "a_b.lab.com", BAD },
	{ "a.b.c.d.e.f.g.h.lab.com", NULL },
	{ "a.b.c.d.e.f.g.h.i.lab.com", "has more than 10 labels (parts)" },
	{ "host.local", NONPUBLIC },
	{ "ab--cd.lab.com", RLDH },
	{ "xn--a.lab.com", NULL },
	{ "-a.lab.com", BAD },
	{ "1.0.0.127.in-addr.arpa", NULL },
	{ "*.com", "is a wildcard for an ICANN TLD" },
	/* an authority's own list */
	{ "", "(name) is empty" },
	{ "zomb!.com", BAD },
	{ "emailaddress@myseriously.present.com", BAD },
	{ "user:pass@myseriously.present.com", IP_BAD },
	{ "z\xc3\xb6mbo.com", BAD },
	{ "fe80::1:1", IP_RESERVED },
	{ "[2001:db8:85a3:8d3:1319:8a2e:370:7348]", IP_BAD },
	{ "[2001:db8:85a3:8d3:1319:8a2e:370:7348]:443", IP_BAD },
	{ "2001:db8::/32", IP_BAD },
	{ "a.b.c.d.e.f.g.h.i.j.k", "has more than 10 labels (parts)" },
	{ LONG_NAME, "longer than 253 bytes" },
	{ "www.ef0123456789abcdef013456789abcdef012345.789abcdef012345679abcdef0123456789abcdef01234.6789abcdef0123456789abcdef0."
	  "23456789abcdef0123456789a.cdef0123456789abcdef0123456789ab.def0123456789abcdef0123456789.bcdef0123456789abcdef012345.com", NULL },
	{ "www." ALPHABET ALPHABET ALPHABET ".com", "longer than 63 bytes" },
	{ "www.-ombo.com", BAD },
	{ "www.zomb-.com", BAD },
	{ "xn--.net", BAD },
	{ "-0b.net", BAD },
	{ "-.net", BAD },
	{ "---.net", BAD },
	{ "0", FEW },
	{ "1", FEW },
	{ "*", WILD },
	{ "**", "more than one wildcard" },
	{ "*.*", "more than one wildcard" },
	{ "zombo*com", WILD },
	{ "ok.*.whatever.*.example.com", "more than one wildcard" },
	{ "ok.*.whatever.example.com", WILD },
	{ "*.ok.madeup", NONPUBLIC },
	{ "*.co.uk", "is a wildcard for an ICANN TLD" },
	{ "*.lowvalue.letsdecrypt.org", NULL },
	{ "..a", SHORT },
	{ "a..a", SHORT },
	{ ".a..a", SHORT },
	{ "..foo.com", SHORT },
	{ ".", DOT },
	{ "..", DOT },
	{ "a..", DOT },
	{ ".....", DOT },
	{ ".a.", DOT },
	{ "www.zombo.com.", DOT },
	{ "www.zombo_com.com", BAD },
	{ "\xef\xbb\xbf", BAD },
	{ "\xef\xbb\xbfwww.zombo.com", BAD },
	{ "www.zom\xe2\x80\xae" "bo.com", BAD },
	{ "\xe2\x80\x8fwww.zombo.com", BAD },
	{ "zombocom", FEW },
	{ "localhost", FEW },
	{ "mail", FEW },
	{ "CapitalizedLetters.com", BAD },
	{ "example.acting", NONPUBLIC },
	{ "example.internal", NONPUBLIC },
	{ "www.zombo.163", NONPUBLIC },
	{ "xn--109-3veba6djs1bfxlfmx6c9g.xn--f1awi.xn--p1ai", IDN },
	{ "bq--abwhky3f6fxq.jakacomo.com", RLDH },
	{ "bq---abwhky3f6fxq.jakacomo.com", RLDH },
	{ "h---test.hk2yz.org", RLDH },
	{ "co.uk", TLD },
	{ "com", FEW },
	{ "foo.bd", TLD },
	{ "www.xn--m.com", IDN },
	{ "www.xn--mnich-kva.com", NULL },
	{ "xn--example--3bhk5a.xn--p1ai", NULL },
	{ "lowvalue.website1.org", NULL },
	{ "website4.sucks", NULL },
	{ "www.8675309.com", NULL },
	{ "8675309.com", NULL },
	{ "www.web-site2.com", NULL },
	/* the section of private suffixes does not count */
	{ "github.io", NULL },
	{ "*.github.io", NULL },
	{ "s3.amazonaws.com", NULL },
	{ "c.kobe.jp", TLD },
	{ "kobe.jp", NULL },
	{ "city.kobe.jp", NULL },
	{ "ide.kyoto.jp", TLD },
	{ "test.kyoto.jp", NULL },
	/* special-use names */
	{ "printer.test", NONPUBLIC },
	{ "host.invalid", NONPUBLIC },
	{ "host.localhost", NONPUBLIC },
	{ "www.example", NONPUBLIC },
	{ "a.home.arpa", SPECIAL_USE },
	{ "abcdefghijklmnop.onion", SPECIAL_USE },
};

static void every_name_is_judged_as_the_authority_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		check("letsencrypt", names[i].name, "dns-01", names[i].sentence);
}

static const struct { const char *address, *sentence; } addresses[] = {
	{ "9.9.9.9", NULL },
	{ "2620:fe::fe", NULL },
	{ "127.0.0.1", IP_RESERVED },
	{ "10.0.0.1", IP_RESERVED },
	{ "192.0.2.129", IP_RESERVED },
	{ "2001:db8:eee:eeee:eeee:eeee:d01:f1", IP_RESERVED },
	{ "::ffff:192.168.1.1", IP_RESERVED },
	{ "2620:FE::FE", IP_BAD },
	{ "2620:00fe::fe", IP_BAD },
	{ "2620:fe:0:0:0:0:0:fe", IP_BAD },
	{ "[2620:fe::fe]", IP_BAD },
	{ "[2620:fe::fe]:443", IP_BAD },
	{ "2620:fe::fe%eth0", IP_BAD },
	{ "9.9.9.9:443", IP_BAD },
	{ "2620:fe::/32", IP_BAD },
	{ "192.168.1.1.1", NONPUBLIC },
	{ "192.168.1.256", NONPUBLIC },
	{ "192.168.1.0/24", BAD },
	{ "0xc0a80101", FEW },
	{ "*.9.9.9.9", WILD },
};

static void addresses_stand_in_their_canonical_form_and_are_public(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(addresses); i++)
		check("letsencrypt", addresses[i].address, "http-01", addresses[i].sentence);
}

static void the_type_must_fit_the_identifier(void **state)
{
	(void)state;
	check("letsencrypt", "*.lab.com", "http-01", "A wildcard is proven by DNS only");
	check("letsencrypt", "*.lab.com", "tls-alpn-01", "A wildcard is proven by DNS only");
	check("letsencrypt", "*.lab.com", "dns-account-01", NULL);
	check("letsencrypt", "*.lab.com", "dns-persist-01", NULL);
	check("letsencrypt", "9.9.9.9", "dns-01", "proven by HTTP-01 or TLS-ALPN-01 only");
	check("letsencrypt", "9.9.9.9", "tls-alpn-01", NULL);
	check("pebble", "*.lab.com", "http-01", "A wildcard is proven by DNS only");
}

static void an_authority_of_ones_own_takes_names_that_are_not_public(void **state)
{
	(void)state;
	check("pebble", "host.local", "dns-01", NULL);
	check("pebble", "a.b.c.d.e.f.g.h.i.lab.com", "dns-01", NULL);
	check("pebble", "ab--cd.lab.com", "dns-01", NULL);
	check("pebble", "-a.lab.com", "dns-01", NULL);
	check("pebble", "*.com", "dns-01", NULL);
	check("private", "localhost", "http-01", NULL);
	check("private", "localhost", "dns-01", SPECIAL_USE);
	check("private", "a.onion", "http-01", SPECIAL_USE);
	check("private", "a.home.arpa", "dns-01", NULL);
	check("private", "10.0.0.1", "http-01", NULL);
	check("pebble", "a_b.lab.com", "dns-01", BAD);
	check("private", "a..b", "dns-01", SHORT);
}

static void the_sentence_is_the_authoritys_and_the_mend_names_the_name(void **state)
{
	struct evidence *e = evidence_new();
	struct verdict *v = verdict_new();

	(void)state;
	e->identifier = mem_dup("com");
	e->wildcard = true;
	e->type = mem_dup("dns-01");
	judge_identifier(e, authorities_find(authorities, "letsencrypt"), v);
	assert_int_equal(v->result, VERDICT_FAIL);
	assert_int_equal(v->problem, PROBLEM_REJECTED_IDENTIFIER);
	assert_string_equal(v->detail, "Cannot issue for \"*.com\": Domain name is a wildcard for an ICANN TLD");
	assert_string_equal(v->findings[0].fix, "Order the wildcard for a registered domain below the public suffix, not *.com");
	verdict_free(v);
	evidence_free(e);
}

static void expect_warning(const char *identifier, const char *type, const char *authority, const char *code)
{
	struct evidence *e = evidence_new();
	struct verdict *v = verdict_new();

	e->identifier = mem_dup(identifier);
	e->type = mem_dup(type);
	judge_identifier(e, authorities_find(authorities, authority), v);
	assert_int_equal(v->result, VERDICT_PASS);
	assert_int_equal(v->finding_count, code ? 1 : 0);
	if (code) {
		assert_string_equal(v->findings[0].code, code);
		assert_int_equal(v->findings[0].severity, FINDING_WARNING);
	}
	verdict_free(v);
	evidence_free(e);
}

static void what_a_policy_may_refuse_is_a_warning(void **state)
{
	(void)state;
	expect_warning("1.0.0.127.in-addr.arpa", "dns-01", "letsencrypt", "name-reverse");
	expect_warning("www.lab.com", "dns-account-01", "letsencrypt", "type-not-offered");
	expect_warning("www.lab.com", "dns-account-01", "pebble", NULL);
	expect_warning("www.lab.com", "dns-01", "letsencrypt", NULL);
}

static void suffixes_are_those_of_the_icann_section(void **state)
{
	static const struct { const char *name, *suffix; } rows[] = {
		{ "biz", "biz" }, { "b.domain.biz", "biz" }, { "kobe.jp", "jp" }, { "c.kobe.jp", "c.kobe.jp" },
		{ "a.b.c.kobe.jp", "c.kobe.jp" }, { "www.city.kobe.jp", "jp" }, { "a.b.ide.kyoto.jp", "ide.kyoto.jp" },
		{ "foo.compute-1.amazonaws.com", "com" }, { "cloudapp.net", "net" }, { "example", NULL }, { "example.example", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *suffix = suffix_of(rows[i].name);

		if (rows[i].suffix)
			assert_string_equal(suffix, rows[i].suffix);
		else
			assert_null(suffix);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_name_is_judged_as_the_authority_does),
		cmocka_unit_test(addresses_stand_in_their_canonical_form_and_are_public),
		cmocka_unit_test(the_type_must_fit_the_identifier),
		cmocka_unit_test(an_authority_of_ones_own_takes_names_that_are_not_public),
		cmocka_unit_test(the_sentence_is_the_authoritys_and_the_mend_names_the_name),
		cmocka_unit_test(what_a_policy_may_refuse_is_a_warning),
		cmocka_unit_test(suffixes_are_those_of_the_icann_section),
	};

	return cmocka_run_group_tests(tests, load_authorities, free_authorities);
}
