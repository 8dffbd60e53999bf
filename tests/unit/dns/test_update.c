/* What an UPDATE asks for: one value added, or one value removed, and nothing else of its name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/base/mem.h"
#include "solver/dns/update.h"

#define NAME "_acme-challenge.example.test"

/* The message ends with: type, class, TTL, length, and the text "abc". */
static void assert_ends(struct dns_update *u, const unsigned char *end, size_t length)
{
	unsigned char *wire = NULL;
	size_t all = 0;

	assert_int_equal(dns_update_build(u, NULL, 1795273918, &wire, &all, NULL), 0);
	assert_true(all > length);
	assert_memory_equal(wire + all - length, end, length);
	free(wire);
	dns_update_free(u);
}

static void a_removal_names_the_value_so_that_the_others_of_its_name_stay(void **state)
{
	static const unsigned char end[] = { 0, 16, 0, 254, 0, 0, 0, 0, 0, 4, 3, 'a', 'b', 'c' }; /* TXT, class NONE (RFC 2136 section 2.5.4) */
	struct dns_update *u = dns_update_new("example.test", NULL);

	(void)state;
	assert_int_equal(dns_update_remove(u, NAME, "abc", NULL), 0);
	assert_ends(u, end, sizeof(end));
}

static void an_addition_has_the_class_of_its_zone_and_a_ttl(void **state)
{
	static const unsigned char end[] = { 0, 16, 0, 1, 0, 0, 0, 60, 0, 4, 3, 'a', 'b', 'c' };
	struct dns_update *u = dns_update_new("example.test", NULL);

	(void)state;
	assert_int_equal(dns_update_add(u, NAME, "abc", 60, NULL), 0);
	assert_ends(u, end, sizeof(end));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_removal_names_the_value_so_that_the_others_of_its_name_stay),
		cmocka_unit_test(an_addition_has_the_class_of_its_zone_and_a_ttl),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
