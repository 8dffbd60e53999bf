#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/base/mem.h"
#include "solver/net/http.h"
#include "solver/net/http_server.h"
#include "tests/unit/net/async.h"

/* The other side is our own server on the same loop; it never waits for the client. */
struct fixture {
	struct loop *loop;
	struct http_client *client;
	struct http_server *server;
	struct http_exchange *flood;
	int floods;
	int done, redirects, status;
	struct err err;
	char *body, *address, *final_url;
	bool cut;
	char base[64], url[200];
};

static void on_gone(void *arg)
{
	struct fixture *f = arg;

	if (--f->floods == 0) /* the server may notice the end of the one before only now */
		f->flood = NULL;
}

static void write_more(void *arg)
{
	struct fixture *f = arg;

	if (!f->flood)
		return;
	http_exchange_write(f->flood, "0123456789");
	timer_start(f->loop, 1, write_more, f);
}

static void redirect(struct fixture *f, struct http_exchange *x, const char *to)
{
	char location[200];

	snprintf(location, sizeof(location), "%s%s", *to == '/' ? f->base : "", to);
	http_exchange_header(x, "Location", location);
	http_exchange_reply(x, 302, NULL, "moved", 5);
}

static void echo(struct http_exchange *x)
{
	static const char *const names[] = { "Host", "User-Agent", "Expect", "Content-Type", "Authorization" };
	CLEANUP(mem_freep) char *text = mem_printf("%s %s body=%s", http_exchange_method(x), http_exchange_path(x), http_exchange_body(x));

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *value = http_exchange_request_header(x, names[i]);
		char *longer = value ? mem_printf("%s %s=%s", text, names[i], value) : NULL;

		if (longer) {
			free(text);
			text = longer;
		}
	}
	http_exchange_reply(x, 200, "text/plain", text, strlen(text));
}

static void handle(struct http_exchange *x, void *arg)
{
	struct fixture *f = arg;
	const char *path = http_exchange_path(x), *to = http_exchange_query(x, "to");

	if (to) {
		redirect(f, x, to);
	} else if (strcmp(path, "/circle") == 0) {
		redirect(f, x, "/circle");
	} else if (strcmp(path, "/flood") == 0) {
		f->flood = x;
		f->floods++;
		http_exchange_on_gone(x, on_gone, f);
		http_exchange_stream(x, "text/plain");
		write_more(f);
	} else if (strcmp(path, "/silent") == 0) {
		return; /* it is never answered */
	} else {
		echo(x);
	}
}

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));

	f->loop = loop_new();
	f->client = http_client_new(f->loop);
	if (http_server_start(f->loop, "127.0.0.1:0", NULL, handle, f, &f->server, &f->err) < 0)
		fail_msg("%s", f->err.text);
	snprintf(f->base, sizeof(f->base), "http://127.0.0.1:%d", http_server_port(f->server));
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
	free(f->address);
	free(f->final_url);
	free(f);
	return 0;
}

static void on_done(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct fixture *f = arg;

	f->done++;
	f->err = *err;
	f->status = reply ? reply->status : 0;
	f->redirects = reply ? reply->redirects : 0;
	f->cut = reply && reply->cut;
	mem_replace(&f->body, reply ? reply->body : NULL);
	mem_replace(&f->address, reply ? reply->address : NULL);
	mem_replace(&f->final_url, reply ? reply->final_url : NULL);
}

static void fetch(struct fixture *f, const char *path, struct http_request request)
{
	snprintf(f->url, sizeof(f->url), "%s%s", *path == '/' ? f->base : "", path);
	request.url = f->url;
	f->done = 0;
	assert_int_equal(http_start(f->client, &request, on_done, f, NULL, &f->err), 0);
	assert_int_equal(f->done, 0); /* never from inside the start */
	loop_run_until(f->loop, &f->done, 10000);
	assert_int_equal(f->done, 1);
}

static void refuses_a_url_that_is_not_http(void **state)
{
	static const char *const wrong[] = { "", "ftp://127.0.0.1/", "file:///etc/passwd", "http://", "not a url" };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		const struct http_request request = { .url = wrong[i] };

		assert_int_equal(http_start(f->client, &request, on_done, f, NULL, &f->err), ERR_INVALID);
	}
}

