#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "webroot/responder.h"

#define PATH "/.well-known/acme-challenge/"
#define BODY "token.thumbprint"
#define TABLE 240
#define CROWD 300
#define RELOADS 200
#define VISITORS 4

struct fixture {
	struct answers *answers;
	struct responder *responder;
	struct err err;
	int fd;
	char reply[8192];
};

static void start(struct fixture *f, const char *redirect)
{
	static const char *const listen[] = { "127.0.0.1:0", NULL };
	struct responder_options o = { .listen = listen, .redirect_unknown = redirect, .threads = 2, .connections = TABLE };

	assert_int_equal(responder_start(&o, f->answers, &f->responder, &f->err), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->fd = -1;
	f->answers = answers_new();
	answers_set_http(f->answers, "www.example.com", "token", BODY);
	answers_set_http(f->answers, "2001:db8::1", "token", "for the address");
	*state = f;
	return 0;
}

static int setup_started(void **state)
{
	setup(state);
	start(*state, NULL);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	if (f->fd >= 0)
		close(f->fd);
	responder_stop(f->responder);
	answers_free(f->answers);
	free(f);
	return 0;
}

static void connect_to(struct fixture *f)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const char *bound = responder_bound(f->responder, 0);

	if (f->fd >= 0)
		close(f->fd);
	to.sin_port = htons(atoi(strrchr(bound, ':') + 1));
	f->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(f->fd, (struct sockaddr *)&to, sizeof(to)), 0);
}

/* The bytes of the reply's body, as its Content-Length says; a HEAD reply has none. */
static size_t body_length(const char *reply, bool head)
{
	const char *field = strcasestr(reply, "\r\nContent-Length: ");

	return field && !head ? strtoul(field + 18, NULL, 10) : 0;
}

static const char *exchange(struct fixture *f, const char *request)
{
	bool head = strncmp(request, "HEAD", 4) == 0;
	size_t used = 0;
	const char *end = NULL;

	assert_int_equal(send(f->fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	memset(f->reply, 0, sizeof(f->reply));
	while (!end || used < (size_t)(end + 4 - f->reply) + body_length(f->reply, head)) {
		ssize_t count = recv(f->fd, f->reply + used, sizeof(f->reply) - 1 - used, 0);

		if (count <= 0)
			break;
		used += (size_t)count;
		end = strstr(f->reply, "\r\n\r\n");
	}
	return f->reply;
}

static const char *ask(struct fixture *f, const char *request)
{
	connect_to(f);
	return exchange(f, request);
}

static void assert_status(const char *reply, int status)
{
	int there = 0;

	if (sscanf(reply, "HTTP/1.1 %d", &there) != 1 || there != status)
		fail_msg("expected %d, got: %s", status, reply);
}

static void assert_body(const char *reply, const char *body)
{
	const char *end = strstr(reply, "\r\n\r\n");

	assert_status(reply, 200);
	assert_non_null(end);
	assert_string_equal(end + 4, body);
}

static void a_taken_port_is_an_error_that_names_address_and_option(void **state)
{
	struct fixture *f = *state;
	const char *listen[] = { responder_bound(f->responder, 0), NULL };
	struct responder_options o = { .listen = listen };
	struct responder *second = NULL;

	assert_int_equal(responder_start(&o, f->answers, &second, &f->err), ERR_EXISTS);
	assert_null(second);
	assert_non_null(strstr(f->err.text, listen[0]));
	assert_non_null(strstr(f->err.text, "Address already in use"));
	assert_non_null(strstr(f->err.text, "http.listen"));
}

static void an_address_that_is_none_is_an_error(void **state)
{
	static const char *const bad[] = { "", "localhost:80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:80", "[127.0.0.1]:80", "[::1]" };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *listen[] = { bad[i], NULL };
		struct responder_options o = { .listen = listen };
		struct responder *r = NULL;

		assert_int_equal(responder_start(&o, f->answers, &r, &f->err), ERR_INVALID);
		assert_non_null(strstr(f->err.text, "http.listen"));
	}
}

static void everything_but_the_exact_path_of_a_token_is_not_found(void **state)
{
	static const char *const paths[] = {
		"/", "/index.html", PATH, PATH "toke", PATH "token/", PATH "token.", PATH "../acme-challenge/token", PATH "%74oken",
		"/.well-known//acme-challenge/token", "/.well-known/acme-challenge", PATH "a/token", PATH "tok\xc3\xa9n", "/x" PATH "token",
	};
	struct fixture *f = *state;
	char request[256];

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: www.example.com\r\n\r\n", paths[i]);
		assert_status(ask(f, request), 404);
	}
}

