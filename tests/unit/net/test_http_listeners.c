#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "solver/base/mem.h"
#include "solver/net/http_listeners.h"

#define PEERS 4

struct fixture {
	struct loop *loop;
	struct http_listeners *listeners;
	struct http_exchange *waiting; /* of /later and /stream */
	char *addresses[3];            /* on free ports */
	int fds[PEERS];                /* of clients */
	char reply[2048];
	struct err err;
};

static void on_gone(void *arg)
{
	((struct fixture *)arg)->waiting = NULL;
}

static void handle(struct http_exchange *x, void *arg)
{
	struct fixture *f = arg;

	if (strcmp(http_exchange_path(x), "/now") == 0) {
		http_exchange_reply(x, 200, NULL, "now", 3);
		return;
	}
	f->waiting = x;
	http_exchange_on_gone(x, on_gone, f);
	if (strcmp(http_exchange_path(x), "/stream") != 0)
		return;
	http_exchange_stream(x, "text/plain");
	http_exchange_write(x, "a word\n");
}

/* A port that nobody holds now. */
static char *free_address(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, length), 0);
	getsockname(fd, (struct sockaddr *)&a, &length);
	close(fd);
	return mem_printf("127.0.0.1:%d", ntohs(a.sin_port));
}

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	struct http_listeners_parts parts = { .handle = handle, .arg = f, .guard = { .listener = "test", .head_s = 10, .idle_s = 60 } };

	f->loop = parts.loop = loop_new();
	f->listeners = http_listeners_new(&parts);
	for (size_t i = 0; i < ARRAY_LEN(f->addresses); i++)
		f->addresses[i] = free_address();
	for (size_t i = 0; i < PEERS; i++)
		f->fds[i] = -1;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	http_listeners_free(f->listeners);
	loop_free(f->loop);
	for (size_t i = 0; i < PEERS; i++)
		if (f->fds[i] >= 0)
			close(f->fds[i]);
	for (size_t i = 0; i < ARRAY_LEN(f->addresses); i++)
		free(f->addresses[i]);
	free(f);
	return 0;
}

static int prepare(struct fixture *f, char *first, char *second, struct http_listeners_change **ret)
{
	char *const list[] = { first, second, NULL };
	const struct http_listeners_options o = { .plain = { list, "api.listen" }, .max_body = 1000, .connections = 10, .per_address = 10 };

	return http_listeners_prepare(f->listeners, &o, ret, &f->err);
}

static void listen_on(struct fixture *f, char *first, char *second)
{
	struct http_listeners_change *change;

	if (prepare(f, first, second, &change) < 0)
		fail_msg("%s", f->err.text);
	http_listeners_commit(change);
}

static bool connects(struct fixture *f, int peer, const char *address)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	to.sin_port = htons(atoi(strrchr(address, ':') + 1));
	if (f->fds[peer] >= 0)
		close(f->fds[peer]);
	f->fds[peer] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return connect(f->fds[peer], (struct sockaddr *)&to, sizeof(to)) == 0;
}

