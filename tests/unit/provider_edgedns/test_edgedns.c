/* Drives step() from scripted replies. A script is a list of {expected call, reply}; the run fails when the
 * provider asks for anything else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "providers/edgedns/edgedns.h"
#include "providers/edgedns/internal.h"
#include "solver/base/mem.h"

#define BASE "http://127.0.0.1:1"
#define ZONE_PATH "/config-dns/v2/zones/example.com"
#define SET(name) ZONE_PATH "/names/" name "/types/TXT"
#define ALL ZONE_PATH "/recordsets"
#define LIST ALL "?types=TXT&showAll=true&search=_acme-challenge"
#define A "_acme-challenge.a.example.com"
#define B "_acme-challenge.b.example.com"
#define C "_acme-challenge.c.example.com"
#define BODY(name, ...) "{\"name\":\"" name "\",\"type\":\"TXT\",\"ttl\":300,\"rdata\":[" __VA_ARGS__ "]}"
#define CONCURRENT "{\"type\":\"https://problems.example/concurrentZoneModification\",\"detail\":\"try again\"}"
#define EXISTS "{\"type\":\"https://problems.example/x\",\"detail\":\"record set already exists\"}"
#define NOW 1790000000LL /* Mon, 21 Sep 2026 14:13:20 GMT */

struct exchange {
	const char *call;  /* "METHOD /path", or "pause" */
	const char *body;  /* expected, or NULL for none */
	int status;        /* of the reply */
	const char *reply, *headers;
	int code;          /* instead of a reply */
};

static struct edgedns_options options = { .section = (char *)"default", .base_url = (char *)BASE, .ttl = 300 };
static struct provider *provider;
static struct job job;
static unsigned last_pause;

static int open_provider(void **state)
{
	char path[] = "/tmp/dcvd-edgedns-XXXXXX";
	int fd = mkstemp(path);
	struct err err = { 0 };

	(void)state;
	assert_true(dprintf(fd, "[default]\nhost=h.example\nclient_token=ct\nclient_secret=cs\naccess_token=at\n") > 0);
	close(fd);
	options.edgerc = path;
	assert_int_equal(edgedns_provider.open(&options, &provider, &err), 0);
	options.edgerc = (char *)"edgerc";
	unlink(path);
	return 0;
}

static int close_provider(void **state)
{
	(void)state;
	edgedns_provider.close(provider);
	return 0;
}

static void call_is(const struct request *r, const struct exchange *x)
{
	CLEANUP(mem_freep) char *call = NULL;

	if (r->want == WANT_PAUSE) {
		assert_string_equal("pause", x->call);
		last_pause = r->timeout_ms;
		return;
	}
	assert_int_equal(r->want, WANT_HTTP);
	assert_memory_equal(r->url, BASE, strlen(BASE));
	call = mem_printf("%s %s", r->method, r->url + strlen(BASE));
	assert_string_equal(call, x->call);
	assert_string_equal(r->body ? r->body : "-", x->body ? x->body : "-");
	assert_memory_equal(r->headers[0], "Authorization: EG1-HMAC-SHA256 client_token=ct;", 47);
}

/* Runs the job over the script; every change ends with a status. */
static void run(struct change *changes, size_t count, const struct exchange *script)
{
	struct request request;
	struct answer answer, *last = NULL;
	struct err err = { 0 };

	job = (struct job){ .zone = "example.com", .changes = changes, .count = count, .now_seconds = NOW };
	for (;; script++) {
		assert_int_equal(edgedns_provider.step(provider, &job, last, &request, &err), 0);
		if (request.want == WANT_NOTHING)
			break;
		if (!script->call)
			fail_msg("unexpected: %s %s", request.method, request.url);
		call_is(&request, script);
		answer = (struct answer){ .code = script->code, .error = script->code ? "it broke" : NULL,
		                          .status = script->status, .headers = script->headers, .body = script->reply,
		                          .length = script->reply ? strlen(script->reply) : 0 };
		last = &answer;
	}
	assert_null(script->call);
	edgedns_provider.job_done(provider, &job);
	assert_null(job.state);
}