static void a_token_of_another_host_is_not_found(void **state)
{
	assert_status(ask(*state, "GET " PATH "token HTTP/1.1\r\nHost: api.example.com\r\n\r\n"), 404);
}

static void a_missing_doubled_or_odd_host_is_a_bad_request(void **state)
{
	assert_status(ask(*state, "GET " PATH "token HTTP/1.1\r\n\r\n"), 400);
	assert_status(ask(*state, "GET " PATH "token HTTP/1.1\r\nHost:\r\n\r\n"), 400);
	assert_status(ask(*state, "GET " PATH "token HTTP/1.1\r\nHost: www.example.com\r\nHost: a.example\r\n\r\n"), 400);
	assert_status(ask(*state, "GET " PATH "token HTTP/1.1\r\nHost: www.example.com/x\r\n\r\n"), 400);
	assert_status(ask(*state, "GET " PATH "token HTTP/1.1\r\nHost: www.example.com:http\r\n\r\n"), 400);
	assert_status(ask(*state, "GET " PATH "token HTTP/1.1\r\nHost: [::1\r\n\r\n"), 400);
}

static void other_methods_are_refused_with_the_ones_that_work(void **state)
{
	const char *reply = ask(*state, "POST " PATH "token HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 3\r\n\r\nabc");

	assert_status(reply, 405);
	assert_non_null(strstr(reply, "the API (and httpreq) has one of its own"));
	assert_non_null(strstr(reply, "Allow: GET, HEAD\r\n"));
	assert_status(ask(*state, "DELETE " PATH "token HTTP/1.1\r\nHost: www.example.com\r\n\r\n"), 405);
}

static void a_header_over_the_limit_is_refused(void **state)
{
	static char request[20000];
	const char *reply;

	snprintf(request, sizeof(request), "GET " PATH "token HTTP/1.1\r\nHost: www.example.com\r\nX-Long: %015000d\r\n\r\n", 0);
	reply = ask(*state, request);
	assert_int_not_equal(strncmp(reply, "HTTP/1.1 200", 12), 0);
}

static void a_known_token_is_answered_with_its_exact_body(void **state)
{
	const char *reply = ask(*state, "GET " PATH "token HTTP/1.1\r\nHost: www.example.com\r\n\r\n");

	assert_body(reply, BODY);
	assert_non_null(strstr(reply, "Content-Type: text/plain\r\n"));
	assert_non_null(strstr(reply, "Content-Length: 16\r\n"));
}

static void the_host_is_read_without_case_port_and_trailing_dot(void **state)
{
	assert_body(ask(*state, "GET " PATH "token HTTP/1.1\r\nHost: WWW.Example.COM\r\n\r\n"), BODY);
	assert_body(ask(*state, "GET " PATH "token HTTP/1.1\r\nHost: www.example.com:8080\r\n\r\n"), BODY);
	assert_body(ask(*state, "GET " PATH "token HTTP/1.1\r\nhost: www.example.com.:80\r\n\r\n"), BODY);
	assert_body(ask(*state, "GET " PATH "token?x=1 HTTP/1.1\r\nHost: www.example.com\r\n\r\n"), BODY);
	assert_body(ask(*state, "GET " PATH "token HTTP/1.0\r\nHost: www.example.com\r\n\r\n"), BODY);
}

