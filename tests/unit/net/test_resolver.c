#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "solver/base/mem.h"
#include "solver/dns/message.h"
#include "solver/net/resolver.h"
#include "tests/unit/net/async.h"
#include "tests/unit/net/dns_responder.h"

struct fixture {
	struct responder responder;
	struct loop *loop;
	struct resolver *resolver;
	char server[32];
	int done, all_done, wanted, calls;
	struct err err;
	unsigned char wire[2048];
	size_t length;
	char addresses[256];
};

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	const char *servers[] = { f->server, NULL };
	const struct resolver_options options = { .servers = servers, .timeout_ms = 300, .tries = 2 };

	responder_start(&f->responder);
	snprintf(f->server, sizeof(f->server), "127.0.0.1:%d", f->responder.port);
	f->loop = loop_new();
	f->resolver = resolver_new(f->loop, &options, &f->err);
	if (!f->resolver)
		fail_msg("%s", f->err.text);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	resolver_free(f->resolver);
	loop_free(f->loop);
	responder_stop(&f->responder);
	free(f);
	return 0;
}

static void on_reply(const unsigned char *wire, size_t length, int64_t elapsed_ms, const struct err *err, void *arg)
{
	struct fixture *f = arg;

	assert_true(elapsed_ms >= 0);
	f->done = 1;
	f->err = *err;
	f->length = length;
	if (wire)
		memcpy(f->wire, wire, length);
	f->all_done = ++f->calls == f->wanted;
}

static void send_wire(struct fixture *f, const unsigned char *wire, size_t length, bool tcp)
{
	f->done = 0;
	assert_int_equal(resolver_exchange(f->resolver, f->server, wire, length, tcp, on_reply, f, &f->err), 0);
	assert_int_equal(f->done, 0); /* never from inside the start */
	loop_run_until(f->loop, &f->done, 10000);
	assert_int_equal(f->done, 1);
}

static void ask(struct fixture *f, const char *name, bool tcp)
{
	unsigned char wire[DNS_QUERY_MAX];
	int length = dns_query_build(name, DNS_TXT, false, wire, sizeof(wire), &f->err);

	send_wire(f, wire, (size_t)length, tcp);
}

static void rcode_is(struct fixture *f, const char *name, int rcode)
{
	struct dns_reply reply;

	if (f->err.code)
		fail_msg("%s", f->err.text);
	if (dns_reply_parse(f->wire, f->length, name, DNS_TXT, &reply, &f->err) < 0)
		fail_msg("%s", f->err.text);
	assert_int_equal(reply.rcode, rcode);
	dns_reply_done(&reply);
}

static void a_server_that_is_silent_times_out(void **state)
{
	struct fixture *f = *state;

	ask(f, "silent.example", false);
	assert_int_equal(f->err.code, ERR_TIMEOUT);
	assert_non_null(strstr(f->err.text, f->server));
}

static void a_server_that_is_absent_is_unreachable(void **state)
{
	struct fixture *f = *state;

	snprintf(f->server, sizeof(f->server), "127.0.0.1:1");
	ask(f, "a.example", false);
	assert_int_equal(f->err.code, ERR_UNREACHABLE);
	ask(f, "a.example", true);
	assert_int_equal(f->err.code, ERR_UNREACHABLE);
}

static void an_address_that_this_host_has_no_way_to_is_not_the_servers_fault(void **state)
{
	struct fixture *f = *state;

	snprintf(f->server, sizeof(f->server), "255.255.255.255:53"); /* the kernel lets nobody connect there */
	ask(f, "a.example", false);
	assert_int_equal(f->err.code, ERR_UNREACHABLE);
	assert_non_null(strstr(f->err.text, "this host has no way to 255.255.255.255:53: "));
}

static void an_update_that_nobody_takes_says_why(void **state)
{
	struct fixture *f = *state;
	static const unsigned char update[] = { 1, 2, 5 << 3, 0, 0, 0, 0, 0, 0, 0, 0, 0 };

	snprintf(f->server, sizeof(f->server), "127.0.0.1:1");
	for (int tcp = 0; tcp < 2; tcp++) {
		send_wire(f, update, sizeof(update), tcp);
		assert_int_equal(f->err.code, ERR_UNREACHABLE);
		assert_non_null(strstr(f->err.text, "Connection refused"));
	}
}