#define RUN(changes, ...) run(changes, ARRAY_LEN(changes), (const struct exchange[]){ __VA_ARGS__, { NULL } })

static struct change add(const char *fqdn, const char *value)
{
	return (struct change){ .op = CHANGE_ADD, .fqdn = fqdn, .value = value, .ttl = 300 };
}

static struct change take(const char *fqdn, const char *value)
{
	return (struct change){ .op = CHANGE_REMOVE, .fqdn = fqdn, .value = value, .ttl = 300 };
}

static void an_unknown_zone_is_said_to_be_so(void **state)
{
	struct change added[] = { add(A, "v") }, gone[] = { take(A, "v") };

	(void)state;
	RUN(added, { "POST " SET(A), BODY(A, "\"\\\"v\\\"\""), 404, "{}" });
	assert_int_equal(added[0].status, CHANGE_NO_ZONE);
	RUN(gone, { "GET " SET(A), NULL, 404, "{}" }, { "GET " ZONE_PATH, NULL, 404, "{}" });
	assert_int_equal(gone[0].status, CHANGE_NO_ZONE);
	assert_string_equal(gone[0].message, "Edge DNS has no zone example.com that these credentials can see");
}

static void a_refused_signature_is_denied_with_what_to_do(void **state)
{
	struct change c[] = { add(A, "v") };

	(void)state;
	RUN(c, { "POST " SET(A), BODY(A, "\"\\\"v\\\"\""), 401,
	         "{\"type\":\"https://p.example/-/pep-authn/deny\",\"detail\":\"The signature does not match\"}" });
	assert_int_equal(c[0].status, CHANGE_DENIED);
	assert_string_equal(c[0].message, "Edge DNS refused the signature (401, The signature does not match): check the "
	                                  "credentials in edgerc, section default, and the clock");
}

static void a_missing_grant_is_denied_with_what_to_do(void **state)
{
	struct change c[] = { add(A, "v") };

	(void)state;
	RUN(c, { "POST " SET(A), BODY(A, "\"\\\"v\\\"\""), 403,
	         "{\"type\":\"https://p.example/-/pep-authz/deny\",\"detail\":\"no access\"}" });
	assert_int_equal(c[0].status, CHANGE_DENIED);
	assert_non_null(strstr(c[0].message, "grant the API client read-write on DNS-Zone Record Management"));
}

static void a_wrong_clock_is_corrected_once(void **state)
{
	struct change c[] = { add(A, "v") };
	const char *late = "Date: Mon, 21 Sep 2026 14:23:20 GMT\r\n";

	(void)state;
	RUN(c, { "POST " SET(A), BODY(A, "\"\\\"v\\\"\""), 401, "{\"detail\":\"Invalid timestamp\"}", late },
	    { "POST " SET(A), BODY(A, "\"\\\"v\\\"\""), 401, "{\"detail\":\"Invalid timestamp\"}",
	      "Date: Mon, 21 Sep 2026 15:23:20 GMT\r\n" });
	assert_int_equal(c[0].status, CHANGE_DENIED);
	assert_int_equal(provider->clock_offset, 600);
}

static void rate_limits_carry_their_pause(void **state)
{
	struct change c[] = { add(A, "v") }, text[] = { add(A, "v") };

	(void)state;
	RUN(c, { "POST " SET(A), BODY(A, "\"\\\"v\\\"\""), 429, "slow down", "Retry-After: 7\r\n" });
	assert_int_equal(c[0].status, CHANGE_RATE_LIMITED);
	assert_int_equal(job.retry_after_ms, 7000);
	RUN(text, { "POST " SET(A), BODY(A, "\"\\\"v\\\"\""), 503,
	            "{\"detail\":\"… limit for your account. Please try after 2026-09-21T14:13:25.500Z\"}" });
	assert_int_equal(text[0].status, CHANGE_RATE_LIMITED);
	assert_int_equal(job.retry_after_ms, 5500);
}

