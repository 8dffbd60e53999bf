/* Attempts to get out of a grant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/api/access/grants.h"

static struct grants *granted(const char *json)
{
	struct grants *g = NULL;
	struct err err = { 0 };

	if (grants_parse(json, &g, &err) < 0)
		fail_msg("%s: %s", json, err.text);
	return g;
}

static void expect(const char *grant, bool wildcard, const char *domain, int code)
{
	char json[512];
	struct grants *g;
	struct err err = { 0 };

	snprintf(json, sizeof(json), "{\"identifiers\":[\"%s\"],\"wildcard\":%s}", grant, wildcard ? "true" : "false");
	g = granted(json);
	if (grants_allow(g, CHALLENGE_DNS01, domain, &err) != code)
		fail_msg("grant %s, domain %s: got %d (%s), expected %d", grant, domain, err.code, err.text, code);
	grants_free(g);
}

static void a_suffix_holds_only_at_a_label_boundary(void **state)
{
	(void)state;
	expect("*.example.com", false, "evilexample.com", ERR_DENIED);
	expect(".example.com", false, "evilexample.com", ERR_DENIED);
	expect("*.example.com", false, "www.example.com.evil.net", ERR_DENIED);
	expect("*.example.com", false, "example.com", ERR_DENIED);
	expect("*.example.com", false, "com", ERR_DENIED);
	expect("*.example.com", false, "a.b.example.com", 0);
	expect(".example.com", false, "example.com", 0);
	expect(".example.com", false, "a.example.com", 0);
}

static void an_exact_name_holds_nothing_below_or_beside_it(void **state)
{
	(void)state;
	expect("www.example.com", false, "a.www.example.com", ERR_DENIED);
	expect("www.example.com", false, "example.com", ERR_DENIED);
	expect("www.example.com", false, "www.example.com", 0);
}

static void spelling_changes_nothing(void **state)
{
	(void)state;
	expect("www.example.com", false, "WWW.EXAMPLE.COM.", 0);
	expect("WWW.Example.com", false, "www.example.com", 0);
	expect("*.b\xc3\xbc""cher.example", false, "a.xn--bcher-kva.example", 0);
	expect("*.xn--bcher-kva.example", false, "a.B\xc3\x9c""cher.example", 0);
	expect("*.example.com", false, "EVILexample.com.", ERR_DENIED);
}

static void expect_role(const char *json, enum role role)
{
	struct grants *g = granted(json);

	assert_int_equal(grants_role(g), role);
	grants_free(g);
}

static void all_names_make_an_operator_unless_the_role_says_otherwise(void **state)
{
	(void)state;
	expect_role("{\"identifiers\":[\"*\"]}", ROLE_OPERATOR);
	expect_role("{\"identifiers\":[\"*\"],\"role\":\"client\"}", ROLE_CLIENT);
	expect_role("{\"identifiers\":[\"a.example\"]}", ROLE_CLIENT);
	expect_role("{\"role\":\"reader\"}", ROLE_READER);
}

static void a_reader_is_granted_no_name_and_stays_a_reader_when_it_is_written(void **state)
{
	struct grants *g = granted("{\"role\":\"reader\",\"networks\":[\"192.0.2.0/24\"]}");
	json_t *json = grants_json(g);
	char *text = json_dumps(json, JSON_COMPACT);
	struct err err;

	(void)state;
	assert_int_equal(grants_allow(g, CHALLENGE_DNS01, "a.example", &err), ERR_DENIED);
	assert_true(grants_see_all(g));
	assert_false(grants_operator(g));
	expect_role(text, ROLE_READER);
	free(text);
	json_decref(json);
	grants_free(g);
}

static void what_is_not_a_name_is_not_judged(void **state)
{
	(void)state;
	expect("*", true, "a..example.com", ERR_INVALID);
	expect("*", true, "", ERR_INVALID);
	expect("*", true, "*.*.example.com", ERR_INVALID);
}

static void a_wildcard_needs_the_flag_and_everything_below_it(void **state)
{
	(void)state;
	expect("*.example.com", false, "*.example.com", ERR_DENIED);
	expect("*.example.com", true, "*.example.com", 0);
	expect(".example.com", true, "*.a.example.com", 0);
	expect("example.com", true, "*.example.com", ERR_DENIED);
	expect("*.a.example.com", true, "*.example.com", ERR_DENIED);
	expect("*", false, "*.example.com", 0);
}

static void types_are_kept_apart(void **state)
{
	struct grants *g = granted("{\"identifiers\":[\"*\"],\"types\":[\"http-01\"]}");
	struct err err;

	(void)state;
	assert_int_equal(grants_allow(g, CHALLENGE_DNS01, "a.example", &err), ERR_DENIED);
	assert_int_equal(grants_allow(g, CHALLENGE_HTTP01, "a.example", &err), 0);
	grants_free(g);
}

static void networks_are_compared_by_bits(void **state)
{
	struct grants *g = granted("{\"identifiers\":[\"*\"],\"networks\":[\"192.0.2.128/25\",\"2001:db8::/33\",\"198.51.100.7\"]}");

	(void)state;
	assert_true(grants_allow_peer(g, "192.0.2.200"));
	assert_true(grants_allow_peer(g, "::ffff:192.0.2.200"));
	assert_false(grants_allow_peer(g, "192.0.2.127"));
	assert_true(grants_allow_peer(g, "2001:db8:7fff::1"));
	assert_false(grants_allow_peer(g, "2001:db8:8000::1"));
	assert_true(grants_allow_peer(g, "198.51.100.7"));
	assert_false(grants_allow_peer(g, "198.51.100.8"));
	assert_false(grants_allow_peer(g, "nonsense"));
	grants_free(g);
}

static void a_grant_that_says_nothing_clear_is_refused(void **state)
{
	static const char *const bad[] = {
		"{}", "{\"identifiers\":[]}", "{\"identifiers\":[7]}", "{\"identifiers\":[\"\"]}", "{\"identifiers\":[\"a..b\"]}",
		"{\"identifiers\":[\"*.*.a\"]}", "{\"identifiers\":[\"*a\"]}", "{\"identifiers\":[\"a\"],\"types\":[]}",
		"{\"identifiers\":[\"a\"],\"types\":[\"tls-sni-01\"]}", "{\"identifiers\":[\"a\"],\"networks\":[]}",
		"{\"identifiers\":[\"a\"],\"networks\":[\"192.0.2.0/33\"]}", "{\"identifiers\":[\"a\"],\"networks\":[\"192.0.2.0/\"]}",
		"{\"identifiers\":[\"a\"],\"networks\":[\"example.com\"]}", "{\"identifiers\":[\"a\"],\"operator\":true}",
		"{\"identifiers\":[\"a\"],\"wildcard\":\"yes\"}", "{\"identifiers\":[\"a\"],\"doors\":[]}",
		"{\"identifiers\":[\"a\"],\"doors\":[\"cellar\"]}", "{\"identifiers\":[\"a\"],\"identities\":[\"\"]}",
		"{\"identifiers\":[\"a\"],\"certificates\":[\"sha256:0\"]}", "{\"identifiers\":[\"a\"],\"rate\":\"5\"}", "{\"identifiers\":[\"a\"],\"rate\":5}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct grants *g = NULL;
		struct err err = { 0 };

		if (grants_parse(bad[i], &g, &err) == 0)
			fail_msg("%s was taken", bad[i]);
		assert_true(err.text[0]);
	}
}

static void what_is_stored_reads_back_the_same(void **state)
{
	struct grants *g = granted("{\"identifiers\":[\"*.EXAMPLE.com.\",\".b.example\",\"c.example\"],\"wildcard\":true,\"networks\":[\"192.0.2.0/24\"]}");
	json_t *first = grants_json(g), *second;
	char *text = json_dumps(first, 0);
	struct grants *again = granted(text);

	(void)state;
	second = grants_json(again);
	assert_true(json_equal(first, second));
	assert_false(grants_operator(again));
	assert_string_equal(json_string_value(json_array_get(json_object_get(first, "identifiers"), 0)), "*.example.com");
	json_decref(first);
	json_decref(second);
	free(text);
	grants_free(g);
	grants_free(again);
}

static void doors_are_kept_apart(void **state)
{
	struct grants *g = granted("{\"identifiers\":[\"a.example\"],\"doors\":[\"httpreq\",\"acme-dns\"]}");
	struct grants *every = granted("{\"identifiers\":[\"a.example\"]}");

	(void)state;
	assert_true(grants_allow_door(g, "httpreq"));
	assert_false(grants_allow_door(g, "rest"));
	assert_false(grants_allow_door(g, "http"));
	assert_true(grants_allow_door(every, "cert-manager"));
	grants_free(g);
	grants_free(every);
}

static void certificates_and_identities_are_those_listed(void **state)
{
	struct grants *g = granted("{\"identifiers\":[\"a.example\"],\"certificates\":[\"CN=a,O=b\"],\"identities\":[\"system:x\"],\"rate\":\"5/1m\"}");
	struct grants *none = granted("{\"identifiers\":[\"a.example\"]}");

	(void)state;
	assert_true(grants_identity(g, "system:x"));
	assert_false(grants_identity(g, "system:xy"));
	assert_false(grants_identity(none, "system:x"));
	assert_true(grants_certificate(g, "O=b,CN=a", NULL, NULL));
	assert_false(grants_certificate(none, "O=b,CN=a", "a", "00"));
	assert_int_equal(grants_rate(g)->count, 5);
	assert_int_equal(grants_rate(none)->count, 0);
	grants_free(g);
	grants_free(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_suffix_holds_only_at_a_label_boundary),
		cmocka_unit_test(an_exact_name_holds_nothing_below_or_beside_it),
		cmocka_unit_test(spelling_changes_nothing),
		cmocka_unit_test(all_names_make_an_operator_unless_the_role_says_otherwise),
		cmocka_unit_test(a_reader_is_granted_no_name_and_stays_a_reader_when_it_is_written),
		cmocka_unit_test(what_is_not_a_name_is_not_judged),
		cmocka_unit_test(a_wildcard_needs_the_flag_and_everything_below_it),
		cmocka_unit_test(types_are_kept_apart),
		cmocka_unit_test(networks_are_compared_by_bits),
		cmocka_unit_test(a_grant_that_says_nothing_clear_is_refused),
		cmocka_unit_test(what_is_stored_reads_back_the_same),
		cmocka_unit_test(doors_are_kept_apart),
		cmocka_unit_test(certificates_and_identities_are_those_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
