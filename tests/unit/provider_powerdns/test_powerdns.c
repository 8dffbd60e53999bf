#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "providers/powerdns/powerdns.h"
#include "providers/powerdns/rrset.h"
#include "solver/base/mem.h"

#define NAME_A "_acme-challenge.a.example.test"
#define NAME_B "_acme-challenge.b.example.test"
#define OLD "{\"type\":\"Server\",\"id\":\"localhost\",\"daemon_type\":\"authoritative\",\"version\":\"4.7.3\"}"
#define NEW "{\"type\":\"Server\",\"id\":\"localhost\",\"daemon_type\":\"authoritative\",\"version\":\"5.0.2\"}"
#define SERVER "http://127.0.0.1:8081/api/v1/servers/localhost"
#define SOA "{\"comments\":[],\"name\":\"example.test.\",\"records\":[],\"ttl\":60,\"type\":\"SOA\"}"
#define SET(name, records) "{\"comments\":[],\"name\":\"" name ".\",\"records\":[" records "],\"ttl\":300,\"type\":\"TXT\"}"
#define RECORD(text) "{\"content\":\"\\\"" text "\\\"\",\"disabled\":false}"
#define ZONE(sets) "{\"name\":\"example.test.\",\"kind\":\"Native\",\"rrsets\":[" sets "]}"

static struct powerdns_options options;
static struct provider *provider;
static struct change changes[8];
static struct job job;
static struct request request;