static void refuses_a_server_that_is_no_address(void **state)
{
	struct fixture *f = *state;
	unsigned char wire[DNS_QUERY_MAX];
	int length = dns_query_build("a.example", DNS_TXT, false, wire, sizeof(wire), &f->err);

	assert_int_equal(resolver_exchange(f->resolver, "ns1.example", wire, (size_t)length, false, on_reply, f, &f->err), ERR_INVALID);
	assert_int_equal(resolver_exchange(f->resolver, f->server, wire, 5, false, on_reply, f, &f->err), ERR_INVALID);
}

static void servfail_is_a_reply(void **state)
{
	struct fixture *f = *state;

	ask(f, "servfail.example", false);
	rcode_is(f, "servfail.example", DNS_SERVFAIL);
}

static void a_truncated_reply_comes_again_over_tcp(void **state)
{
	struct fixture *f = *state;

	ask(f, "cut.example", false);
	rcode_is(f, "cut.example", DNS_NOERROR);
	assert_int_equal(f->responder.over_tcp, 1);
}

static void asks_over_tcp_when_told_to(void **state)
{
	struct fixture *f = *state;

	ask(f, "a.example", true);
	rcode_is(f, "a.example", DNS_NOERROR);
	assert_int_equal(f->responder.over_tcp, 1);
}

static void an_update_passes_unchanged_and_its_bare_reply_comes_back(void **state)
{
	/* UPDATE of zone "ex", no changes, and bytes in the place of a TSIG. */
	static const unsigned char update[] = { 0x12, 0x34, 5 << 3, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 'e', 'x', 0, 0, 6, 0, 1,
	                                        3, 'k', 'e', 'y', 0, 0, 250, 0, 255, 0, 0, 0, 0, 0, 4, 9, 8, 7, 6 };
	struct fixture *f = *state;

	for (int tcp = 0; tcp < 2; tcp++) {
		f->responder.update_length = 0;
		send_wire(f, update, sizeof(update), tcp);
		assert_int_equal(f->err.code, 0);
		assert_int_equal(f->length, 12);
		assert_memory_equal(f->wire, "\x12\x34", 2);
		assert_int_equal(f->responder.update_length, sizeof(update));
		assert_memory_equal(f->responder.update, update, sizeof(update));
	}
	assert_int_equal(f->responder.over_tcp, 1);
}

/* ---- a reload ---- */

static void reconfigure(struct fixture *f, const char *server, int port)
{
	const char *const servers[] = { server, NULL };
	const struct resolver_options options = { .servers = servers, .timeout_ms = 300, .tries = 1, .authority_port = port };

	if (resolver_reconfigure(f->resolver, &options, &f->err) < 0)
		fail_msg("%s", f->err.text);
}

static void query(struct fixture *f, const char *name)
{
	f->done = 0;
	assert_int_equal(resolver_query(f->resolver, name, DNS_A, on_reply, f, &f->err), 0);
}

static void other_servers_are_asked_from_the_reload_on_and_what_is_under_way_ends_as_it_began(void **state)
{
	struct fixture *f = *state;

	reconfigure(f, "127.0.0.1:1", 0);
	query(f, "host.example");
	reconfigure(f, f->server, 0); /* the query before still goes to the old one, which is absent */
	loop_run_until(f->loop, &f->done, 10000);
	assert_int_equal(f->err.code, ERR_UNREACHABLE);
	query(f, "host.example");
	loop_run_until(f->loop, &f->done, 10000);
	assert_int_equal(f->err.code, 0);
	snprintf(f->server, sizeof(f->server), "127.0.0.1");
	reconfigure(f, "127.0.0.1", f->responder.port); /* the port of authorities */
	ask(f, "a.example", false);
	assert_int_equal(f->err.code, 0);
}

