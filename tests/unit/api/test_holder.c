/* What the client of a challenge may have, long after it asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/api/holder.h"

#define SUB "8e5700ea-a4bf-41c7-8a77-e990661dcc6a"
#define NAME SUB ".acme.test"

struct world {
	struct store *store;
	struct client_list *clients;
	struct accounts *accounts;
	struct config config;
	struct holders h;
};

static void put_client(struct world *w, const char *name, const char *grants, bool revoked)
{
	const struct store_client c = { (char *)name, (char *)"", (char *)grants, 1, revoked };
	struct err err;

	assert_int_equal(store_put_client(w->store, &c, &err), 0);
}

static void put_account(struct world *w, const char *subdomain, const char *username, bool revoked)
{
	const struct store_account a = { (char *)subdomain, (char *)username, (char *)"", (char *)"[]", 1, revoked };
	struct err err;

	assert_int_equal(store_put_account(w->store, &a, &err), 0);
}

static int begin(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct err err;

	w->config.acme_dns.zone = (char *)"Acme.test.";
	assert_int_equal(store_open_memory(NULL, &w->store, &err), 0);
	put_client(w, "one", "{\"identifiers\":[\"one.test\"]}", false);
	put_client(w, "below", "{\"identifiers\":[\"*.below.test\"],\"wildcard\":true}", false);
	put_client(w, "http", "{\"identifiers\":[\"*\"],\"types\":[\"http-01\"]}", false);
	put_client(w, "gone", "{\"identifiers\":[\"*\"]}", true);
	put_account(w, SUB, "eabcdb41-d89f-4580-826f-3e62e9755ef2", false);
	put_account(w, "Old", "36dd6b1b-30d6-4b0e-b13b-5aad19dd30d8", true);
	assert_int_equal(client_list_load(w->store, &w->clients, &err), 0);
	assert_int_equal(accounts_load(w->store, &w->accounts, &err), 0);
	w->h = (struct holders){ w->clients, w->accounts, &w->config };
	*state = w;
	return 0;
}

static int end(void **state)
{
	struct world *w = *state;

	client_list_free(w->clients);
	accounts_free(w->accounts);
	store_close(w->store);
	free(w);
	return 0;
}

static void a_client_may_have_what_it_is_granted_now(void **state)
{
	struct world *w = *state;

	assert_true(holder_granted(&w->h, "one", CHALLENGE_DNS01, "one.test"));
	assert_false(holder_granted(&w->h, "one", CHALLENGE_DNS01, "a.one.test"));
	assert_false(holder_granted(&w->h, "one", CHALLENGE_DNS01, "bank.test"));
	assert_false(holder_granted(&w->h, "http", CHALLENGE_DNS01, "one.test"));
	assert_false(holder_granted(&w->h, "gone", CHALLENGE_DNS01, "one.test"));
}

static void the_record_of_a_wildcard_stands_at_the_name_without_it(void **state)
{
	struct world *w = *state;

	assert_true(holder_granted(&w->h, "below", CHALLENGE_DNS01, "below.test"));
	assert_false(holder_granted(&w->h, "below", CHALLENGE_DNS01, "notbelow.test"));
}

static void who_is_no_client_may_have_nothing_but_for_the_operators_own(void **state)
{
	struct world *w = *state;

	assert_false(holder_granted(&w->h, "nobody", CHALLENGE_DNS01, "one.test"));
	assert_false(holder_granted(&w->h, "acme-dns:" SUB, CHALLENGE_DNS01, "one.test"));
	assert_false(holder_granted(&w->h, "", CHALLENGE_DNS01, "one.test"));
	assert_true(holder_granted(&w->h, "loopback", CHALLENGE_DNS01, "one.test"));
	assert_true(holder_granted(&w->h, "cps", CHALLENGE_DNS01, "one.test"));
	assert_true(holder_granted(&w->h, "standalone", CHALLENGE_DNS01, "one.test"));
}

static void the_name_of_an_account_belongs_to_it_alone(void **state)
{
	struct world *w = *state;

	assert_int_equal(holder_account(&w->h, "acme-dns:" SUB, NAME), TARGET_OWN_ACCOUNT);
	assert_int_equal(holder_account(&w->h, "one", NAME), TARGET_FOREIGN_ACCOUNT);
	assert_int_equal(holder_account(&w->h, "loopback", NAME), TARGET_FOREIGN_ACCOUNT);
	assert_int_equal(holder_account(&w->h, "acme-dns:other", NAME), TARGET_FOREIGN_ACCOUNT);
	assert_int_equal(holder_account(&w->h, "one", "x.acme.test"), TARGET_NO_ACCOUNT);
	assert_int_equal(holder_account(&w->h, "one", SUB ".test"), TARGET_NO_ACCOUNT);
	assert_int_equal(holder_account(&w->h, "one", "acme.test"), TARGET_NO_ACCOUNT);
	assert_int_equal(holder_account(&w->h, "acme-dns:x", "x.acme.test"), TARGET_FOREIGN_ACCOUNT);
}

static void the_name_of_a_revoked_account_is_nobodys(void **state)
{
	struct world *w = *state;

	assert_int_equal(holder_account(&w->h, "acme-dns:Old", "old.acme.test"), TARGET_FOREIGN_ACCOUNT);
	assert_int_equal(holder_account(&w->h, "one", "old.acme.test"), TARGET_FOREIGN_ACCOUNT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_may_have_what_it_is_granted_now),
		cmocka_unit_test(the_record_of_a_wildcard_stands_at_the_name_without_it),
		cmocka_unit_test(who_is_no_client_may_have_nothing_but_for_the_operators_own),
		cmocka_unit_test(the_name_of_an_account_belongs_to_it_alone),
		cmocka_unit_test(the_name_of_a_revoked_account_is_nobodys),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