static void an_address_literal_is_a_host_too(void **state)
{
	assert_body(ask(*state, "GET " PATH "token HTTP/1.1\r\nHost: [2001:DB8::1]:80\r\n\r\n"), "for the address");
}

static void an_absolute_target_must_name_the_host(void **state)
{
	assert_body(ask(*state, "GET http://www.example.com" PATH "token HTTP/1.1\r\nHost: www.example.com\r\n\r\n"), BODY);
	assert_status(ask(*state, "GET http://www.example.com" PATH "token HTTP/1.1\r\nHost: a.example\r\n\r\n"), 400);
}

static void head_gives_the_header_of_get_without_a_body(void **state)
{
	const char *reply = ask(*state, "HEAD " PATH "token HTTP/1.1\r\nHost: www.example.com\r\n\r\n");

	assert_status(reply, 200);
	assert_non_null(strstr(reply, "Content-Length: 16\r\n"));
	assert_string_equal(strstr(reply, "\r\n\r\n") + 4, "");
}

static void a_connection_is_kept_for_the_next_request(void **state)
{
	struct fixture *f = *state;

	connect_to(f);
	for (int i = 0; i < 5; i++) {
		assert_body(exchange(f, "GET " PATH "token HTTP/1.1\r\nHost: www.example.com\r\n\r\n"), BODY);
		assert_status(exchange(f, "GET " PATH "other HTTP/1.1\r\nHost: www.example.com\r\n\r\n"), 404);
	}
}

static void a_change_of_the_table_is_seen_at_once(void **state)
{
	struct fixture *f = *state;

	connect_to(f);
	answers_set_http(f->answers, "www.example.com", "token", "changed");
	assert_body(exchange(f, "GET " PATH "token HTTP/1.1\r\nHost: www.example.com\r\n\r\n"), "changed");
	answers_clear_http(f->answers, "www.example.com", "token");
	assert_status(exchange(f, "GET " PATH "token HTTP/1.1\r\nHost: www.example.com\r\n\r\n"), 404);
}

/* Its threads serve while another one sweeps. */
static void half_requests_leave_room_for_whole_ones(void **state)
{
	struct fixture *f = *state;
	int half[CROWD];

	for (int i = 0; i < CROWD; i++) {
		connect_to(f);
		assert_int_equal(send(f->fd, "GET /", 5, MSG_NOSIGNAL), 5);
		half[i] = f->fd;
		f->fd = -1;
		guard_sweep(responder_guard(f->responder));
		if (i % 10 == 0) {
			assert_body(ask(f, "GET " PATH "token HTTP/1.1\r\nHost: www.example.com\r\n\r\n"), BODY);
			guard_sweep(responder_guard(f->responder));
		}
	}
	for (int i = 0; i < CROWD; i++)
		close(half[i]);
}

static void an_unknown_token_is_redirected_when_configured(void **state)
{
	struct fixture *f = *state;
	const char *reply;

	start(f, "http://dcv.example.net/");
	reply = ask(f, "GET " PATH "other HTTP/1.1\r\nHost: www.example.com\r\n\r\n");
	assert_status(reply, 302);
	assert_non_null(strstr(reply, "Location: http://dcv.example.net" PATH "other\r\n"));
	assert_body(ask(f, "GET " PATH "token HTTP/1.1\r\nHost: www.example.com\r\n\r\n"), BODY);
	assert_status(ask(f, "GET " PATH "no.token HTTP/1.1\r\nHost: www.example.com\r\n\r\n"), 404);
	assert_status(ask(f, "GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n"), 404);
}

/* ---- a reload ---- */

struct crowd {
	pthread_t threads[VISITORS];
	in_port_t port; /* in network order */
	atomic_bool over;
	atomic_int answered, lost;
};