static void nobody_listening_is_unreachable(void **state)
{
	struct fixture *f = *state;

	fetch(f, "http://127.0.0.1:1/secret-path?token=abc", (struct http_request){ 0 });
	assert_int_equal(f->err.code, ERR_UNREACHABLE);
	assert_non_null(strstr(f->err.text, "127.0.0.1:1"));
	assert_null(strstr(f->err.text, "abc"));
}

static void no_answer_in_time_is_a_timeout(void **state)
{
	struct fixture *f = *state;

	fetch(f, "/silent", (struct http_request){ .timeout_ms = 60 });
	assert_int_equal(f->err.code, ERR_TIMEOUT);
}

static void a_host_that_streams_for_ever_is_ended_or_cut(void **state)
{
	struct fixture *f = *state;

	fetch(f, "/flood", (struct http_request){ .max_reply = 15 });
	assert_int_equal(f->err.code, ERR_TOO_LARGE);
	fetch(f, "/flood", (struct http_request){ .max_reply = 15, .cut_at_max = true });
	assert_int_equal(f->err.code, 0);
	assert_true(f->cut);
	assert_string_equal(f->body, "012345678901234");
}

static void redirects_end_at_the_limit(void **state)
{
	struct fixture *f = *state;

	fetch(f, "/circle", (struct http_request){ .max_redirects = 3 });
	assert_int_equal(f->err.code, ERR_PROTOCOL);
	assert_non_null(strstr(f->err.text, "more than 3 redirects"));
}

static void redirects_go_to_web_places_only(void **state)
{
	struct fixture *f = *state;

	fetch(f, "/x?to=file:///etc/passwd", (struct http_request){ .max_redirects = 3 });
	assert_int_not_equal(f->err.code, 0);
	fetch(f, "/x?to=/y", (struct http_request){ .max_redirects = 3, .redirects_web_ports_only = true });
	assert_int_equal(f->err.code, ERR_PROTOCOL);
	assert_non_null(strstr(f->err.text, "80 and 443"));
}

static void follows_redirects_only_when_asked(void **state)
{
	struct fixture *f = *state;

	fetch(f, "/x?to=/y", (struct http_request){ 0 });
	assert_int_equal(f->status, 302);
	fetch(f, "/x?to=/y", (struct http_request){ .max_redirects = 1, .method = "POST", .body = "gone", .body_length = 4 });
	assert_int_equal(f->status, 200);
	assert_int_equal(f->redirects, 1);
	assert_non_null(strstr(f->body, "GET /y body= "));
	assert_non_null(strstr(f->final_url, "/y"));
}

static void credentials_do_not_follow_to_another_host(void **state)
{
	struct fixture *f = *state;
	const char *const headers[] = { "Authorization: Bearer secret", NULL };
	char path[120];

	fetch(f, "/x?to=/y", (struct http_request){ .max_redirects = 1, .headers = headers });
	assert_non_null(strstr(f->body, "Bearer secret"));
	snprintf(path, sizeof(path), "/x?to=http://127.0.0.2:%d/y", http_server_port(f->server));
	fetch(f, path, (struct http_request){ .max_redirects = 1, .headers = headers });
	assert_int_equal(f->err.code, ERR_UNREACHABLE); /* nobody there: the hop itself was made */
	snprintf(path, sizeof(path), "http://web.example:%d/x?to=/y", http_server_port(f->server));
	fetch(f, path, (struct http_request){ .max_redirects = 1, .headers = headers, .connect_address = "127.0.0.1" });
	assert_non_null(strstr(f->body, "GET /y"));
	assert_null(strstr(f->body, "secret"));
}

static void connects_to_the_address_it_is_given(void **state)
{
	struct fixture *f = *state;
	char url[100];

	snprintf(url, sizeof(url), "http://web.example:%d/.well-known/../a//b", http_server_port(f->server));
	fetch(f, url, (struct http_request){ .connect_address = "127.0.0.1" });
	assert_int_equal(f->status, 200);
	assert_string_equal(f->address, "127.0.0.1");
	assert_non_null(strstr(f->body, "GET /.well-known/../a//b body= Host=web.example:"));
	fetch(f, url, (struct http_request){ .connect_address = "::1" });
	assert_int_equal(f->err.code, ERR_UNREACHABLE);
}

