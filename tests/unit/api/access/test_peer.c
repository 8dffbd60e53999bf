/* X-Forwarded-For is a claim of whoever wrote it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/api/access/peer.h"

static void expect(const char *proxies, const char *peer, const char *header, const char *found)
{
	struct networks *n = networks_new();
	char got[ADDRESS_TEXT_SIZE];
	struct err err;

	if (*proxies)
		assert_int_equal(networks_add(n, proxies, &err), 0);
	peer_forwarded(n, peer, header, got);
	if (strcmp(got, found) != 0)
		fail_msg("%s from %s: %s, expected %s", header ? header : "-", peer, got, found);
	networks_free(n);
}

static void a_stranger_says_nothing_about_itself(void **state)
{
	(void)state;
	expect("", "192.0.2.1", "198.51.100.1", "192.0.2.1");
	expect("10.0.0.0/8", "192.0.2.1", "10.0.0.1", "192.0.2.1");
	expect("10.0.0.0/8", "10.0.0.1", NULL, "10.0.0.1");
}

static void only_what_the_last_trusted_hop_saw_counts(void **state)
{
	(void)state;
	expect("10.0.0.0/8", "10.0.0.1", "198.51.100.1", "198.51.100.1");
	expect("10.0.0.0/8", "10.0.0.1", "127.0.0.1, 198.51.100.1", "198.51.100.1");
	expect("10.0.0.0/8", "10.0.0.1", "203.0.113.9, 198.51.100.1, 10.0.0.2", "198.51.100.1");
	expect("10.0.0.0/8", "10.0.0.1", "10.0.0.3,10.0.0.2", "10.0.0.3");
}

static void nonsense_ends_the_chain(void **state)
{
	(void)state;
	expect("10.0.0.0/8", "10.0.0.1", "198.51.100.1, unknown", "10.0.0.1");
	expect("10.0.0.0/8", "10.0.0.1", "198.51.100.1, ", "10.0.0.1");
	expect("10.0.0.0/8", "10.0.0.1", ",,,", "10.0.0.1");
	expect("10.0.0.0/8", "10.0.0.1", "198.51.100.1, unix, 10.0.0.2", "10.0.0.2");
}

static void ports_and_brackets_are_taken_off(void **state)
{
	(void)state;
	expect("2001:db8::/32", "2001:db8::1", "[2001:db9::2]:4711", "2001:db9::2");
	expect("2001:db8::/32", "2001:db8::1", " 198.51.100.1:80\t", "198.51.100.1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stranger_says_nothing_about_itself),
		cmocka_unit_test(only_what_the_last_trusted_hop_saw_counts),
		cmocka_unit_test(nonsense_ends_the_chain),
		cmocka_unit_test(ports_and_brackets_are_taken_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
