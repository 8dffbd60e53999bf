#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "solver/base/mem.h"
#include "solver/net/http.h"
#include "solver/net/http_server.h"

/* Server and client share one loop: what the server defers, the client must wait for. */
struct fixture {
	struct loop *loop;
	struct http_client *client;
	struct http_server *server;
	struct http_exchange *waiting; /* kept by /later and /stream */
	int gone, handled, done;
	int status;
	struct err err;
	char *body, *headers;
	char url[128];
};

static void on_gone(void *arg)
{
	struct fixture *f = arg;

	f->waiting = NULL;
	f->gone++;
}

static void reply_later(void *arg)
{
	struct fixture *f = arg;

	if (f->waiting)
		http_exchange_reply(f->waiting, 201, "text/plain", "late", 4);
}

static void keep(struct fixture *f, struct http_exchange *x)
{
	f->waiting = x;
	http_exchange_on_gone(x, on_gone, f);
}

static void echo(struct http_exchange *x)
{
	const char *q = http_exchange_query(x, "q"), *bare = http_exchange_query(x, "bare"), *h = http_exchange_request_header(x, "x-test");
	CLEANUP(mem_freep) char *text = mem_printf("%s %s q=%s bare=%s h=%s body=%zu:%s peer=%s loopback=%d", http_exchange_method(x),
		http_exchange_path(x), q ? q : "-", bare ? bare : "-", h ? h : "-", http_exchange_body_length(x), http_exchange_body(x),
		http_exchange_peer(x), http_exchange_from_loopback(x));

	assert_int_equal(http_exchange_header(x, "X-Bad", "a\r\nb"), ERR_INVALID);
	assert_int_equal(http_exchange_header(x, "X-Reply", "yes"), 0);
	http_exchange_reply(x, 200, "text/plain", text, strlen(text));
}

static void cut(struct http_exchange *x)
{
	CLEANUP(mem_freep) char *list = http_exchange_request_header_all(x, "x-list");
	CLEANUP(mem_freep) char *none = http_exchange_request_header_all(x, "X-None");
	CLEANUP(mem_freep) char *text = NULL;

	assert_null(http_exchange_prefix(x));
	assert_false(http_exchange_tls(x));
	assert_null(http_exchange_client_certificate(x));
	http_exchange_cut_path(x, strlen("/cut/secret"));
	text = mem_printf("path=%s prefix=%s list=%s none=%d", http_exchange_path(x), http_exchange_prefix(x), list, none != NULL);
	http_exchange_reply(x, 200, "text/plain", text, strlen(text));
}

static void handle(struct http_exchange *x, void *arg)
{
	struct fixture *f = arg;

	f->handled++;
	if (strncmp(http_exchange_path(x), "/cut/", 5) == 0) {
		cut(x);
	} else if (strcmp(http_exchange_path(x), "/later") == 0) {
		keep(f, x);
		timer_start(f->loop, 20, reply_later, f);
	} else if (strcmp(http_exchange_path(x), "/never") == 0) {
		keep(f, x);
	} else if (strcmp(http_exchange_path(x), "/stream") == 0) {
		keep(f, x);
		http_exchange_stream(x, "text/event-stream");
	} else if (strcmp(http_exchange_path(x), "/release") == 0) {
		reply_later(f);
		echo(x);
	} else {
		echo(x);
	}
}

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	const struct http_server_options options = { .max_body = 1000 };

	f->loop = loop_new();
	f->client = http_client_new(f->loop);
	if (http_server_start(f->loop, "127.0.0.1:0", &options, handle, f, &f->server, &f->err) < 0)
		fail_msg("%s", f->err.text);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	http_client_free(f->client);
	http_server_stop(f->server);
	loop_free(f->loop);
	free(f->body);
	free(f->headers);
	free(f);
	return 0;
}

static void on_done(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct fixture *f = arg;

	f->done++;
	f->err = *err;
	f->status = reply ? reply->status : 0;
	mem_replace(&f->body, reply ? reply->body : NULL);
	mem_replace(&f->headers, reply ? reply->headers : NULL);
}