static void a_silent_server_is_waited_for_as_before_and_the_next_as_the_reload_says(void **state)
{
	struct fixture *f = *state;
	int64_t started_ms = loop_now_ms(f->loop);

	ask(f, "a.example", false);
	reconfigure(f, f->server, 0); /* one try of 300 ms, in place of two */
	ask(f, "silent.example", false);
	assert_int_equal(f->err.code, ERR_TIMEOUT);
	assert_in_range(loop_now_ms(f->loop) - started_ms, 250, 560);
}

static void servers_that_are_no_addresses_change_nothing(void **state)
{
	struct fixture *f = *state;
	const char *const servers[] = { "ns1.example", NULL };
	const struct resolver_options options = { .servers = servers, .authority_port = 1 };

	assert_int_equal(resolver_reconfigure(f->resolver, &options, &f->err), ERR_INVALID);
	query(f, "host.example");
	loop_run_until(f->loop, &f->done, 10000);
	assert_int_equal(f->err.code, 0);
}

static void what_waits_at_a_server_that_was_replaced_is_answered_or_called_off(void **state)
{
	struct fixture *f = *state;

	for (int calls_off = 0; calls_off < 2; calls_off++) {
		f->calls = f->all_done = 0;
		f->wanted = 300; /* more than are in flight at once */
		for (int i = 0; i < f->wanted; i++)
			assert_int_equal(resolver_query(f->resolver, "host.example", DNS_A, on_reply, f, &f->err), 0);
		reconfigure(f, f->server, 0);
		if (calls_off) {
			resolver_free(f->resolver);
			f->resolver = NULL;
		}
		loop_run_until(f->loop, &f->all_done, 10000);
		assert_int_equal(f->calls, f->wanted);
		assert_int_equal(f->err.code, calls_off ? ERR_CANCELLED : 0);
	}
}

/* What a repetition is told says nothing about the first, which may have arrived; and it could overtake the next change. */
static void an_update_is_sent_once(void **state)
{
	static const unsigned char update[] = { 1, 2, 5 << 3, 0, 0, 1, 0, 0, 0, 0, 0, 0, 6, 's', 'i', 'l', 'e', 'n', 't', 0, 0, 6, 0, 1 };
	struct fixture *f = *state;

	send_wire(f, update, sizeof(update), false);
	assert_int_equal(f->err.code, ERR_TIMEOUT);
	assert_int_equal(f->responder.updates, 1);
}

/* A listener whose queue is full answers no further connection. */
static void listener_fill(int fds[4], char server[32])
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);

	fds[0] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fds[0], (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(fds[0], 0), 0);
	assert_int_equal(getsockname(fds[0], (struct sockaddr *)&address, &size), 0);
	for (int i = 1; i < 4; i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(fds[i], (struct sockaddr *)&address, size);
	}
	snprintf(server, 32, "127.0.0.1:%d", ntohs(address.sin_port));
}

