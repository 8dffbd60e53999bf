/* Who is admitted, and who makes room; with real sockets and virtual time. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "solver/guard/connections.h"

#define HEAD_MS 10000
#define NEVER INT64_MAX

struct peer {
	struct connection *connection;
	int ours, theirs;
};

static struct sockaddr_storage address_of(const char *text)
{
	struct sockaddr_storage a = { 0 };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&a;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a;

	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1)
		a.ss_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1)
		a.ss_family = AF_INET6;
	return a;
}

static bool admit(struct connections *t, const char *address)
{
	struct sockaddr_storage a = address_of(address);

	return connections_admit(t, (struct sockaddr *)&a, false);
}

static struct peer come(struct connections *t, const char *address, int64_t now_ms)
{
	struct sockaddr_storage a = address_of(address);
	struct peer p;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	p.ours = pair[0];
	p.theirs = pair[1];
	p.connection = connections_add(t, p.ours, (struct sockaddr *)&a, now_ms, now_ms + HEAD_MS);
	return p;
}

static void leave(struct peer *p)
{
	connections_remove(p->connection);
	close(p->ours);
	close(p->theirs);
}

static bool is_shut(const struct peer *p)
{
	char c;

	return recv(p->theirs, &c, 1, MSG_DONTWAIT) == 0;
}

static void who_has_waited_longest_makes_room_for_a_newcomer(void **state)
{
	struct connections *t = connections_new(3, 3);
	struct peer p[4];

	(void)state;
	for (int i = 0; i < 3; i++)
		p[i] = come(t, "127.0.0.1", 1000 + i);
	connection_wait(p[0].connection, 2000, NEVER); /* its reply is on the way */
	assert_true(admit(t, "127.0.0.1"));
	p[3] = come(t, "127.0.0.1", 3000);
	assert_false(is_shut(&p[0]));
	assert_true(is_shut(&p[1]));
	assert_false(is_shut(&p[2]));
	assert_int_equal(connections_numbers(t).given_up, 1);
	for (int i = 0; i < 4; i++)
		leave(&p[i]);
	assert_int_equal(connections_numbers(t).now, 0);
	connections_free(t);
}

static void nobody_is_given_up_while_we_owe_a_reply(void **state)
{
	struct connections *t = connections_new(2, 2);
	struct peer p[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		p[i] = come(t, "127.0.0.1", 1000);
		connection_work(p[i].connection);
	}
	connections_sweep(t, 1000 + 100 * HEAD_MS);
	assert_false(is_shut(&p[0]));
	assert_false(is_shut(&p[1]));
	assert_false(admit(t, "127.0.0.1"));
	assert_int_equal(connections_numbers(t).refused_full, 1);
	connection_wait(p[1].connection, 5000, NEVER);
	assert_true(admit(t, "127.0.0.1"));
	for (int i = 0; i < 2; i++)
		leave(&p[i]);
	connections_free(t);
}

static void a_deadline_is_kept_however_busy_the_peer_is(void **state)
{
	struct connections *t = connections_new(8, 8);
	struct peer p = come(t, "127.0.0.1", 1000);

	(void)state;
	connections_sweep(t, 1000 + HEAD_MS - 1);
	assert_false(is_shut(&p));
	connections_sweep(t, 1000 + HEAD_MS);
	assert_true(is_shut(&p));
	connections_sweep(t, 1000 + 2 * HEAD_MS);
	assert_int_equal(connections_numbers(t).expired, 1);
	leave(&p);
	connections_free(t);
}

static void one_address_gets_its_share_and_no_more(void **state)
{
	struct connections *t = connections_new(8, 2);
	struct peer p[4];

	(void)state;
	p[0] = come(t, "192.0.2.1", 1000);
	p[1] = come(t, "192.0.2.1", 1000);
	assert_false(admit(t, "192.0.2.1"));
	assert_true(admit(t, "192.0.2.2"));
	p[2] = come(t, "2001:db8:1:2::1", 1000);
	p[3] = come(t, "2001:db8:1:2:ffff::1", 1000); /* the same /64 */
	assert_false(admit(t, "2001:db8:1:2:3::4"));
	assert_true(admit(t, "2001:db8:1:3::1"));
	leave(&p[0]);
	assert_true(admit(t, "192.0.2.1"));
	assert_int_equal(connections_numbers(t).refused_address, 2);
	for (int i = 1; i < 4; i++)
		leave(&p[i]);
	connections_free(t);
}

static void loopback_and_exempt_addresses_have_no_share(void **state)
{
	struct connections *t = connections_new(8, 1);
	struct sockaddr_storage proxy = address_of("192.0.2.1");
	struct peer p[3] = { come(t, "127.0.0.1", 1000), come(t, "::1", 1000), come(t, "192.0.2.1", 1000) };

	(void)state;
	assert_true(admit(t, "127.0.0.1"));
	assert_true(admit(t, "::1"));
	assert_false(admit(t, "192.0.2.1"));
	assert_true(connections_admit(t, (struct sockaddr *)&proxy, true));
	for (int i = 0; i < 3; i++)
		leave(&p[i]);
	connections_free(t);
}

/* What was given up holds a descriptor until its owner closes it. */
static void sockets_that_are_not_closed_yet_are_bounded_too(void **state)
{
	struct connections *t = connections_new(1, 1);
	unsigned count = 0;
	struct peer p[64];

	(void)state;
	while (admit(t, "127.0.0.1"))
		p[count] = come(t, "127.0.0.1", 1000 + count), count++;
	assert_int_equal(count, connections_most(t));
	leave(&p[--count]);
	assert_true(admit(t, "127.0.0.1"));
	while (count)
		leave(&p[--count]);
	connections_free(t);
}

static void without_a_free_descriptor_some_make_room(void **state)
{
	struct connections *t = connections_new(8, 8);
	struct peer p = come(t, "127.0.0.1", 1000);
	struct rlimit before, none;

	(void)state;
	getrlimit(RLIMIT_NOFILE, &before);
	none = (struct rlimit){ 3, before.rlim_max };
	setrlimit(RLIMIT_NOFILE, &none);
	connections_sweep(t, 1001);
	setrlimit(RLIMIT_NOFILE, &before);
	assert_true(is_shut(&p));
	leave(&p);
	connections_free(t);
}

/* ---- threads ---- */

static void *come_and_go(void *arg)
{
	struct connections *t = arg;

	for (int64_t now_ms = 1; now_ms < 500; now_ms++) {
		struct peer p = come(t, now_ms % 2 ? "192.0.2.1" : "127.0.0.1", now_ms);

		admit(t, "192.0.2.1");
		connection_work(p.connection);
		connection_wait(p.connection, now_ms, now_ms + now_ms % 3);
		connections_sweep(t, now_ms);
		leave(&p);
	}
	return NULL;
}

static void threads_share_a_table(void **state)
{
	struct connections *t = connections_new(3, 2);
	pthread_t threads[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, t), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(connections_numbers(t).now, 0);
	connections_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_has_waited_longest_makes_room_for_a_newcomer),
		cmocka_unit_test(nobody_is_given_up_while_we_owe_a_reply),
		cmocka_unit_test(a_deadline_is_kept_however_busy_the_peer_is),
		cmocka_unit_test(one_address_gets_its_share_and_no_more),
		cmocka_unit_test(loopback_and_exempt_addresses_have_no_share),
		cmocka_unit_test(sockets_that_are_not_closed_yet_are_bounded_too),
		cmocka_unit_test(without_a_free_descriptor_some_make_room),
		cmocka_unit_test(threads_share_a_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