static void a_page_instead_of_json_is_retried(void **state)
{
	struct change c[] = { add(A, "v") }, ok[] = { take(A, "v") };

	(void)state;
	RUN(c, { "POST " SET(A), BODY(A, "\"\\\"v\\\"\""), 502, "<html>\n<body>Bad   Gateway</body>" });
	assert_int_equal(c[0].status, CHANGE_RETRY);
	assert_string_equal(c[0].message, "Edge DNS, zone example.com: answered 502, <html> <body>Bad Gateway</body>");
	RUN(ok, { "GET " SET(A), NULL, 200, "<html>" });
	assert_int_equal(ok[0].status, CHANGE_RETRY);
}

static void a_lost_reply_to_a_write_is_unknown_and_to_a_read_is_not(void **state)
{
	struct change c[] = { add(A, "v") }, read[] = { take(A, "v") };

	(void)state;
	RUN(c, { "POST " SET(A), BODY(A, "\"\\\"v\\\"\""), .code = ERR_TIMEOUT });
	assert_int_equal(c[0].status, CHANGE_UNKNOWN);
	assert_false(c[0].not_sent);
	RUN(read, { "GET " SET(A), NULL, .code = ERR_TIMEOUT });
	assert_int_equal(read[0].status, CHANGE_RETRY);
	assert_true(read[0].not_sent);
}

static void a_write_that_does_not_reach_the_api_changed_nothing(void **state)
{
	struct change c[] = { add(A, "v") };

	(void)state;
	RUN(c, { "POST " SET(A), BODY(A, "\"\\\"v\\\"\""), .code = ERR_UNREACHABLE });
	assert_int_equal(c[0].status, CHANGE_RETRY);
	assert_true(c[0].not_sent);
}

static void one_bad_set_does_not_take_the_others_with_it(void **state)
{
	struct change c[] = { add(A, "v"), add(B, "w") };

	(void)state;
	RUN(c, { "POST " ALL, "{\"recordsets\":[" BODY(A, "\"\\\"v\\\"\"") "," BODY(B, "\"\\\"w\\\"\"") "]}", 400, "{}" },
	    { "POST " SET(B), BODY(B, "\"\\\"w\\\"\""), 201, "{}" },
	    { "POST " SET(A), BODY(A, "\"\\\"v\\\"\""), 400, "{\"detail\":\"bad name\"}" });
	assert_int_equal(c[0].status, CHANGE_FATAL);
	assert_int_equal(c[1].status, CHANGE_DONE);
	assert_string_equal(c[0].message, "Edge DNS refused the record set of " A " (400): bad name");
}

static void a_zone_that_stays_locked_is_retried_later_with_growing_pauses(void **state)
{
	struct change c[] = { add(A, "v") };
	const struct exchange locked = { "POST " SET(A), BODY(A, "\"\\\"v\\\"\""), 409, CONCURRENT };
	const struct exchange pause = { "pause" };

	(void)state;
	RUN(c, locked, pause, locked, pause, locked, pause, locked, pause, locked, pause, locked);
	assert_int_equal(c[0].status, CHANGE_RETRY);
	assert_int_equal(last_pause, 8000);
}

static void a_lock_that_passes_is_waited_out(void **state)
{
	struct change c[] = { add(A, "v") };

	(void)state;
	RUN(c, { "POST " SET(A), BODY(A, "\"\\\"v\\\"\""), 409, CONCURRENT }, { "pause" },
	    { "POST " SET(A), BODY(A, "\"\\\"v\\\"\""), 201, "{}" });
	assert_int_equal(c[0].status, CHANGE_DONE);
	assert_int_equal(last_pause, 500);
}

static void fresh_names_are_one_call(void **state)
{
	struct change c[] = { add(A, "v"), add(B, "w"), add(A, "x") };

	(void)state;
	RUN(c, { "POST " ALL,
	         "{\"recordsets\":[" BODY(A, "\"\\\"v\\\"\",\"\\\"x\\\"\"") "," BODY(B, "\"\\\"w\\\"\"") "]}", 204, "" });
	for (size_t i = 0; i < ARRAY_LEN(c); i++)
		assert_int_equal(c[i].status, CHANGE_DONE);
}