static int setup(void **state)
{
	(void)state;
	options = (struct powerdns_options){ .url = (char *)"http://127.0.0.1:8081/", .api_key = secret_new("hidden-key"), .ttl_min = 1 };
	changes[0] = (struct change){ .op = CHANGE_ADD, .fqdn = NAME_A, .value = "one", .ttl = 60 };
	job = (struct job){ .zone = "example.test", .changes = changes, .count = 1 };
	assert_int_equal(powerdns_provider.open(&options, &provider, NULL), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	powerdns_provider.job_done(provider, &job);
	powerdns_provider.close(provider);
	secret_free(options.api_key);
	return 0;
}

static void expect(const char *method, const char *url)
{
	assert_int_equal(request.want, WANT_HTTP);
	assert_string_equal(request.method, method);
	assert_string_equal(request.url, url);
	assert_null(strstr(request.url, "hidden-key"));
	assert_string_equal(request.headers[0], "X-API-Key: hidden-key");
}

static void begin(void)
{
	assert_int_equal(powerdns_provider.step(provider, &job, NULL, &request, NULL), 0);
}

static void reply(int status, const char *body)
{
	struct answer a = { .status = status, .headers = "", .body = body, .length = strlen(body) };

	assert_int_equal(powerdns_provider.step(provider, &job, &a, &request, NULL), 0);
}

static void fail_with(int code)
{
	struct answer a = { .code = code, .error = "it failed", .headers = "", .body = "" };

	assert_int_equal(powerdns_provider.step(provider, &job, &a, &request, NULL), 0);
}

static void begin_old(void)
{
	begin();
	expect("GET", SERVER);
	reply(200, OLD);
}

static void assert_settled(enum change_status status)
{
	assert_int_equal(request.want, WANT_NOTHING);
	for (size_t i = 0; i < job.count; i++)
		assert_int_equal(changes[i].status, status);
}

static void a_wrong_key_is_denied_with_what_to_do(void **state)
{
	(void)state;
	begin();
	reply(401, "Unauthorized");
	assert_settled(CHANGE_DENIED);
	assert_non_null(strstr(changes[0].message, "api-key"));
	assert_null(strstr(changes[0].message, "hidden-key"));
}

static void a_url_without_an_api_behind_it_is_named(void **state)
{
	(void)state;
	begin();
	reply(404, "Not Found");
	assert_settled(CHANGE_FATAL);
	assert_non_null(strstr(changes[0].message, "server-id"));
}

static void a_zone_that_is_not_there_is_no_zone(void **state)
{
	(void)state;
	begin_old();
	reply(404, "{\"error\": \"Not Found\"}");
	assert_settled(CHANGE_NO_ZONE);
	changes[0].status = CHANGE_PENDING;
	powerdns_provider.job_done(provider, &job);
	begin();
	reply(422, "{\"error\": \"Could not find domain 'example.test.'\"}");
	assert_settled(CHANGE_NO_ZONE);
}

static void a_lost_reply_to_the_change_is_unknown(void **state)
{
	(void)state;
	begin_old();
	reply(200, ZONE(""));
	fail_with(ERR_TIMEOUT);
	assert_settled(CHANGE_UNKNOWN);
	assert_false(changes[0].not_sent);
}

static void what_fails_before_the_change_is_sent_changed_nothing(void **state)
{
	(void)state;
	begin();
	fail_with(ERR_TIMEOUT);
	assert_settled(CHANGE_UNKNOWN);
	assert_true(changes[0].not_sent);
	powerdns_provider.job_done(provider, &job);
	changes[0].status = CHANGE_PENDING;
	changes[0].not_sent = false;
	begin_old();
	reply(200, ZONE(""));
	fail_with(ERR_UNREACHABLE);
	assert_settled(CHANGE_RETRY);
	assert_true(changes[0].not_sent);
}

static void nonsense_is_not_success(void **state)
{
	static const char *const texts[] = { "", "{", "[]", "{\"rrsets\":7}", "null" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		begin();
		if (i == 0)
			reply(200, OLD);
		reply(200, texts[i]);
		assert_int_equal(request.want, WANT_NOTHING);
		assert_int_not_equal(changes[0].status, CHANGE_DONE);
		assert_int_not_equal(changes[0].status, CHANGE_NOOP);
		changes[0].status = CHANGE_PENDING;
		powerdns_provider.job_done(provider, &job);
	}
}

static void a_version_that_promises_too_much_is_not_believed_twice(void **state)
{
	(void)state;
	begin();
	reply(200, NEW);
	reply(200, ZONE(""));
	expect("PATCH", SERVER "/zones/example.test.");
	assert_non_null(strstr(request.body, "EXTEND"));
	reply(422, "{\"error\": \"Changetype not understood\"}");
	expect("PATCH", SERVER "/zones/example.test.");
	assert_non_null(strstr(request.body, "REPLACE"));
	reply(204, "");
	assert_settled(CHANGE_DONE);
}

static void a_zone_too_large_to_read_is_read_by_name(void **state)
{
	static char names[6][64];

	(void)state;
	for (int i = 0; i < 6; i++) {
		snprintf(names[i], sizeof(names[i]), "_acme-challenge.n%d.example.test", i);
		changes[i] = (struct change){ .op = CHANGE_ADD, .fqdn = names[i], .value = "v", .ttl = 60 };
	}
	job.count = 6;
	begin_old();
	expect("GET", SERVER "/zones/example.test.");
	fail_with(ERR_TOO_LARGE);
	for (int i = 0; i < 6; i++) {
		assert_string_equal(request.method, "GET");
		assert_non_null(strstr(request.url, names[i]));
		reply(200, ZONE(""));
	}
	expect("PATCH", SERVER "/zones/example.test.");
	reply(204, "");
	assert_settled(CHANGE_DONE);
}

static void a_value_that_is_there_needs_no_change(void **state)
{
	(void)state;
	begin_old();
	reply(200, ZONE(SET(NAME_A, RECORD("one"))));
	assert_settled(CHANGE_NOOP);
}

static void others_survive_an_add_and_their_ttl_too(void **state)
{
	(void)state;
	begin_old();
	expect("GET", SERVER "/zones/example.test.?rrset_name=" NAME_A ".&rrset_type=TXT");
	reply(200, ZONE(SET(NAME_A, RECORD("stranger"))));
	expect("PATCH", SERVER "/zones/example.test.");
	assert_string_equal(request.body, "{\"rrsets\":[{\"name\":\"" NAME_A ".\",\"type\":\"TXT\",\"changetype\":\"REPLACE\",\"ttl\":300,\"records\":["
	                    RECORD("stranger") "," RECORD("one") "]}]}");
	reply(204, "");
	assert_settled(CHANGE_DONE);
}

static void a_set_that_is_extended_keeps_its_ttl_and_a_removal_reads_nothing(void **state)
{
	(void)state;
	changes[1] = (struct change){ .op = CHANGE_REMOVE, .fqdn = NAME_B, .value = "two", .ttl = 60 };
	job.count = 2;
	begin();
	reply(200, NEW);
	expect("GET", SERVER "/zones/example.test.?rrset_name=" NAME_A ".&rrset_type=TXT");
	reply(200, ZONE(SET(NAME_A, RECORD("stranger"))));
	expect("PATCH", SERVER "/zones/example.test.");
	assert_non_null(strstr(request.body, "\"changetype\":\"EXTEND\",\"ttl\":300,\"records\":[" RECORD("one") "]"));
	assert_non_null(strstr(request.body, "\"changetype\":\"PRUNE\""));
	reply(204, "");
	assert_settled(CHANGE_DONE);
}

static void two_names_are_one_patch_and_an_empty_set_is_deleted(void **state)
{
	(void)state;
	changes[1] = (struct change){ .op = CHANGE_REMOVE, .fqdn = NAME_B, .value = "two" };
	job.count = 2;
	begin_old();
	reply(200, ZONE(SOA "," SET(NAME_B, RECORD("two")))); /* ignored what was asked for: the whole zone */
	expect("PATCH", SERVER "/zones/example.test.");
	assert_non_null(strstr(request.body, "{\"name\":\"" NAME_B ".\",\"type\":\"TXT\",\"changetype\":\"DELETE\"}"));
	assert_non_null(strstr(request.body, "\"name\":\"" NAME_A ".\",\"type\":\"TXT\",\"changetype\":\"REPLACE\",\"ttl\":60"));
	reply(204, "");
	assert_settled(CHANGE_DONE);
}

static void secondaries_are_told_when_asked_to(void **state)
{
	(void)state;
	options.notify = true;
	begin_old();
	reply(200, ZONE(""));
	reply(204, "");
	expect("PUT", SERVER "/zones/example.test./notify");
	fail_with(ERR_TIMEOUT);
	assert_settled(CHANGE_DONE);
}

static void single_values_are_used_from_the_versions_that_know_them(void **state)
{
	static const char *const yes[] = { "4.9.12", "4.9.13", "5.0.2", "5.1.0-alpha1", "6.0" };
	static const char *const no[] = { "4.7.3", "4.9.11", "5.0.1", "5.0.0-beta1", "0.0.1234gabc", "", "x" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		assert_true(powerdns_version_extends(yes[i]));
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		assert_false(powerdns_version_extends(no[i]));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_wrong_key_is_denied_with_what_to_do),
		TEST(a_url_without_an_api_behind_it_is_named),
		TEST(a_zone_that_is_not_there_is_no_zone),
		TEST(a_lost_reply_to_the_change_is_unknown),
		TEST(what_fails_before_the_change_is_sent_changed_nothing),
		TEST(nonsense_is_not_success),
		TEST(a_set_that_is_extended_keeps_its_ttl_and_a_removal_reads_nothing),
		TEST(a_version_that_promises_too_much_is_not_believed_twice),
		TEST(a_zone_too_large_to_read_is_read_by_name),
		TEST(a_value_that_is_there_needs_no_change),
		TEST(others_survive_an_add_and_their_ttl_too),
		TEST(two_names_are_one_patch_and_an_empty_set_is_deleted),
		TEST(secondaries_are_told_when_asked_to),
		TEST(single_values_are_used_from_the_versions_that_know_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
