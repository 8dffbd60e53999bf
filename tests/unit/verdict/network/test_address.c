#include "tests/unit/verdict/world.h"

/* Each block: the last address before it, its first, its last, and the first behind it; "" where the neighbour is reserved too. */
static const char *const edges[][4] = {
	{ "", "0.0.0.0", "0.255.255.255", "1.0.0.0" },
	{ "9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0" },
	{ "100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0" },
	{ "126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0" },
	{ "169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0" },
	{ "172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0" },
	{ "191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0" },
	{ "192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0" },
	{ "192.31.195.255", "192.31.196.0", "192.31.196.255", "192.31.197.0" },
	{ "192.52.192.255", "192.52.193.0", "192.52.193.255", "192.52.194.0" },
	{ "192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0" },
	{ "192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0" },
	{ "192.175.47.255", "192.175.48.0", "192.175.48.255", "192.175.49.0" },
	{ "198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0" },
	{ "198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0" },
	{ "203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0" },
	{ "223.255.255.255", "224.0.0.0", "239.255.255.255", "" },
	{ "", "240.0.0.0", "255.255.255.255", "" },
	{ "", "::", "::ffff:ffff", "::1:0:0" },
	{ "::fffe:ffff:ffff", "::ffff:0:0", "::ffff:ffff:ffff", "::1:0:0:0" },
	{ "64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff", "64:ff9b::", "64:ff9b::ffff:ffff", "64:ff9b::1:0:0" },
	{ "64:ff9b:0:ffff:ffff:ffff:ffff:ffff", "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "64:ff9b:2::" },
	{ "ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "100::", "100::ffff:ffff:ffff:ffff", "" },
	{ "", "100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff", "100:0:0:2::" },
	{ "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::" },
	{ "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::" },
	{ "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2003::" },
	{ "2620:4f:7fff:ffff:ffff:ffff:ffff:ffff", "2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff", "2620:4f:8001::" },
	{ "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::" },
	{ "5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "5f01::" },
	{ "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe00::" },
	{ "fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe80::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "" },
	{ "", "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "" },
};

static void every_block_ends_where_the_registry_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(edges); i++) {
		for (size_t k = 0; k < 4; k++) {
			bool inside = k == 1 || k == 2;

			if (*edges[i][k] && address_is_reserved(edges[i][k]) != inside)
				fail_msg("%s is %sreserved", edges[i][k], inside ? "not " : "");
		}
	}
}

static void text_that_is_no_address_is_reserved(void **state)
{
	static const char *const bad[] = { "", "example.org", "1.2.3", "1.2.3.4.5", "::g", "[", "1.2.3.4/8", "93.184.215.14 " };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_true(address_is_reserved(bad[i]));
	assert_true(address_is_reserved("fe80::1%eth0"));
	assert_false(address_is_reserved("[2606:2800:21f::1]"));
}

static void add_network(const char *network, void *arg)
{
	char *all = arg;

	snprintf(all + strlen(all), 8192 - strlen(all), " %s", network);
}

static void what_a_resolver_must_avoid_leaves_out_what_is_allowed(void **state)
{
	static const char *const allowed[] = { "10.0.0.0/9", NULL }, *const roots[] = { "127.0.0.1", NULL };
	char all[8192] = "";

	(void)state;
	address_allow(allowed);
	address_each_reserved(roots, add_network, all);
	address_allow(NULL);
	assert_non_null(strstr(all, " 10.128.0.0/9"));
	assert_null(strstr(all, " 10.0.0.0/"));
	assert_non_null(strstr(all, " 127.0.0.0/32"));
	assert_non_null(strstr(all, " 127.0.0.2/31"));
	assert_null(strstr(all, " 127.0.0.1/"));
	assert_non_null(strstr(all, " 169.254.0.0/16"));
	assert_non_null(strstr(all, " fe80::/10"));
}

static void allowed_networks_count_as_public_until_they_are_replaced(void **state)
{
	static const char *const networks[] = { "127.0.0.0/8", "::1", "nonsense", "10.1.0.0/16", NULL };

	(void)state;
	address_allow(networks);
	assert_false(address_is_reserved("127.3.4.5"));
	assert_false(address_is_reserved("::1"));
	assert_false(address_is_reserved("10.1.255.255"));
	assert_true(address_is_reserved("10.2.0.0"));
	assert_true(address_may_connect("10.1.255.255"));
	assert_false(address_may_connect("10.2.0.0")); /* what dials asks so */
	assert_true(address_is_reserved("::"));
	address_allow(NULL);
	assert_true(address_is_reserved("127.3.4.5"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_block_ends_where_the_registry_says),
		cmocka_unit_test(text_that_is_no_address_is_reserved),
		cmocka_unit_test(what_a_resolver_must_avoid_leaves_out_what_is_allowed),
		cmocka_unit_test(allowed_networks_count_as_public_until_they_are_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