static void strangers_values_and_their_ttl_survive_an_addition(void **state)
{
	struct change c[] = { add(A, "v") };

	(void)state;
	RUN(c, { "POST " SET(A), BODY(A, "\"\\\"v\\\"\""), 409, EXISTS },
	    { "GET " SET(A), NULL, 200, "{\"name\":\"" A "\",\"type\":\"TXT\",\"ttl\":60,\"rdata\":[\"\\\"strange\\\\\\\" r\\\"\"]}" },
	    { "PUT " SET(A), "{\"name\":\"" A "\",\"type\":\"TXT\",\"ttl\":60,\"rdata\":[\"\\\"strange\\\\\\\" r\\\"\",\"\\\"v\\\"\"]}", 200, "{}" },
	    { "GET " SET(A), NULL, 200, BODY(A, "\"\\\"strange\\\\\\\" r\\\"\",\"\\\"v\\\"\"") });
	assert_int_equal(c[0].status, CHANGE_DONE);
}

static void adding_what_is_there_is_no_change(void **state)
{
	struct change c[] = { add(A, "v") };

	(void)state;
	RUN(c, { "POST " SET(A), BODY(A, "\"\\\"v\\\"\""), 409, EXISTS }, { "GET " SET(A), NULL, 200, BODY(A, "\"v\"") });
	assert_int_equal(c[0].status, CHANGE_NOOP);
}

static void removing_what_is_not_there_is_no_change(void **state)
{
	struct change c[] = { take(A, "v") }, other[] = { take(A, "v") };

	(void)state;
	RUN(c, { "GET " SET(A), NULL, 404, "{}" }, { "GET " ZONE_PATH, NULL, 200, "{}" });
	assert_int_equal(c[0].status, CHANGE_NOOP);
	RUN(other, { "GET " SET(A), NULL, 200, BODY(A, "\"\\\"strange\\\"\"") });
	assert_int_equal(other[0].status, CHANGE_NOOP);
}

static void a_removal_leaves_strangers_values(void **state)
{
	struct change c[] = { take(A, "v") };

	(void)state;
	RUN(c, { "GET " SET(A), NULL, 200, BODY(A, "\"\\\"strange\\\"\",\"\\\"v\\\"\"") },
	    { "PUT " SET(A), BODY(A, "\"\\\"strange\\\"\""), 200, "{}" },
	    { "GET " SET(A), NULL, 200, BODY(A, "\"\\\"strange\\\"\"") });
	assert_int_equal(c[0].status, CHANGE_DONE);
}

static void the_last_value_takes_the_set_with_it(void **state)
{
	struct change c[] = { take(A, "v") };

	(void)state;
	RUN(c, { "GET " SET(A), NULL, 200, BODY(A, "\"v\"") }, { "DELETE " SET(A), NULL, 204, "" },
	    { "GET " SET(A), NULL, 404, "{}" });
	assert_int_equal(c[0].status, CHANGE_DONE);
}

static void many_sets_are_read_by_one_listing_before_and_after(void **state)
{
	struct change c[] = { take(A, "v"), take(B, "v"), take(C, "v") };

	(void)state;
	RUN(c, { "GET " LIST, NULL, 200,
	         "{\"metadata\":{\"totalElements\":3},\"recordsets\":[" BODY(A, "\"v\"") "," BODY(B, "\"v\"") "," BODY(C, "\"v\"") "]}" },
	    { "DELETE " SET(A), NULL, 204, "" }, { "DELETE " SET(B), NULL, 204, "" }, { "DELETE " SET(C), NULL, 204, "" },
	    { "GET " LIST, NULL, 200, "{\"metadata\":{\"totalElements\":0},\"recordsets\":[]}" });
	for (size_t i = 0; i < ARRAY_LEN(c); i++)
		assert_int_equal(c[i].status, CHANGE_DONE);
}

static void a_listing_that_is_not_whole_is_not_believed(void **state)
{
	struct change c[] = { take(A, "v"), take(B, "v"), take(C, "v") };

	(void)state;
	RUN(c, { "GET " LIST, NULL, 200, "{\"metadata\":{\"totalElements\":30},\"recordsets\":[]}" },
	    { "GET " SET(A), NULL, 404, "{}" }, { "GET " ZONE_PATH, NULL, 200, "{}" }, { "GET " SET(B), NULL, 404, "{}" },
	    { "GET " SET(C), NULL, 404, "{}" });
	assert_int_equal(c[2].status, CHANGE_NOOP);
}