static void ask(struct fixture *f, int peer, const char *path)
{
	CLEANUP(mem_freep) char *request = mem_printf("GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);

	assert_int_equal(send(f->fds[peer], request, strlen(request), MSG_NOSIGNAL), strlen(request));
}

/* The loop runs until `text` has come, or the end where it is NULL. */
static void expect(struct fixture *f, int peer, const char *text)
{
	static const int never;
	size_t used = 0;
	ssize_t got = -1;

	memset(f->reply, 0, sizeof(f->reply));
	for (int i = 0; i < 2000; i++) {
		got = recv(f->fds[peer], f->reply + used, sizeof(f->reply) - 1 - used, MSG_DONTWAIT);
		used += got > 0 ? (size_t)got : 0;
		if (got == 0 || (text && strstr(f->reply, text)))
			break;
		loop_run_until(f->loop, &never, 5);
	}
	if (text && !strstr(f->reply, text))
		fail_msg("there is no \"%s\" in \"%s\"", text, f->reply);
	if (!text)
		assert_int_equal(got, 0);
}

static void until_somebody_waits(struct fixture *f)
{
	static const int never;

	for (int i = 0; i < 2000 && !f->waiting; i++)
		loop_run_until(f->loop, &never, 5);
	assert_non_null(f->waiting);
}

static void an_address_that_stays_keeps_its_connections(void **state)
{
	struct fixture *f = *state;

	listen_on(f, f->addresses[0], f->addresses[1]);
	assert_true(connects(f, 0, f->addresses[0]));
	ask(f, 0, "/later");
	until_somebody_waits(f);
	for (int i = 0; i < 5; i++)
		listen_on(f, f->addresses[0], f->addresses[1 + i % 2]);
	http_exchange_reply(f->waiting, 200, NULL, "late", 4);
	expect(f, 0, "late");
	assert_null(strstr(f->reply, "close"));
	ask(f, 0, "/now");
	expect(f, 0, "now");
}

static void one_that_goes_answers_who_waits_there_and_nobody_new(void **state)
{
	struct fixture *f = *state;

	listen_on(f, f->addresses[0], NULL);
	assert_true(connects(f, 0, f->addresses[0]));
	assert_true(connects(f, 1, f->addresses[0]));
	ask(f, 0, "/later");
	until_somebody_waits(f);
	listen_on(f, f->addresses[1], NULL);
	assert_false(connects(f, 2, f->addresses[0]));
	ask(f, 1, "/now");
	expect(f, 1, "now");
	assert_non_null(strstr(f->reply, "Connection: close"));
	http_exchange_reply(f->waiting, 200, NULL, "late", 4);
	expect(f, 0, "late");
	assert_non_null(strstr(f->reply, "Connection: close"));
	expect(f, 0, NULL);
}

static void a_stream_at_an_address_that_goes_ends_as_a_whole(void **state)
{
	struct fixture *f = *state;

	listen_on(f, f->addresses[0], NULL);
	assert_true(connects(f, 0, f->addresses[0]));
	assert_true(connects(f, 1, f->addresses[0]));
	ask(f, 0, "/stream");
	expect(f, 0, "a word");
	listen_on(f, f->addresses[1], NULL);
	expect(f, 0, "0\r\n\r\n");
	ask(f, 1, "/stream"); /* one that begins only now */
	expect(f, 1, "0\r\n\r\n");
	assert_non_null(strstr(f->reply, "a word"));
}

static void a_busy_address_is_named_and_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct http_listeners_change *change;
	int taken = socket(AF_INET, SOCK_STREAM, 0);

	any.sin_port = htons(atoi(strrchr(f->addresses[2], ':') + 1));
	assert_int_equal(bind(taken, (struct sockaddr *)&any, sizeof(any)), 0);
	assert_int_equal(listen(taken, 1), 0);
	listen_on(f, f->addresses[0], NULL);
	assert_int_equal(prepare(f, f->addresses[1], f->addresses[2], &change), ERR_EXISTS);
	assert_non_null(strstr(f->err.text, f->addresses[2]));
	assert_non_null(strstr(f->err.text, "api.listen"));
	assert_false(connects(f, 0, f->addresses[1]));
	assert_true(connects(f, 0, f->addresses[0]));
	close(taken);
}

static void an_address_becomes_one_of_all_addresses_and_back(void **state)
{
	struct fixture *f = *state;
	CLEANUP(mem_freep) char *all = mem_printf("0.0.0.0%s", strrchr(f->addresses[0], ':'));

	for (int i = 0; i < 4; i++) {
		listen_on(f, i % 2 ? all : f->addresses[0], NULL);
		assert_true(connects(f, 0, f->addresses[0]));
		ask(f, 0, "/now");
		expect(f, 0, "now");
	}
}

static void what_was_prepared_and_given_up_closes_again(void **state)
{
	struct fixture *f = *state;
	struct http_listeners_change *change;

	listen_on(f, f->addresses[0], NULL);
	assert_int_equal(prepare(f, f->addresses[1], NULL, &change), 0);
	http_listeners_abort(change);
	assert_false(connects(f, 0, f->addresses[1]));
	assert_true(connects(f, 0, f->addresses[0]));
	ask(f, 0, "/now");
	expect(f, 0, "now");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_address_that_stays_keeps_its_connections),
		TEST(one_that_goes_answers_who_waits_there_and_nobody_new),
		TEST(a_stream_at_an_address_that_goes_ends_as_a_whole),
		TEST(a_busy_address_is_named_and_changes_nothing),
		TEST(an_address_becomes_one_of_all_addresses_and_back),
		TEST(what_was_prepared_and_given_up_closes_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
