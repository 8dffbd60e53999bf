#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "solver/nameserver/nameserver.h"

/* TXT of _acme-challenge.acme.example */
static const char query[] = "\x12\x34\x01\0\0\1\0\0\0\0\0\0\xf_acme-challenge\4acme\7example\0\0\x10\0\1";
#define QUERY_LENGTH (sizeof(query) - 1)
#define REPLY_LENGTH (QUERY_LENGTH + 12 + 6) /* one record with "value" */

struct fixture {
	struct answers *answers;
	struct nameserver *ns;
	struct err err;
	int fd;
};

static const char *const zones[] = { "acme.example", NULL };

static void start(struct fixture *f, const char *listen)
{
	const char *listens[] = { listen, NULL };
	struct nameserver_options o = { .listen = listens, .zones = zones, .workers = 2 };

	assert_int_equal(nameserver_start(&o, f->answers, &f->ns, &f->err), 0);
}

static int setup_only(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->fd = -1;
	f->answers = answers_new();
	answers_set_dns(f->answers, "_acme-challenge.acme.example", "value");
	*state = f;
	return 0;
}

static int setup(void **state)
{
	setup_only(state);
	start(*state, "127.0.0.1:0");
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	if (f->fd >= 0)
		close(f->fd);
	nameserver_stop(f->ns);
	answers_free(f->answers);
	free(f);
	return 0;
}

static void connect_socket(struct fixture *f, int fd, const char *address)
{
	struct sockaddr_in to = { .sin_family = AF_INET };

	inet_pton(AF_INET, address, &to.sin_addr);
	to.sin_port = htons(atoi(strrchr(nameserver_bound(f->ns, 0), ':') + 1));
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
}

static int connect_to(struct fixture *f, int type, const char *address)
{
	int fd = socket(AF_INET, type, 0);

	connect_socket(f, fd, address);
	return fd;
}

static void read_exactly(int fd, uint8_t *bytes, size_t length)
{
	assert_int_equal(recv(fd, bytes, length, MSG_WAITALL), length);
}

static void assert_reply(const uint8_t *reply)
{
	assert_memory_equal(reply, "\x12\x34", 2);
	assert_int_equal(reply[3] & 15, 0);
	assert_int_equal(reply[7], 1);
	assert_memory_equal(reply + REPLY_LENGTH - 6, "\5value", 6);
}

static void send_framed(int fd)
{
	uint8_t framed[2 + QUERY_LENGTH] = { 0, QUERY_LENGTH };

	memcpy(framed + 2, query, QUERY_LENGTH);
	assert_int_equal(send(fd, framed, sizeof(framed), MSG_NOSIGNAL), sizeof(framed));
}

static void receive_framed(int fd)
{
	uint8_t reply[2 + REPLY_LENGTH];

	read_exactly(fd, reply, sizeof(reply));
	assert_int_equal(reply[0] << 8 | reply[1], REPLY_LENGTH);
	assert_reply(reply + 2);
}