static struct http_call *start(struct fixture *f, const char *path, struct http_request request)
{
	struct http_call *call = NULL;

	snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%d%s", http_server_port(f->server), path);
	request.url = f->url;
	f->done = 0;
	assert_int_equal(http_start(f->client, &request, on_done, f, &call, &f->err), 0);
	return call;
}

static void fetch(struct fixture *f, const char *path, struct http_request request)
{
	start(f, path, request);
	loop_run_until(f->loop, &f->done, 5000);
	assert_int_equal(f->done, 1);
}

static void names_the_port_that_is_taken(void **state)
{
	struct fixture *f = *state;
	struct http_server *second = NULL;
	char listen[32];
	struct err err = { 0 };

	snprintf(listen, sizeof(listen), "127.0.0.1:%d", http_server_port(f->server));
	assert_int_equal(http_server_start(f->loop, listen, NULL, handle, f, &second, &err), ERR_EXISTS);
	assert_non_null(strstr(err.text, listen));
	assert_non_null(strstr(err.text, "in use"));
	assert_null(second);
}

static void refuses_a_listen_address_that_is_none(void **state)
{
	static const char *const wrong[] = { "example.com:80", "127.0.0.1", "127.0.0.1:99999", "[::1", "", "127.0.0.1:8x" };
	struct fixture *f = *state;
	struct http_server *second = NULL;
	struct err err = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(http_server_start(f->loop, wrong[i], NULL, handle, f, &second, &err), ERR_INVALID);
}

static void refuses_a_body_over_the_maximum(void **state)
{
	static char body[200000];
	struct fixture *f = *state;

	memset(body, 'x', sizeof(body));
	fetch(f, "/echo", (struct http_request){ .method = "POST", .body = body, .body_length = sizeof(body) });
	assert_int_equal(f->status, 413);
	assert_int_equal(f->handled, 0);
	assert_non_null(strstr(f->headers, "application/problem+json"));
	assert_non_null(strstr(f->body, "longer than 1000 bytes"));
	fetch(f, "/echo", (struct http_request){ .method = "POST", .body = body, .body_length = 1000 });
	assert_int_equal(f->status, 200);
}

static void does_not_cut_a_path_at_a_zero_byte(void **state)
{
	struct fixture *f = *state;

	fetch(f, "/a%00b%2fc", (struct http_request){ 0 });
	assert_non_null(strstr(f->body, "/a%00b/c "));
}

static void cuts_a_prefix_off_the_path_and_joins_headers(void **state)
{
	static const char *const headers[] = { "X-List: a", "X-List: b, c", NULL };
	struct fixture *f = *state;

	fetch(f, "/cut/secret/rest", (struct http_request){ .headers = headers });
	assert_string_equal(f->body, "path=/rest prefix=/cut/secret list=a, b, c none=0");
}

static void hands_the_whole_request_to_the_handler(void **state)
{
	struct fixture *f = *state;
	const char *const headers[] = { "X-Test: seen", NULL };

	fetch(f, "/echo?q=a%20b&bare", (struct http_request){ .method = "PUT", .body = "hello", .body_length = 5, .headers = headers });
	assert_string_equal(f->body, "PUT /echo q=a b bare= h=seen body=5:hello peer=127.0.0.1 loopback=1");
	assert_non_null(strstr(f->headers, "X-Reply: yes"));
}

static void answers_head_without_a_body(void **state)
{
	struct fixture *f = *state;

	fetch(f, "/echo", (struct http_request){ .method = "HEAD" });
	assert_int_equal(f->status, 200);
	assert_string_equal(f->body, "");
}

static void replies_later(void **state)
{
	struct fixture *f = *state;

	fetch(f, "/later", (struct http_request){ 0 });
	assert_int_equal(f->status, 201);
	assert_string_equal(f->body, "late");
	loop_run_until(f->loop, &f->gone, 1000);
	assert_int_equal(f->gone, 1);
}

static void count_done(const struct http_reply *reply, const struct err *err, void *arg)
{
	(void)reply;
	(void)err;
	++*(int *)arg;
}