static void an_update_over_a_connection_that_does_not_come_about_cannot_have_arrived(void **state)
{
	static const unsigned char update[] = { 1, 2, 5 << 3, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	struct fixture *f = *state;
	int fds[4];

	listener_fill(fds, f->server);
	send_wire(f, update, sizeof(update), true);
	assert_int_equal(f->err.code, ERR_UNREACHABLE);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
}

static void many_names_at_once_all_get_their_answer(void **state)
{
	struct fixture *f = *state;

	f->wanted = 400;
	for (int i = 0; i < f->wanted; i++) {
		unsigned char wire[DNS_QUERY_MAX];
		char name[32];
		int length;

		snprintf(name, sizeof(name), "n%d.example", i);
		length = dns_query_build(name, DNS_TXT, false, wire, sizeof(wire), &f->err);
		assert_int_equal(resolver_exchange(f->resolver, f->server, wire, (size_t)length, false, on_reply, f, &f->err), 0);
	}
	loop_run_until(f->loop, &f->all_done, 10000);
	assert_int_equal(f->calls, 400);
	assert_int_equal(f->err.code, 0);
}

static void what_is_running_is_cancelled_before_the_resolver_is_gone(void **state)
{
	struct fixture *f = *state;
	static const unsigned char update[] = { 1, 2, 5 << 3, 0, 0, 0, 0, 0, 0, 0, 0, 0 };

	assert_int_equal(resolver_query(f->resolver, "silent.example", DNS_TXT, on_reply, f, &f->err), 0);
	assert_int_equal(resolver_exchange(f->resolver, f->server, update, sizeof(update), false, on_reply, f, &f->err), 0);
	resolver_free(f->resolver);
	f->resolver = NULL;
	assert_int_equal(f->calls, 2);
	assert_int_equal(f->err.code, ERR_CANCELLED);
}

static void on_addresses(const char *const *addresses, const struct err *err, void *arg)
{
	struct fixture *f = arg;

	f->done = 1;
	f->err = *err;
	f->addresses[0] = '\0';
	for (; addresses && *addresses; addresses++) {
		strcat(f->addresses, *addresses);
		strcat(f->addresses, " ");
	}
}

static void look_up(struct fixture *f, const char *host)
{
	f->done = 0;
	assert_int_equal(resolver_addresses(f->resolver, host, on_addresses, f, &f->err), 0);
	assert_int_equal(f->done, 0);
	loop_run_until(f->loop, &f->done, 10000);
}

static void finds_the_addresses_of_a_host(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(resolver_addresses(f->resolver, "a..b", on_addresses, f, &f->err), ERR_INVALID);
	look_up(f, "silent.example");
	assert_int_equal(f->err.code, ERR_TIMEOUT);
	look_up(f, "servfail.example");
	assert_non_null(strstr(f->err.text, "SERVFAIL"));
	look_up(f, "none.example");
	assert_int_equal(f->err.code, 0);
	assert_string_equal(f->addresses, "");
	look_up(f, "Host.example");
	assert_string_equal(f->addresses, "192.0.2.7 ");
	look_up(f, "[2001:db8::1]");
	assert_string_equal(f->addresses, "2001:db8::1 ");
}

/* ---- the contract of everything that takes time ---- */

struct world {
	struct responder responder;
	struct resolver *resolver;
	char server[32];
};

static void open_world(void *arg, struct loop *l)
{
	struct world *w = arg;
	const char *servers[] = { w->server, NULL };
	const struct resolver_options options = { .servers = servers, .timeout_ms = 300, .tries = 2 };
	struct err err;

	w->resolver = resolver_new(l, &options, &err);
	assert_non_null(w->resolver);
}

static void close_world(void *arg)
{
	struct world *w = arg;

	resolver_free(w->resolver);
	w->resolver = NULL;
}

static void tell_reply(const unsigned char *wire, size_t length, int64_t elapsed_ms, const struct err *err, void *arg)
{
	(void)wire, (void)length, (void)elapsed_ms;
	async_told(arg, err->code);
}

static void tell_addresses(const char *const *addresses, const struct err *err, void *arg)
{
	(void)addresses;
	async_told(arg, err->code);
}

static int start_query(struct async_call *c, struct err *err)
{
	return resolver_query(((struct world *)c->world)->resolver, "a.example", DNS_TXT, tell_reply, c, err);
}

static int start_query_of_no_name(struct async_call *c, struct err *err)
{
	return resolver_query(((struct world *)c->world)->resolver, "a..b", DNS_TXT, tell_reply, c, err);
}

static int start_exchange(struct async_call *c, struct err *err)
{
	struct world *w = c->world;
	unsigned char wire[DNS_QUERY_MAX];
	int length = dns_query_build("a.example", DNS_TXT, false, wire, sizeof(wire), err);

	return resolver_exchange(w->resolver, w->server, wire, (size_t)length, false, tell_reply, c, err);
}

static int start_exchange_with_a_name(struct async_call *c, struct err *err)
{
	unsigned char wire[DNS_QUERY_MAX];
	int length = dns_query_build("a.example", DNS_TXT, false, wire, sizeof(wire), err);

	return resolver_exchange(((struct world *)c->world)->resolver, "ns1.example", wire, (size_t)length, false, tell_reply, c, err);
}

static int start_absent(struct async_call *c, struct err *err)
{
	unsigned char wire[DNS_QUERY_MAX];
	int length = dns_query_build("a.example", DNS_TXT, false, wire, sizeof(wire), err);

	return resolver_exchange(((struct world *)c->world)->resolver, "127.0.0.1:1", wire, (size_t)length, true, tell_reply, c, err);
}

static int start_update(struct async_call *c, struct err *err)
{
	static const unsigned char update[] = { 1, 2, 5 << 3, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 'e', 'x', 0, 0, 6, 0, 1 };
	struct world *w = c->world;

	return resolver_exchange(w->resolver, w->server, update, sizeof(update), false, tell_reply, c, err);
}

static int start_host(struct async_call *c, struct err *err)
{
	return resolver_addresses(((struct world *)c->world)->resolver, "host.example", tell_addresses, c, err);
}

static int start_no_host(struct async_call *c, struct err *err)
{
	return resolver_addresses(((struct world *)c->world)->resolver, "a..b", tell_addresses, c, err);
}

static int start_literal(struct async_call *c, struct err *err)
{
	return resolver_addresses(((struct world *)c->world)->resolver, "192.0.2.1", tell_addresses, c, err);
}

static void every_question_keeps_the_contract(void **state)
{
	static const struct async_module modules[] = {
		{ start_query, start_query_of_no_name, NULL, open_world, close_world },
		{ start_exchange, start_exchange_with_a_name, NULL, open_world, close_world },
		{ start_absent, NULL, NULL, open_world, close_world },
		{ start_update, NULL, NULL, open_world, close_world },
		{ start_host, start_no_host, NULL, open_world, close_world },
		{ start_literal, NULL, NULL, open_world, close_world },
	};
	struct world w = { 0 };

	(void)state;
	responder_start(&w.responder);
	snprintf(w.server, sizeof(w.server), "127.0.0.1:%d", w.responder.port);
	for (size_t i = 0; i < ARRAY_LEN(modules); i++)
		assert_contract(&modules[i], &w);
	responder_stop(&w.responder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_question_keeps_the_contract),
		cmocka_unit_test_setup_teardown(a_server_that_is_silent_times_out, setup, teardown),
		cmocka_unit_test_setup_teardown(a_server_that_is_absent_is_unreachable, setup, teardown),
		cmocka_unit_test_setup_teardown(an_address_that_this_host_has_no_way_to_is_not_the_servers_fault, setup, teardown),
		cmocka_unit_test_setup_teardown(an_update_that_nobody_takes_says_why, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_a_server_that_is_no_address, setup, teardown),
		cmocka_unit_test_setup_teardown(servfail_is_a_reply, setup, teardown),
		cmocka_unit_test_setup_teardown(a_truncated_reply_comes_again_over_tcp, setup, teardown),
		cmocka_unit_test_setup_teardown(asks_over_tcp_when_told_to, setup, teardown),
		cmocka_unit_test_setup_teardown(an_update_passes_unchanged_and_its_bare_reply_comes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(an_update_is_sent_once, setup, teardown),
		cmocka_unit_test_setup_teardown(other_servers_are_asked_from_the_reload_on_and_what_is_under_way_ends_as_it_began, setup, teardown),
		cmocka_unit_test_setup_teardown(a_silent_server_is_waited_for_as_before_and_the_next_as_the_reload_says, setup, teardown),
		cmocka_unit_test_setup_teardown(servers_that_are_no_addresses_change_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(what_waits_at_a_server_that_was_replaced_is_answered_or_called_off, setup, teardown),
		cmocka_unit_test_setup_teardown(an_update_over_a_connection_that_does_not_come_about_cannot_have_arrived, setup, teardown),
		cmocka_unit_test_setup_teardown(many_names_at_once_all_get_their_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_running_is_cancelled_before_the_resolver_is_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(finds_the_addresses_of_a_host, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