static double cpu_seconds(void)
{
	struct timespec used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

/* The listening socket stays readable all the while. */
static void without_a_free_descriptor_it_waits_and_does_not_spin(void **state)
{
	struct fixture *f = *state;
	struct rlimit before, none;
	double used;

	f->fd = connect_to(f, SOCK_DGRAM, "127.0.0.1"); /* the highest descriptor before those of the server's peers */
	getrlimit(RLIMIT_NOFILE, &before);
	none = (struct rlimit){ (rlim_t)f->fd + 1, before.rlim_max };
	close(f->fd);
	f->fd = socket(AF_INET, SOCK_STREAM, 0);
	setrlimit(RLIMIT_NOFILE, &none);
	connect_socket(f, f->fd, "127.0.0.1");
	used = cpu_seconds();
	poll(NULL, 0, 300);
	used = cpu_seconds() - used;
	setrlimit(RLIMIT_NOFILE, &before);
	assert_true(used < 0.1);
	send_framed(f->fd);
	receive_framed(f->fd);
}

static void a_taken_port_is_an_error_that_names_address_and_option(void **state)
{
	struct fixture *f = *state;
	const char *listens[] = { nameserver_bound(f->ns, 0), NULL };
	struct nameserver_options o = { .listen = listens, .zones = zones, .workers = 2 };
	struct nameserver *second = NULL;

	for (o.workers = 1; o.workers <= 2; o.workers++) {
		assert_int_equal(nameserver_start(&o, f->answers, &second, &f->err), ERR_EXISTS);
		assert_null(second);
		assert_non_null(strstr(f->err.text, listens[0]));
		assert_non_null(strstr(f->err.text, "Address already in use"));
		assert_non_null(strstr(f->err.text, "dns.listen"));
	}
}

static void a_bad_zone_or_name_server_is_an_error_that_names_its_option(void **state)
{
	struct fixture *f = *state;
	static const char *const bad_zones[] = { "acme..example", NULL }, *const bad_servers[] = { "ns1.example 192.0.2.300", NULL };
	struct nameserver_options o = { .zones = bad_zones };
	struct nameserver *ns = NULL;

	assert_true(nameserver_start(&o, f->answers, &ns, &f->err) < 0);
	assert_non_null(strstr(f->err.text, "dns.zones"));
	o = (struct nameserver_options){ .zones = zones, .name_servers = bad_servers };
	assert_true(nameserver_start(&o, f->answers, &ns, &f->err) < 0);
	assert_non_null(strstr(f->err.text, "dns.name_servers"));
	assert_null(ns);
}

static void a_query_over_udp_is_answered(void **state)
{
	struct fixture *f = *state;
	uint8_t reply[1232];

	f->fd = connect_to(f, SOCK_DGRAM, "127.0.0.1");
	assert_int_equal(send(f->fd, query, QUERY_LENGTH, 0), QUERY_LENGTH);
	assert_int_equal(recv(f->fd, reply, sizeof(reply), 0), REPLY_LENGTH);
	assert_reply(reply);
}

static void a_burst_over_udp_is_answered_to_the_last_packet(void **state)
{
	struct fixture *f = *state;
	uint8_t reply[1232];

	f->fd = connect_to(f, SOCK_DGRAM, "127.0.0.1");
	for (int i = 0; i < 150; i++)
		assert_int_equal(send(f->fd, query, QUERY_LENGTH, 0), QUERY_LENGTH);
	for (int i = 0; i < 150; i++)
		assert_int_equal(recv(f->fd, reply, sizeof(reply), 0), REPLY_LENGTH);
}

static void garbage_over_udp_is_dropped_and_the_next_query_answered(void **state)
{
	struct fixture *f = *state;
	uint8_t reply[1232];

	f->fd = connect_to(f, SOCK_DGRAM, "127.0.0.1");
	send(f->fd, "x", 1, 0);
	send(f->fd, "\x12\x34\x81\0\0\1\0\0\0\0\0\0", 12, 0);
	send(f->fd, query, QUERY_LENGTH, 0);
	assert_int_equal(recv(f->fd, reply, sizeof(reply), 0), REPLY_LENGTH);
}

static void a_server_on_all_addresses_answers_from_the_one_that_was_asked(void **state)
{
	struct fixture *f = *state;
	uint8_t reply[1232];

	start(f, "0.0.0.0:0");
	f->fd = connect_to(f, SOCK_DGRAM, "127.0.0.7"); /* a connected socket takes replies from there only */
	assert_int_equal(send(f->fd, query, QUERY_LENGTH, 0), QUERY_LENGTH);
	assert_int_equal(recv(f->fd, reply, sizeof(reply), 0), REPLY_LENGTH);
}

static void several_queries_on_one_tcp_connection_are_answered_in_order(void **state)
{
	struct fixture *f = *state;

	f->fd = connect_to(f, SOCK_STREAM, "127.0.0.1");
	for (int i = 0; i < 200; i++)
		send_framed(f->fd);
	for (int i = 0; i < 200; i++)
		receive_framed(f->fd);
	send_framed(f->fd);
	receive_framed(f->fd);
}

static void a_tcp_query_in_single_bytes_is_answered(void **state)
{
	struct fixture *f = *state;
	uint8_t framed[2 + QUERY_LENGTH] = { 0, QUERY_LENGTH };

	memcpy(framed + 2, query, QUERY_LENGTH);
	f->fd = connect_to(f, SOCK_STREAM, "127.0.0.1");
	for (size_t i = 0; i < sizeof(framed); i++)
		assert_int_equal(send(f->fd, framed + i, 1, MSG_NOSIGNAL), 1);
	receive_framed(f->fd);
}

static void a_tcp_length_that_is_no_query_ends_the_connection(void **state)
{
	struct fixture *f = *state;
	uint8_t byte;

	f->fd = connect_to(f, SOCK_STREAM, "127.0.0.1");
	send(f->fd, "\0\3abc", 5, MSG_NOSIGNAL);
	assert_true(recv(f->fd, &byte, 1, 0) <= 0);
	close(f->fd);
	f->fd = connect_to(f, SOCK_STREAM, "127.0.0.1");
	send(f->fd, "\xff\xff", 2, MSG_NOSIGNAL);
	assert_true(recv(f->fd, &byte, 1, 0) <= 0);
}

/* The server's side of a connection of ours: the server is in this process. */
static int other_side(int fd)
{
	struct sockaddr_in mine, peer;
	socklen_t length = sizeof(mine);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&mine, &length), 0);
	for (int other = 3; other < 1024; other++) {
		length = sizeof(peer);
		if (other != fd && getpeername(other, (struct sockaddr *)&peer, &length) == 0 && peer.sin_port == mine.sin_port)
			return other;
	}
	fail_msg("the connection has no other side");
	return -1;
}