static void one_request_lets_another_go(void **state)
{
	struct fixture *f = *state;
	const struct http_request release = { .url = f->url };
	int released = 0;

	start(f, "/never", (struct http_request){ 0 });
	loop_run_until(f->loop, &f->handled, 5000);
	snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%d/release", http_server_port(f->server));
	assert_int_equal(http_start(f->client, &release, count_done, &released, NULL, &f->err), 0);
	loop_run_until(f->loop, &f->done, 5000);
	assert_int_equal(f->status, 201);
	loop_run_until(f->loop, &released, 5000);
	assert_int_equal(released, 1);
}

static void notices_a_peer_that_hangs_up_while_it_waits(void **state)
{
	struct fixture *f = *state;
	struct http_call *call = start(f, "/never", (struct http_request){ 0 });

	loop_run_until(f->loop, &f->handled, 5000);
	assert_non_null(f->waiting);
	http_cancel(call);
	loop_run_until(f->loop, &f->gone, 5000);
	assert_int_equal(f->gone, 1);
	assert_int_equal(f->done, 0);
}

static void writes_twice_and_ends(void *arg)
{
	struct fixture *f = arg;

	assert_int_equal(http_exchange_write(f->waiting, "data: two\n\n"), 0);
	http_exchange_end(f->waiting);
}

static void streams_what_is_written_over_time(void **state)
{
	struct fixture *f = *state;

	start(f, "/stream", (struct http_request){ 0 });
	loop_run_until(f->loop, &f->handled, 5000);
	assert_int_equal(http_exchange_write(f->waiting, "data: one\n\n"), 0);
	timer_start(f->loop, 20, writes_twice_and_ends, f);
	loop_run_until(f->loop, &f->done, 5000);
	assert_string_equal(f->body, "data: one\n\ndata: two\n\n");
	loop_run_until(f->loop, &f->gone, 5000);
	assert_int_equal(f->gone, 1);
}

static int raw_client(struct fixture *f, const char *text)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)http_server_port(f->server)),
	                          .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

static void cuts_a_stream_nobody_reads(void **state)
{
	struct fixture *f = *state;
	static char block[65537];
	int fd = raw_client(f, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n"), rc = 0;

	loop_run_until(f->loop, &f->handled, 5000);
	memset(block, 'x', sizeof(block) - 1);
	for (int i = 0; i < 1000 && rc == 0; i++)
		rc = http_exchange_write(f->waiting, block);
	assert_int_equal(rc, ERR_TOO_LARGE);
	assert_int_not_equal(http_exchange_write(f->waiting, "more"), 0);
	loop_run_until(f->loop, &f->gone, 5000);
	assert_int_equal(f->gone, 1);
	close(fd);
}

static void stops_with_exchanges_in_flight(void **state)
{
	struct fixture *f = *state;

	start(f, "/never", (struct http_request){ 0 });
	loop_run_until(f->loop, &f->handled, 5000);
	http_server_stop(f->server);
	f->server = NULL;
	assert_int_equal(f->gone, 1);
	loop_run_until(f->loop, &f->done, 5000);
	assert_int_not_equal(f->err.code, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(names_the_port_that_is_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_a_listen_address_that_is_none, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_a_body_over_the_maximum, setup, teardown),
		cmocka_unit_test_setup_teardown(does_not_cut_a_path_at_a_zero_byte, setup, teardown),
		cmocka_unit_test_setup_teardown(cuts_a_prefix_off_the_path_and_joins_headers, setup, teardown),
		cmocka_unit_test_setup_teardown(hands_the_whole_request_to_the_handler, setup, teardown),
		cmocka_unit_test_setup_teardown(answers_head_without_a_body, setup, teardown),
		cmocka_unit_test_setup_teardown(replies_later, setup, teardown),
		cmocka_unit_test_setup_teardown(one_request_lets_another_go, setup, teardown),
		cmocka_unit_test_setup_teardown(notices_a_peer_that_hangs_up_while_it_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(streams_what_is_written_over_time, setup, teardown),
		cmocka_unit_test_setup_teardown(cuts_a_stream_nobody_reads, setup, teardown),
		cmocka_unit_test_setup_teardown(stops_with_exchanges_in_flight, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