static void sends_a_body_without_claims_of_its_own(void **state)
{
	static char body[5000];
	struct fixture *f = *state;
	const char *const headers[] = { "Content-Type: application/json", NULL };

	memset(body, 'x', sizeof(body));
	fetch(f, "/e", (struct http_request){ .method = "PUT", .body = body, .body_length = sizeof(body) });
	assert_non_null(strstr(f->body, "User-Agent=dcvd/"));
	assert_null(strstr(f->body, "Expect="));
	assert_null(strstr(f->body, "Content-Type="));
	fetch(f, "/e", (struct http_request){ .method = "DELETE", .headers = headers });
	assert_non_null(strstr(f->body, "DELETE /e body= "));
	assert_non_null(strstr(f->body, "Content-Type=application/json"));
	fetch(f, "/e", (struct http_request){ .method = "POST" });
	assert_non_null(strstr(f->body, "POST /e body= "));
}

/* ---- the contract of everything that takes time ---- */

static void open_world(void *arg, struct loop *l)
{
	struct fixture *f = arg;

	if (http_server_start(l, "127.0.0.1:0", NULL, handle, f, &f->server, &f->err) < 0)
		fail_msg("%s", f->err.text);
	snprintf(f->base, sizeof(f->base), "http://127.0.0.1:%d", http_server_port(f->server));
	f->client = http_client_new(l);
}

static void close_world(void *arg)
{
	struct fixture *f = arg;

	http_client_free(f->client);
	http_server_stop(f->server);
}

static void tell_reply(const struct http_reply *reply, const struct err *err, void *arg)
{
	(void)reply;
	async_told(arg, err->code);
}

static int start_url(struct async_call *c, const char *url, struct err *err)
{
	const struct http_request request = { .url = url };

	return http_start(((struct fixture *)c->world)->client, &request, tell_reply, c, (struct http_call **)&c->handle, err);
}

static int start_call(struct async_call *c, struct err *err)
{
	return start_url(c, ((struct fixture *)c->world)->base, err);
}

static int start_call_to_nobody(struct async_call *c, struct err *err)
{
	return start_url(c, "http://127.0.0.1:1/", err);
}

static int start_ftp(struct async_call *c, struct err *err)
{
	return start_url(c, "ftp://127.0.0.1/", err);
}

static void cancel_call(struct async_call *c)
{
	http_cancel(c->handle);
}

static void a_call_keeps_the_contract(void **state)
{
	static const struct async_module answered = { start_call, start_ftp, cancel_call, open_world, close_world },
	                                 refused = { start_call_to_nobody, start_ftp, cancel_call, open_world, close_world };
	struct fixture f = { 0 };

	(void)state;
	assert_contract(&answered, &f);
	assert_contract(&refused, &f);
}

static void finds_a_header_in_any_case(void **state)
{
	static const char headers[] = "X-Retry-After: 1\r\nRetry-After:  5 \r\nEmpty:\r\n";
	CLEANUP(mem_freep) char *value = http_header(headers, "retry-after");
	CLEANUP(mem_freep) char *empty = http_header(headers, "EMPTY");

	(void)state;
	assert_string_equal(value, "5");
	assert_string_equal(empty, "");
	assert_null(http_header(headers, "Retry"));
	assert_null(http_header("", "Retry"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(refuses_a_url_that_is_not_http, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_listening_is_unreachable, setup, teardown),
		cmocka_unit_test_setup_teardown(no_answer_in_time_is_a_timeout, setup, teardown),
		cmocka_unit_test_setup_teardown(a_host_that_streams_for_ever_is_ended_or_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(redirects_end_at_the_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(redirects_go_to_web_places_only, setup, teardown),
		cmocka_unit_test_setup_teardown(follows_redirects_only_when_asked, setup, teardown),
		cmocka_unit_test_setup_teardown(credentials_do_not_follow_to_another_host, setup, teardown),
		cmocka_unit_test_setup_teardown(connects_to_the_address_it_is_given, setup, teardown),
		cmocka_unit_test_setup_teardown(sends_a_body_without_claims_of_its_own, setup, teardown),
		cmocka_unit_test(a_call_keeps_the_contract),
		cmocka_unit_test(finds_a_header_in_any_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
