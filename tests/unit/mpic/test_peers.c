/* Whose token a peer gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/base/mem.h"
#include "solver/base/secret.h"
#include "solver/mpic/internal.h"

#define LONG_TOKEN "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void expect(const char *keys, const char *token)
{
	char *peers[] = { "eu-west RIPE https://eu.example.net", NULL };
	struct config_perspectives c = { .peers = peers, .keys = secret_new(keys) };
	struct peers *p;
	struct err err;

	assert_int_equal(peers_read(&c, &p, &err), 0);
	assert_string_equal(secret_reveal(p->items[0].token), token);
	peers_release(p);
	secret_free(c.keys);
}

static void a_lone_token_is_for_everybody_whatever_its_length(void **state)
{
	(void)state;
	expect("secret\n", "secret");
	expect("  " LONG_TOKEN " \r\n", LONG_TOKEN);
}

static void a_named_token_goes_before_a_lone_one(void **state)
{
	(void)state;
	expect(LONG_TOKEN "\nus-east other\neu-west " LONG_TOKEN "2\n", LONG_TOKEN "2");
	expect("us-east other\n\nlone\nlater\n", "lone");
}

static void without_one_there_is_none(void **state)
{
	(void)state;
	expect("us-east other\n", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lone_token_is_for_everybody_whatever_its_length),
		cmocka_unit_test(a_named_token_goes_before_a_lone_one),
		cmocka_unit_test(without_one_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
