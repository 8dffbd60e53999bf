/* Whether an answer may be written where a CNAME leads: a table of who asks for what, and what stands there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "solver/engine/target.h"

#define ZONE "dlg.test"
#define DIGEST_OF_BANK "6ptwtmatnxnf5ckd6bstjk7a3zrbijq7"

/* The grants of a row: one identifier, a suffix ".x", or "*". */
static bool is_granted(const char *identifier, void *arg)
{
	const char *grant = arg;

	if (strcmp(grant, "*") == 0)
		return true;
	return grant[0] == '.' ? name_is_below(identifier, grant + 1) : strcmp(identifier, grant) == 0;
}

enum expected { ALLOWED, BINDS, REFUSED };

struct row {
	const char *grant, *identifier, *name, *bound;
	enum expected expected;
	const char *says;
};

static void check(const struct row *r, const char *zone, bool first_use, enum target_account account)
{
	struct target t = { "evil", r->identifier, "_acme-challenge.asked.test", r->name, zone, r->bound, first_use, NULL, account };
	struct err err = { 0 };
	bool binds;
	int code = target_check(&t, is_granted, (void *)r->grant, &binds, &err);

	if ((code < 0) != (r->expected == REFUSED) || binds != (r->expected == BINDS))
		fail_msg("%s for %s at %s: code %d, binds %d: %s", r->grant, r->identifier, r->name, code, binds, err.text);
	if (r->says && !strstr(err.text, r->says))
		fail_msg("\"%s\" does not say \"%s\"", err.text, r->says);
	if (code < 0)
		assert_int_equal(code, ERR_DENIED);
}

#define CHECK_ALL(rows, zone, first_use) \
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) \
		check(&rows[i], zone, first_use, TARGET_NO_ACCOUNT)

static void outside_of_a_delegation_zone_the_target_must_be_granted(void **state)
{
	static const struct row rows[] = {
		{ "evil.test", "evil.test", "_acme-challenge.bank.test", NULL, REFUSED, "which stands for bank.test, and that is not granted to client evil" },
		{ "evil.test", "evil.test", "_validation-persist.bank.test", NULL, REFUSED, "stands for bank.test" },
		{ "evil.test", "evil.test", "_ujmmovf2vn55tgye._acme-challenge.bank.test", NULL, REFUSED, "stands for bank.test" },
		{ "evil.test", "evil.test", "in.park.test", NULL, REFUSED, "add the route {suffix: park.test, type: dns-01, delegation: on} and run \"dcvd delegate bind in.park.test evil.test\"" },
		{ "evil.test", "evil.test", "evil.test.park.test", NULL, REFUSED, "a CNAME is no grant" },
		{ "evil.test", "evil.test", "in.park.test", "evil.test", REFUSED, NULL }, /* a binding counts in a delegation zone only */
		{ ".evil.test", "evil.test", "_acme-challenge.notevil.test", NULL, REFUSED, NULL },
		{ "evil.test", "evil.test", "_acme-challenge.evil.test", NULL, ALLOWED, NULL },
		{ ".evil.test", "a.evil.test", "_acme-challenge.b.evil.test", NULL, ALLOWED, NULL },
		{ ".evil.test", "a.evil.test", "park.evil.test", NULL, ALLOWED, NULL },
		{ "*", "evil.test", "_acme-challenge.bank.test", NULL, ALLOWED, NULL },
	};

	(void)state;
	CHECK_ALL(rows, NULL, false);
	CHECK_ALL(rows, NULL, true);
}