static void a_change_that_another_writer_undid_is_repeated(void **state)
{
	struct change c[] = { add(A, "v") };

	(void)state;
	RUN(c, { "POST " SET(A), BODY(A, "\"\\\"v\\\"\""), 409, EXISTS }, { "GET " SET(A), NULL, 200, BODY(A, "\"s\"") },
	    { "PUT " SET(A), BODY(A, "\"s\",\"\\\"v\\\"\""), 200, "{}" }, { "GET " SET(A), NULL, 200, BODY(A, "\"t\"") },
	    { "PUT " SET(A), BODY(A, "\"t\",\"\\\"v\\\"\""), 200, "{}" },
	    { "GET " SET(A), NULL, 200, BODY(A, "\"t\",\"v\"") });
	assert_int_equal(c[0].status, CHANGE_DONE);
}

static void a_set_that_vanished_is_created(void **state)
{
	struct change c[] = { add(A, "v") };

	(void)state;
	RUN(c, { "POST " SET(A), BODY(A, "\"\\\"v\\\"\""), 409, EXISTS }, { "GET " SET(A), NULL, 200, BODY(A, "\"s\"") },
	    { "PUT " SET(A), BODY(A, "\"s\",\"\\\"v\\\"\""), 404, "{}" }, { "GET " SET(A), NULL, 404, "{}" },
	    { "POST " SET(A), BODY(A, "\"\\\"v\\\"\""), 201, "{}" });
	assert_int_equal(c[0].status, CHANGE_DONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_unknown_zone_is_said_to_be_so, open_provider, close_provider),
		cmocka_unit_test_setup_teardown(a_refused_signature_is_denied_with_what_to_do, open_provider, close_provider),
		cmocka_unit_test_setup_teardown(a_missing_grant_is_denied_with_what_to_do, open_provider, close_provider),
		cmocka_unit_test_setup_teardown(a_wrong_clock_is_corrected_once, open_provider, close_provider),
		cmocka_unit_test_setup_teardown(rate_limits_carry_their_pause, open_provider, close_provider),
		cmocka_unit_test_setup_teardown(a_page_instead_of_json_is_retried, open_provider, close_provider),
		cmocka_unit_test_setup_teardown(a_lost_reply_to_a_write_is_unknown_and_to_a_read_is_not, open_provider, close_provider),
		cmocka_unit_test_setup_teardown(a_write_that_does_not_reach_the_api_changed_nothing, open_provider, close_provider),
		cmocka_unit_test_setup_teardown(one_bad_set_does_not_take_the_others_with_it, open_provider, close_provider),
		cmocka_unit_test_setup_teardown(a_zone_that_stays_locked_is_retried_later_with_growing_pauses, open_provider, close_provider),
		cmocka_unit_test_setup_teardown(a_lock_that_passes_is_waited_out, open_provider, close_provider),
		cmocka_unit_test_setup_teardown(fresh_names_are_one_call, open_provider, close_provider),
		cmocka_unit_test_setup_teardown(strangers_values_and_their_ttl_survive_an_addition, open_provider, close_provider),
		cmocka_unit_test_setup_teardown(adding_what_is_there_is_no_change, open_provider, close_provider),
		cmocka_unit_test_setup_teardown(removing_what_is_not_there_is_no_change, open_provider, close_provider),
		cmocka_unit_test_setup_teardown(a_removal_leaves_strangers_values, open_provider, close_provider),
		cmocka_unit_test_setup_teardown(the_last_value_takes_the_set_with_it, open_provider, close_provider),
		cmocka_unit_test_setup_teardown(many_sets_are_read_by_one_listing_before_and_after, open_provider, close_provider),
		cmocka_unit_test_setup_teardown(a_listing_that_is_not_whole_is_not_believed, open_provider, close_provider),
		cmocka_unit_test_setup_teardown(a_change_that_another_writer_undid_is_repeated, open_provider, close_provider),
		cmocka_unit_test_setup_teardown(a_set_that_vanished_is_created, open_provider, close_provider),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