/* As a child does that is forked and has not run its program yet. */
static void a_closed_connection_that_somebody_else_holds_open_is_not_touched_again(void **state)
{
	struct fixture *f = *state;
	int held, server;

	f->fd = connect_to(f, SOCK_STREAM, "127.0.0.1");
	send_framed(f->fd);
	receive_framed(f->fd);
	server = other_side(f->fd);
	held = dup(server);
	assert_int_equal(send(f->fd, "\0\0", 2, MSG_NOSIGNAL), 2); /* no query is that short: it closes */
	for (int i = 0; i < 5000 && fcntl(server, F_GETFD) >= 0; i++)
		poll(NULL, 0, 1);
	send_framed(f->fd);
	for (int i = 0; i < 50; i++) { /* each worker has its turns */
		int fd = connect_to(f, SOCK_STREAM, "127.0.0.1");

		send_framed(fd);
		receive_framed(fd);
		close(fd);
	}
	close(held);
}

static void more_tcp_connections_than_allowed_push_out_the_idle_ones(void **state)
{
	struct fixture *f = *state;
	int fds[600];

	for (int i = 0; i < 600; i++)
		fds[i] = connect_to(f, SOCK_STREAM, "127.0.0.1");
	send_framed(fds[599]);
	receive_framed(fds[599]);
	for (int i = 0; i < 600; i++)
		close(fds[i]);
}

static void a_change_is_seen_at_once(void **state)
{
	struct fixture *f = *state;
	uint8_t reply[1232];

	f->fd = connect_to(f, SOCK_DGRAM, "127.0.0.1");
	answers_clear_dns(f->answers, "_acme-challenge.acme.example", "value");
	send(f->fd, query, QUERY_LENGTH, 0);
	assert_true(recv(f->fd, reply, sizeof(reply), 0) > 12);
	assert_int_equal(reply[3] & 15, 3);
}

static void reconfigure(struct fixture *f, const char *const *listens, const char *const *served)
{
	struct nameserver_options o = { .listen = listens, .zones = served };
	struct nameserver_change *c;

	assert_int_equal(nameserver_prepare(f->ns, &o, &c, &f->err), 0);
	nameserver_commit(c);
}

static int rcode_over_udp(int fd)
{
	uint8_t reply[1232];

	assert_int_equal(send(fd, query, QUERY_LENGTH, 0), QUERY_LENGTH);
	assert_true(recv(fd, reply, sizeof(reply), 0) >= 12);
	return reply[3] & 15;
}

static void a_change_that_cannot_be_taken_over_leaves_everything_as_it_was(void **state)
{
	struct fixture *f = *state;
	static const char *const bad_zones[] = { "acme..example", NULL };
	const char *bound = nameserver_bound(f->ns, 0), *listens[] = { bound, "192.0.2.77:5300", NULL };
	struct nameserver_options o = { .listen = listens, .zones = zones }, bad = { .zones = bad_zones };
	struct nameserver_change *c = NULL;

	f->fd = connect_to(f, SOCK_DGRAM, "127.0.0.1");
	assert_true(nameserver_prepare(f->ns, &o, &c, &f->err) < 0);
	assert_non_null(strstr(f->err.text, "192.0.2.77:5300"));
	assert_true(nameserver_prepare(f->ns, &bad, &c, &f->err) < 0);
	assert_null(c);
	assert_string_equal(nameserver_bound(f->ns, 0), bound);
	assert_int_equal(rcode_over_udp(f->fd), 0);
}

static void a_change_brings_other_zones_and_keeps_sockets_and_connections(void **state)
{
	struct fixture *f = *state;
	static const char *const others[] = { "other.example", NULL };
	const char *listens[] = { "127.0.0.1:0", NULL };
	char before[64];
	int tcp = connect_to(f, SOCK_STREAM, "127.0.0.1");

	f->fd = connect_to(f, SOCK_DGRAM, "127.0.0.1");
	snprintf(before, sizeof(before), "%s", nameserver_bound(f->ns, 0));
	reconfigure(f, listens, others);
	assert_string_equal(nameserver_bound(f->ns, 0), before);
	assert_int_equal(rcode_over_udp(f->fd), 5);
	reconfigure(f, listens, zones);
	assert_int_equal(rcode_over_udp(f->fd), 0);
	send_framed(tcp);
	receive_framed(tcp);
	close(tcp);
}