static void the_advice_names_the_zone_of_the_form_and_what_the_route_of_now_says(void **state)
{
	static const struct config_route plain = { .suffix = (char *)"", .provider = (char *)"corp" },
	                                 zoned = { .suffix = (char *)"test", .provider = (char *)"corp", .zone = (char *)"dlg.test", .authority = (char *)"pebble" },
	                                 same = { .suffix = (char *)ZONE, .provider = (char *)"corp" };
	static const struct { const struct config_route *route; const char *name, *says; } rows[] = {
		{ &plain, "evil.test." ZONE, "if dlg.test takes in the challenges of others, add the route {suffix: dlg.test, type: dns-01, provider: corp, delegation: on}" },
		{ &plain, "_acme-challenge.evil.test." ZONE, "add the route {suffix: dlg.test, type: dns-01, provider: corp, delegation: on}" },
		{ &plain, "2wcl6kxfxzotrsvbsgsyxzepbyowttbf." ZONE, "and run \"dcvd delegate bind" }, /* the digest of another one */
		{ &plain, "in." ZONE, "delegation: on} and run \"dcvd delegate bind in.dlg.test evil.test\"" },
		{ &zoned, "evil.test." ZONE, "{suffix: dlg.test, type: dns-01, provider: corp, zone: dlg.test, authority: pebble, delegation: on}" },
		{ &same, "evil.test." ZONE, "say delegation: on in the route of dlg.test" },
		{ &same, "in." ZONE, "say delegation: on in the route of dlg.test and run \"dcvd delegate bind in.dlg.test evil.test\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct target t = { .client = "evil", .identifier = "evil.test", .asked = "_acme-challenge.evil.test", .name = rows[i].name, .route = rows[i].route };
		struct err err = { 0 };
		bool binds;

		assert_int_equal(target_check(&t, is_granted, "evil.test", &binds, &err), ERR_DENIED);
		if (!strstr(err.text, rows[i].says))
			fail_msg("\"%s\" does not say \"%s\"", err.text, rows[i].says);
	}
}

static void without_a_cname_the_name_itself_must_be_granted(void **state)
{
	struct target t = { .client = "evil", .identifier = "evil.test", .asked = "_acme-challenge.bank.test", .name = "_acme-challenge.bank.test" };
	struct err err = { 0 };
	bool binds;

	(void)state;
	assert_int_equal(target_check(&t, is_granted, "evil.test", &binds, &err), ERR_DENIED);
	assert_string_equal(err.text, "_acme-challenge.bank.test stands for bank.test, which is not granted to client evil");
}

static const struct row delegated[] = {
	/* by form */
	{ "bank.test", "bank.test", "bank.test." ZONE, NULL, ALLOWED, NULL },
	{ "bank.test", "bank.test", "_acme-challenge.bank.test." ZONE, NULL, ALLOWED, NULL },
	{ "bank.test", "bank.test", "_validation-persist.bank.test." ZONE, NULL, ALLOWED, NULL },
	{ "bank.test", "bank.test", "_ujmmovf2vn55tgye._acme-challenge.bank.test." ZONE, NULL, ALLOWED, NULL },
	{ "evil.test", "evil.test", "bank.test." ZONE, NULL, REFUSED, "belongs to bank.test, not to evil.test" },
	{ ".bank.test", "www.bank.test", "bank.test." ZONE, NULL, REFUSED, "belongs to bank.test, not to www.bank.test" },
	{ "*", "evil.test", "bank.test." ZONE, NULL, REFUSED, "\"dcvd delegate evil.test\"" },
	{ "evil.test", "bank.test", "bank.test." ZONE, NULL, REFUSED, "belongs to bank.test, which is not granted to client evil" },
	{ ".dlg.test", "bank.test", "bank.test." ZONE, NULL, REFUSED, "not granted" },
	{ ".test", "evil.test", "bank.test." ZONE, NULL, REFUSED, NULL },
	/* by digest */
	{ "bank.test", "bank.test", DIGEST_OF_BANK "." ZONE, NULL, ALLOWED, NULL },
	{ "bank.test", "bank.test", "_acme-challenge." DIGEST_OF_BANK "." ZONE, NULL, ALLOWED, NULL },
	{ "evil.test", "evil.test", DIGEST_OF_BANK "." ZONE, NULL, REFUSED, "does not belong to evil.test" },
	{ "evil.test", "bank.test", DIGEST_OF_BANK "." ZONE, NULL, REFUSED, "not granted" },
	/* bound */
	{ "bank.test", "bank.test", "site7." ZONE, "bank.test", ALLOWED, NULL },
	{ "evil.test", "evil.test", "site7." ZONE, "bank.test", REFUSED, "belongs to bank.test" },
	{ "bank.test", "bank.test", "bank.test." ZONE, "shop.test", REFUSED, "belongs to shop.test" },
	{ "shop.test", "shop.test", "bank.test." ZONE, "shop.test", ALLOWED, NULL },
	/* the target is all that the caller knows */
	{ "bank.test", "bank.test." ZONE, "bank.test." ZONE, NULL, ALLOWED, NULL },
	{ ".dlg.test", "bank.test." ZONE, "bank.test." ZONE, NULL, REFUSED, "no grant on names reaches into a delegation zone" },
	{ ".test", "site7." ZONE, "site7." ZONE, NULL, REFUSED, "send the domain that is to be validated" },
	{ "bank.test", "site7." ZONE, "site7." ZONE, "bank.test", ALLOWED, NULL },
	{ "evil.test", "site7." ZONE, "site7." ZONE, "bank.test", REFUSED, "not granted" },
	{ ".dlg.test", "www." ZONE, "_acme-challenge.www." ZONE, NULL, REFUSED, NULL },
	/* nobody's */
	{ "evil.test", "evil.test", ZONE, NULL, REFUSED, NULL },
	{ "evil.test", "evil.test", "_acme-challenge." ZONE, NULL, REFUSED, NULL },
	{ "*", ZONE, "_acme-challenge." ZONE, NULL, REFUSED, NULL },
};

static void inside_a_delegation_zone_a_name_belongs_to_one_identifier(void **state)
{
	static const struct row unbound[] = {
		{ "evil.test", "evil.test", "site7." ZONE, NULL, REFUSED, "run \"dcvd delegate bind site7.dlg.test evil.test\"" },
	};

	(void)state;
	CHECK_ALL(delegated, ZONE, false);
	CHECK_ALL(unbound, ZONE, false);
}

static void the_first_use_binds_only_what_nobody_has_by_form_or_digest(void **state)
{
	static const struct row rows[] = {
		{ "evil.test", "evil.test", "site7." ZONE, NULL, BINDS, NULL },
		{ "evil.test", "evil.test", "_acme-challenge.site7." ZONE, NULL, BINDS, NULL },
		{ "evil.test", "bank.test", "site7." ZONE, NULL, REFUSED, "not granted" },
		{ "evil.test", "evil.test", "site7." ZONE, "evil.test", ALLOWED, NULL },
		{ "evil.test", "evil.test", "a.b." ZONE, NULL, REFUSED, NULL },
	};

	(void)state;
	CHECK_ALL(delegated, ZONE, true);
	CHECK_ALL(rows, ZONE, true);
}

static void a_name_that_another_may_have_is_bound_to_nobody_else(void **state)
{
	static const struct { const char *name, *identifier, *says; } rows[] = {
		{ "bank.test." ZONE, "evil.test", "belongs to bank.test by its form" },
		{ "_acme-challenge.bank.test." ZONE, "evil.test", "belongs to bank.test by its form" },
		{ "_validation-persist.bank.test." ZONE, "evil.test", "belongs to bank.test by its form" },
		{ "bank.test." ZONE, "www.bank.test", "belongs to bank.test by its form" },
		{ DIGEST_OF_BANK "." ZONE, "evil.test", "has the form of a digest" },
		{ "_acme-challenge." DIGEST_OF_BANK "." ZONE, "evil.test", "\"dcvd delegate evil.test\"" },
		{ "bank.test." ZONE, "bank.test", NULL },
		{ DIGEST_OF_BANK "." ZONE, "bank.test", NULL },
		{ "site7." ZONE, "evil.test", NULL },
		{ "_acme-challenge.site7." ZONE, "evil.test", NULL },
		{ ZONE, "evil.test", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct err err = { 0 };
		int code = target_check_binding(rows[i].name, ZONE, rows[i].identifier, &err);

		if (code != (rows[i].says ? ERR_CONFLICT : 0) || (rows[i].says && !strstr(err.text, rows[i].says)))
			fail_msg("%s for %s: code %d: %s", rows[i].name, rows[i].identifier, code, err.text);
	}
}

static void a_name_is_own_as_long_as_it_is_bound_to_nobody_else(void **state)
{
	static const struct { const char *name, *identifier, *bound; bool own; } rows[] = {
		{ "bank.test." ZONE, "bank.test", NULL, true },
		{ "bank.test." ZONE, "bank.test", "bank.test", true },
		{ "bank.test." ZONE, "bank.test", "evil.test", false },
		{ DIGEST_OF_BANK "." ZONE, "bank.test", NULL, true },
		{ DIGEST_OF_BANK "." ZONE, "bank.test", "evil.test", false },
		{ "site7." ZONE, "bank.test", NULL, false },
		{ "site7." ZONE, "bank.test", "bank.test", true },
		{ "a.bank.test." ZONE, "bank.test", NULL, false },
		{ "bank.test." ZONE, "site7." ZONE, "evil.test", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct target t = { .identifier = rows[i].identifier, .name = rows[i].name, .zone = ZONE, .bound = rows[i].bound };

		if (target_is_own(&t) != rows[i].own)
			fail_msg("%s for %s, bound to %s", rows[i].name, rows[i].identifier, rows[i].bound);
	}
}

static void the_name_of_an_account_is_its_own(void **state)
{
	static const struct row own = { "nothing", "8e5700ea.acme.test", "8e5700ea.acme.test", NULL, ALLOWED, NULL };
	static const struct row foreign = { "*", "evil.test", "8e5700ea.acme.test", NULL, REFUSED, "an account of acme-dns" };

	(void)state;
	check(&own, NULL, false, TARGET_OWN_ACCOUNT);
	check(&own, "acme.test", false, TARGET_OWN_ACCOUNT);
	check(&foreign, NULL, false, TARGET_FOREIGN_ACCOUNT);
	check(&foreign, "acme.test", true, TARGET_FOREIGN_ACCOUNT);
}

static void the_digest_is_a_label_of_base32(void **state)
{
	char digest[TARGET_DIGEST_SIZE];

	(void)state;
	target_digest("bank.test", digest);
	assert_string_equal(digest, DIGEST_OF_BANK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outside_of_a_delegation_zone_the_target_must_be_granted),
		cmocka_unit_test(the_advice_names_the_zone_of_the_form_and_what_the_route_of_now_says),
		cmocka_unit_test(without_a_cname_the_name_itself_must_be_granted),
		cmocka_unit_test(inside_a_delegation_zone_a_name_belongs_to_one_identifier),
		cmocka_unit_test(the_first_use_binds_only_what_nobody_has_by_form_or_digest),
		cmocka_unit_test(a_name_that_another_may_have_is_bound_to_nobody_else),
		cmocka_unit_test(a_name_is_own_as_long_as_it_is_bound_to_nobody_else),
		cmocka_unit_test(the_name_of_an_account_is_its_own),
		cmocka_unit_test(the_digest_is_a_label_of_base32),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