/* Each connection asks once; whoever is connected is answered, whatever happens to the responder meanwhile. */
static void *come_and_go(void *arg)
{
	static const char request[] = "GET " PATH "token HTTP/1.1\r\nHost: www.example.com\r\n\r\n";
	struct crowd *c = arg;
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = c->port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	char reply[512];

	while (!atomic_load(&c->over)) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		bool answered = connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 && send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) > 0 &&
		                recv(fd, reply, sizeof(reply), 0) > 12 && memcmp(reply, "HTTP/1.1 200", 12) == 0;

		atomic_fetch_add(answered ? &c->answered : &c->lost, 1);
		close(fd);
	}
	return NULL;
}

static void replace(struct fixture *f, struct responder **old)
{
	static const char *const listen[] = { "127.0.0.1:0", NULL };
	struct responder_options o = { .listen = listen, .threads = 8, .connections = TABLE, .before = f->responder };
	struct responder *fresh;

	assert_int_equal(responder_start(&o, f->answers, &fresh, &f->err), 0);
	responder_retire(f->responder);
	*old = f->responder;
	f->responder = fresh;
}

static void no_request_is_lost_while_one_responder_after_the_other_takes_the_place(void **state)
{
	struct fixture *f = *state;
	struct responder *old[RELOADS];
	struct crowd c = { .port = htons(atoi(strrchr(responder_bound(f->responder, 0), ':') + 1)) };

	for (int i = 0; i < VISITORS; i++)
		pthread_create(&c.threads[i], NULL, come_and_go, &c);
	for (int i = 0; i < RELOADS; i++)
		replace(f, &old[i]);
	for (int i = 0; i < RELOADS; i++) {
		while (!responder_idle(old[i]))
			sched_yield();
		responder_stop(old[i]);
	}
	while (!atomic_load(&c.answered))
		sched_yield();
	atomic_store(&c.over, true);
	for (int i = 0; i < VISITORS; i++)
		pthread_join(c.threads[i], NULL);
	assert_int_equal(c.lost, 0);
}

static void one_that_is_abandoned_leaves_the_socket_of_the_one_before_open(void **state)
{
	static const char *const listen[] = { "127.0.0.1:0", NULL };
	struct fixture *f = *state;
	struct responder_options o = { .listen = listen, .threads = 2, .before = f->responder };
	struct responder *fresh;

	for (int i = 0; i < 10; i++) {
		assert_int_equal(responder_start(&o, f->answers, &fresh, &f->err), 0);
		responder_abandon(fresh);
		assert_body(ask(f, "GET " PATH "token HTTP/1.1\r\nHost: www.example.com\r\n\r\n"), BODY);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_started, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_taken_port_is_an_error_that_names_address_and_option),
		TEST(an_address_that_is_none_is_an_error),
		TEST(everything_but_the_exact_path_of_a_token_is_not_found),
		TEST(a_token_of_another_host_is_not_found),
		TEST(a_missing_doubled_or_odd_host_is_a_bad_request),
		TEST(other_methods_are_refused_with_the_ones_that_work),
		TEST(a_header_over_the_limit_is_refused),
		TEST(a_known_token_is_answered_with_its_exact_body),
		TEST(the_host_is_read_without_case_port_and_trailing_dot),
		TEST(an_address_literal_is_a_host_too),
		TEST(an_absolute_target_must_name_the_host),
		TEST(head_gives_the_header_of_get_without_a_body),
		TEST(a_connection_is_kept_for_the_next_request),
		TEST(a_change_of_the_table_is_seen_at_once),
		TEST(half_requests_leave_room_for_whole_ones),
		TEST(no_request_is_lost_while_one_responder_after_the_other_takes_the_place),
		TEST(one_that_is_abandoned_leaves_the_socket_of_the_one_before_open),
		cmocka_unit_test_setup_teardown(an_unknown_token_is_redirected_when_configured, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