/* The question waits in the socket when the address goes. */
static void an_address_that_goes_answers_what_had_arrived_and_keeps_its_connections(void **state)
{
	struct fixture *f = *state;
	const char *listens[] = { "127.0.0.2:0", NULL };
	uint8_t reply[1232];
	int tcp = connect_to(f, SOCK_STREAM, "127.0.0.1");

	send_framed(tcp);
	receive_framed(tcp);
	f->fd = connect_to(f, SOCK_DGRAM, "127.0.0.1");
	for (int i = 0; i < 150; i++)
		assert_int_equal(send(f->fd, query, QUERY_LENGTH, 0), QUERY_LENGTH);
	reconfigure(f, listens, zones);
	for (int i = 0; i < 150; i++)
		assert_int_equal(recv(f->fd, reply, sizeof(reply), 0), REPLY_LENGTH);
	assert_memory_equal(nameserver_bound(f->ns, 0), "127.0.0.2:", 10);
	send_framed(tcp);
	receive_framed(tcp);
	close(tcp);
	close(f->fd);
	f->fd = connect_to(f, SOCK_DGRAM, "127.0.0.2");
	assert_int_equal(rcode_over_udp(f->fd), 0);
}

static void questions_during_many_changes_are_all_answered(void **state)
{
	struct fixture *f = *state;
	const char *one[] = { "127.0.0.1:0", NULL }, *two[] = { "127.0.0.1:0", "127.0.0.2:0", NULL };
	uint8_t reply[1232];

	f->fd = connect_to(f, SOCK_DGRAM, "127.0.0.1");
	for (int i = 0; i < 200; i++) {
		assert_int_equal(send(f->fd, query, QUERY_LENGTH, 0), QUERY_LENGTH);
		reconfigure(f, i % 2 ? one : two, zones);
		assert_int_equal(recv(f->fd, reply, sizeof(reply), 0), REPLY_LENGTH);
		assert_reply(reply);
	}
}

static void all_addresses_can_become_one_and_all_again(void **state)
{
	struct fixture *f = *state;
	char one[64], all[64];
	const char *listens[] = { one, NULL };

	start(f, "0.0.0.0:0");
	snprintf(all, sizeof(all), "%s", nameserver_bound(f->ns, 0));
	snprintf(one, sizeof(one), "127.0.0.1%s", strchr(all, ':'));
	reconfigure(f, listens, zones);
	assert_string_equal(nameserver_bound(f->ns, 0), one);
	f->fd = connect_to(f, SOCK_DGRAM, "127.0.0.1");
	assert_int_equal(rcode_over_udp(f->fd), 0);
	listens[0] = all;
	reconfigure(f, listens, zones);
	assert_int_equal(rcode_over_udp(f->fd), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_taken_port_is_an_error_that_names_address_and_option),
		TEST(a_bad_zone_or_name_server_is_an_error_that_names_its_option),
		TEST(a_query_over_udp_is_answered),
		TEST(a_burst_over_udp_is_answered_to_the_last_packet),
		TEST(garbage_over_udp_is_dropped_and_the_next_query_answered),
		TEST(without_a_free_descriptor_it_waits_and_does_not_spin),
		cmocka_unit_test_setup_teardown(a_server_on_all_addresses_answers_from_the_one_that_was_asked, setup_only, teardown),
		TEST(several_queries_on_one_tcp_connection_are_answered_in_order),
		TEST(a_tcp_query_in_single_bytes_is_answered),
		TEST(a_tcp_length_that_is_no_query_ends_the_connection),
		TEST(a_closed_connection_that_somebody_else_holds_open_is_not_touched_again),
		TEST(more_tcp_connections_than_allowed_push_out_the_idle_ones),
		TEST(a_change_is_seen_at_once),
		TEST(a_change_that_cannot_be_taken_over_leaves_everything_as_it_was),
		TEST(a_change_brings_other_zones_and_keeps_sockets_and_connections),
		TEST(an_address_that_goes_answers_what_had_arrived_and_keeps_its_connections),
		TEST(questions_during_many_changes_are_all_answered),
		cmocka_unit_test_setup_teardown(all_addresses_can_become_one_and_all_again, setup_only, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
