#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "solver/nameserver/rate.h"

static enum rate_verdict ask(struct rate_limit *r, const char *address, int64_t now_ms)
{
	struct sockaddr_storage peer = { 0 };

	peer.ss_family = strchr(address, ':') ? AF_INET6 : AF_INET;
	if (peer.ss_family == AF_INET6)
		inet_pton(AF_INET6, address, &((struct sockaddr_in6 *)&peer)->sin6_addr);
	else
		inet_pton(AF_INET, address, &((struct sockaddr_in *)&peer)->sin_addr);
	return rate_limit_take(r, &peer, now_ms);
}

static void counts(struct rate_limit *r, const char *address, int64_t now_ms, int queries, const int expected[3])
{
	int got[3] = { 0 };

	for (int i = 0; i < queries; i++)
		got[ask(r, address, now_ms)]++;
	for (int i = 0; i < 3; i++)
		assert_int_equal(got[i], expected[i]);
}

static void one_network_shares_a_bucket_that_fills_again(void **state)
{
	struct rate_limit *r = rate_limit_new(&(struct rate_options){ .per_second = 10, .slip = 2 });

	(void)state;
	counts(r, "192.0.2.1", 1000, 20, (int[]){ 20, 0, 0 });
	counts(r, "192.0.2.200", 1000, 10, (int[]){ 0, 5, 5 });
	counts(r, "::ffff:192.0.2.3", 1000, 2, (int[]){ 0, 1, 1 });
	counts(r, "192.0.2.1", 1500, 7, (int[]){ 5, 1, 1 });
	counts(r, "192.0.2.1", 100000, 20, (int[]){ 20, 0, 0 });
	rate_limit_free(r);
}

static void another_network_is_not_limited(void **state)
{
	struct rate_limit *r = rate_limit_new(&(struct rate_options){ .per_second = 10, .slip = 1 });

	(void)state;
	counts(r, "2001:db8:0:100::1", 1000, 30, (int[]){ 20, 10, 0 });
	counts(r, "2001:db8:0:1ff::1", 1000, 1, (int[]){ 0, 1, 0 });
	counts(r, "2001:db8:0:200::1", 1000, 20, (int[]){ 20, 0, 0 });
	rate_limit_free(r);
}

static void slip_zero_drops_all_that_is_too_much(void **state)
{
	struct rate_limit *r = rate_limit_new(&(struct rate_options){ .per_second = 1 });

	(void)state;
	counts(r, "192.0.2.1", 1000, 10, (int[]){ 2, 0, 8 });
	rate_limit_free(r);
}

static void loopback_and_configured_networks_are_exempt(void **state)
{
	struct networks *exempt = networks_new();
	struct rate_limit *r = rate_limit_new(&(struct rate_options){ .per_second = 1, .exempt = exempt });
	struct err err;

	(void)state;
	assert_int_equal(networks_add(exempt, "198.51.100.0/25", &err), 0);
	counts(r, "127.0.0.1", 1000, 100, (int[]){ 100, 0, 0 });
	counts(r, "::1", 1000, 100, (int[]){ 100, 0, 0 });
	counts(r, "198.51.100.1", 1000, 100, (int[]){ 100, 0, 0 });
	counts(r, "198.51.100.200", 1000, 100, (int[]){ 0, 0, 100 });
	rate_limit_free(r);
	networks_free(exempt);
}

static void a_rate_of_zero_limits_nobody(void **state)
{
	struct rate_limit *r = rate_limit_new(&(struct rate_options){ 0 });

	(void)state;
	counts(r, "192.0.2.1", 1000, 1000, (int[]){ 1000, 0, 0 });
	rate_limit_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_network_shares_a_bucket_that_fills_again),
		cmocka_unit_test(another_network_is_not_limited),
		cmocka_unit_test(slip_zero_drops_all_that_is_too_much),
		cmocka_unit_test(loopback_and_configured_networks_are_exempt),
		cmocka_unit_test(a_rate_of_zero_limits_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
