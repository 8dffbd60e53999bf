#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/base/mem.h"
#include "solver/net/http_fetch.h"
#include "solver/net/tls_alpn.h"
#include "tests/unit/net/async.h"
#include "tests/unit/net/raw_server.h"

struct outcome {
	struct loop *loop;
	int done;
	int status;
	char *why;
	enum http_failure failure;
};

static void on_reply(const struct http_fetch_reply *reply, void *arg)
{
	struct outcome *o = arg;

	o->failure = reply->failure;
	o->status = reply->status;
	o->why = mem_dup(reply->why);
	o->done = 1;
	loop_stop(o->loop);
}

static struct http_fetch_request request_to(int port)
{
	return (struct http_fetch_request){ .address = "127.0.0.1", .port = port, .host = "host.example", .target = "/x", .user_agent = "test",
	                                    .body_max = 100, .dial_ms = 400, .timeout_ms = 400 };
}

static void fetch(struct raw_server *s, bool tls, struct outcome *o)
{
	struct http_fetch_request r;
	struct http_fetch *f;
	struct err err;

	*o = (struct outcome){ .loop = loop_new() };
	raw_start(s);
	r = request_to(s->port);
	r.tls = tls;
	assert_int_equal(http_fetch_start(o->loop, &r, on_reply, o, &f, &err), 0);
	loop_run_until(o->loop, &o->done, 20000);
	assert_int_equal(o->done, 1);
	raw_stop(s);
	loop_free(o->loop);
	free(o->why);
}

/* How a request to a server that answers like this ends; the status of the response in *ret_status. */
static enum http_failure ask(const char *scheme, const char *bytes, size_t length, enum raw_end end, int *ret_status)
{
	struct raw_server s = { .bytes = bytes, .length = length, .end = end, .read_first = true };
	struct outcome o;

	fetch(&s, strcmp(scheme, "https") == 0, &o);
	*ret_status = o.status;
	return o.failure;
}

static void expect(const char *bytes, size_t length, enum raw_end end, const char *failure, int status)
{
	int got;
	const char *name = http_failure_name(ask("http", bytes, length, end, &got));

	assert_string_equal(name ? name : "none", failure);
	assert_int_equal(got, status);
}

#define SAYS(text) (text), sizeof(text) - 1

static void what_is_no_response_is_told_apart(void **state)
{
	(void)state;
	expect(SAYS(""), RAW_CLOSE, "closed", 0);
	expect(SAYS(""), RAW_RESET, "reset", 0);
	expect(SAYS(""), RAW_STAY, "timeout", 0);
	expect(SAYS("220 mail.example ESMTP\r\n"), RAW_STAY, "garbage", 0);
	expect(SAYS("\x15\x03\x01\x00\x02\x02\x46"), RAW_CLOSE, "garbage", 0);
	expect(SAYS("\0\0\022\4\0\0\0\0\0\0\3\0\0\0\200\0\4\0\1\0\0\0\5\0\377\377\377"), RAW_CLOSE, "http2", 0);
}

static void a_body_that_ends_early_is_short(void **state)
{
	(void)state;
	expect(SAYS("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf"), RAW_CLOSE, "short", 200);
	expect(SAYS("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf"), RAW_RESET, "short", 200);
}

static void a_body_that_does_not_end_times_out(void **state)
{
	(void)state;
	expect(SAYS("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf"), RAW_STAY, "timeout", 200);
	expect(SAYS("HTTP/1.1 404 No\r\nContent-Length: 20\r\n\r\nhalf"), RAW_STAY, "timeout", 404);
}

static void a_response_that_breaks_http_is_refused(void **state)
{
	(void)state;
	expect(SAYS("HTTP/1.1 200 OK\r\nContent-Length: +4\r\n\r\nhalf"), RAW_STAY, "bad-head", 0);
	expect(SAYS("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nhalf"), RAW_STAY, "bad-body", 200);
}

static void a_whole_response_is_none_of_it(void **state)
{
	(void)state;
	expect(SAYS("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"), RAW_CLOSE, "none", 404);
	expect(SAYS("HTTP/1.0 200 OK\r\n\r\nall there is"), RAW_CLOSE, "none", 200);
	expect(SAYS("HTTP/1.1 302 Found\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n"), RAW_CLOSE, "none", 302);
}

static void tls_trouble_is_told_from_plain_http(void **state)
{
	int status;

	(void)state;
	assert_int_equal(ask("https", SAYS("HTTP/1.1 400 Bad Request\r\n\r\n"), RAW_CLOSE, &status), HTTP_TLS_NOT_TLS);
	assert_int_equal(ask("https", SAYS("SSH-2.0-Open\r\n"), RAW_CLOSE, &status), HTTP_GARBAGE);
	assert_int_equal(ask("https", SAYS("\x15\x03\x03\x00\x02\x02\x46"), RAW_CLOSE, &status), HTTP_TLS);
	assert_int_equal(ask("https", SAYS(""), RAW_STAY, &status), HTTP_TIMED_OUT);
}

static void a_failed_dial_is_told_from_what_comes_after_it(void **state)
{
	struct raw_server s = { .bytes = "" };
	struct outcome o = { .loop = loop_new() };
	struct http_fetch_request r;
	struct http_fetch *f;
	struct err err;

	(void)state;
	raw_start(&s);
	raw_stop(&s); /* its port refuses now */
	r = request_to(s.port);
	assert_int_equal(http_fetch_start(o.loop, &r, on_reply, &o, &f, &err), 0);
	loop_run_until(o.loop, &o.done, 20000);
	assert_int_equal(o.failure, HTTP_CONNECT_REFUSED);
	free(o.why);
	loop_free(o.loop);
}

/* ---- TLS-ALPN-01 ---- */

static void on_certificate(const struct tls_alpn_reply *reply, void *arg)
{
	struct outcome *o = arg;

	o->failure = reply->failure;
	o->done = 1;
	loop_stop(o->loop);
}

static enum http_failure shake_hands(const char *bytes, size_t length, enum raw_end end)
{
	struct raw_server s = { .bytes = bytes, .length = length, .end = end, .read_first = true };
	struct outcome o = { .loop = loop_new() };
	struct tls_alpn_request request = { .address = "127.0.0.1", .sni = "host.example", .timeout_ms = 300 };
	struct tls_alpn_call *call;
	struct err err;

	raw_start(&s);
	request.port = s.port;
	assert_int_equal(tls_alpn_start(o.loop, &request, on_certificate, &o, &call, &err), 0);
	loop_run_until(o.loop, &o.done, 20000);
	assert_int_equal(o.done, 1);
	raw_stop(&s);
	loop_free(o.loop);
	return o.failure;
}

static void a_handshake_that_fails_says_how(void **state)
{
	(void)state;
	assert_int_equal(shake_hands(SAYS("HTTP/1.1 400 Bad Request\r\n\r\n"), RAW_CLOSE), HTTP_TLS_NOT_TLS);
	assert_int_equal(shake_hands(SAYS("\x15\x03\x03\x00\x02\x02\x78"), RAW_CLOSE), HTTP_TLS);
	assert_int_equal(shake_hands(SAYS(""), RAW_CLOSE), HTTP_CLOSED);
	assert_int_equal(shake_hands(SAYS(""), RAW_RESET), HTTP_RESET);
	assert_int_equal(shake_hands(SAYS(""), RAW_STAY), HTTP_TIMED_OUT);
}

/* ---- the contract of everything that takes time ---- */

static void tell_fetch(const struct http_fetch_reply *reply, void *arg)
{
	(void)reply;
	async_told(arg, 0);
}

static int start_fetch_from(struct async_call *c, const char *address, struct err *err)
{
	struct raw_server *s = c->world;
	struct http_fetch_request r = request_to(s->port);

	r.address = address;
	r.tls = s->end == RAW_RESET; /* the other half */
	return http_fetch_start(async_loop, &r, tell_fetch, c, (struct http_fetch **)&c->handle, err);
}

static int start_fetch(struct async_call *c, struct err *err)
{
	return start_fetch_from(c, "127.0.0.1", err);
}

static int start_fetch_from_nowhere(struct async_call *c, struct err *err)
{
	return start_fetch_from(c, "nowhere", err);
}

static int start_fetch_without_a_way(struct async_call *c, struct err *err)
{
	return start_fetch_from(c, "255.255.255.255", err);
}

static void cancel_fetch(struct async_call *c)
{
	http_fetch_cancel(c->handle);
}

static void tell_handshake(const struct tls_alpn_reply *reply, void *arg)
{
	(void)reply;
	async_told(arg, 0);
}

static int start_handshake_with(struct async_call *c, const char *address, struct err *err)
{
	struct raw_server *s = c->world;
	const struct tls_alpn_request r = { .address = address, .port = s->port, .timeout_ms = 400 };

	return tls_alpn_start(async_loop, &r, tell_handshake, c, (struct tls_alpn_call **)&c->handle, err);
}

static int start_handshake(struct async_call *c, struct err *err)
{
	return start_handshake_with(c, "127.0.0.1", err);
}

static int start_handshake_with_nowhere(struct async_call *c, struct err *err)
{
	return start_handshake_with(c, "nowhere", err);
}

static void cancel_handshake(struct async_call *c)
{
	tls_alpn_cancel(c->handle);
}

static void requests_and_handshakes_keep_the_contract(void **state)
{
	static const struct async_module modules[] = {
		{ start_fetch, start_fetch_from_nowhere, cancel_fetch, NULL, NULL },
		{ start_fetch_without_a_way, NULL, cancel_fetch, NULL, NULL },
		{ start_handshake, start_handshake_with_nowhere, cancel_handshake, NULL, NULL },
	};
	static const enum raw_end ends[] = { RAW_CLOSE, RAW_RESET, RAW_STAY };

	(void)state;
	for (size_t i = 0; i < 3 * ARRAY_LEN(modules); i++) {
		static const char bytes[] = "HTTP/1.0 200 OK\r\n\r\nall";
		struct raw_server s = { .bytes = bytes, .length = sizeof(bytes) - 1, .end = ends[i / 3], .read_first = true };

		raw_start(&s);
		assert_contract(&modules[i % 3], &s);
		raw_stop(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_response_is_told_apart),
		cmocka_unit_test(a_body_that_ends_early_is_short),
		cmocka_unit_test(a_body_that_does_not_end_times_out),
		cmocka_unit_test(a_response_that_breaks_http_is_refused),
		cmocka_unit_test(a_whole_response_is_none_of_it),
		cmocka_unit_test(tls_trouble_is_told_from_plain_http),
		cmocka_unit_test(a_failed_dial_is_told_from_what_comes_after_it),
		cmocka_unit_test(a_handshake_that_fails_says_how),
		cmocka_unit_test(requests_and_handshakes_keep_the_contract),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
