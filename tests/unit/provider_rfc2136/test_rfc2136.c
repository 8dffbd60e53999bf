#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "providers/rfc2136/rfc2136.h"
#include "solver/base/mem.h"
#include "solver/dns/message.h"
#include "solver/dns/update.h"

#define NAME_A "_acme-challenge.a.example.test"
#define NAME_B "_acme-challenge.b.example.test"

static struct rfc2136_options options;
static struct provider *provider;
static struct change changes[3];
static struct job job;
static struct request request;
static unsigned char reply[8192];

static int setup(void **state)
{
	(void)state;
	options = (struct rfc2136_options){ .server = (char *)"127.0.0.1:5300", .ttl_min = 1, .max_message = 65000 };
	changes[0] = (struct change){ .op = CHANGE_ADD, .fqdn = NAME_A, .value = "one", .ttl = 60 };
	changes[1] = (struct change){ .op = CHANGE_REMOVE, .fqdn = NAME_A, .value = "two" };
	changes[2] = (struct change){ .op = CHANGE_ADD, .fqdn = NAME_B, .value = "three", .ttl = 60 };
	job = (struct job){ .zone = "example.test", .changes = changes, .count = 3, .now_seconds = 1795273918 };
	assert_int_equal(rfc2136_provider.open(&options, &provider, NULL), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rfc2136_provider.job_done(provider, &job);
	for (size_t i = 0; i < job.count; i++)
		free(job.changes[i].new_handle);
	rfc2136_provider.close(provider);
	secret_free(options.key_secret);
	return 0;
}

static void reopen_with_key(void)
{
	rfc2136_provider.close(provider);
	options.key_name = (char *)"dcvd-test";
	options.key_secret = secret_new("AAECAwQFBgcICQoLDA0ODw==");
	assert_int_equal(rfc2136_provider.open(&options, &provider, NULL), 0);
}

static void step(const struct answer *answer)
{
	assert_int_equal(rfc2136_provider.step(provider, &job, answer, &request, NULL), 0);
}

/* The header of what was asked, as a reply with this rcode. */
static void reply_rcode(int rcode)
{
	memset(reply, 0, 12);
	memcpy(reply, request.wire, 4);
	reply[2] |= 0x80;
	reply[3] = (unsigned char)rcode;
	step(&(struct answer){ .body = (const char *)reply, .length = 12 });
}

static void lose_reply(void)
{
	step(&(struct answer){ .code = ERR_TIMEOUT, .error = "no reply" });
}

static size_t record_write(size_t at, const char *value, unsigned ttl)
{
	unsigned char record[] = { 0xc0, 12, 0, 16, 0, 1, 0, 0, (unsigned char)(ttl >> 8), (unsigned char)ttl, 0,
	                           (unsigned char)(strlen(value) + 1), (unsigned char)strlen(value) };

	memcpy(reply + at, record, sizeof(record));
	memcpy(reply + at + sizeof(record), value, strlen(value));
	return at + sizeof(record) + strlen(value);
}

/* The question as an authoritative reply, with `count` TXT records: the value, and numbers. */
static void reply_set(const char *value, size_t count, unsigned ttl)
{
	size_t length = 12;

	memcpy(reply, request.wire, request.wire_length);
	reply[2] |= 0x84;
	reply[11] = 0; /* without EDNS and signature */
	while (reply[length] != 0)
		length += 1u + reply[length];
	length += 5;
	reply[7] = (unsigned char)count;
	for (size_t i = 0; i < count; i++) {
		char number[24];

		snprintf(number, sizeof(number), "%zu", i);
		length = record_write(length, i ? number : value, ttl);
	}
	step(&(struct answer){ .body = (const char *)reply, .length = length });
}

/* With one TXT record or none. */
static void reply_text(const char *value)
{
	reply_set(value, value != NULL, 60);
}

static int open_code(void)
{
	struct provider *p = NULL;
	struct err err = { 0 };
	int rc = rfc2136_provider.open(&options, &p, &err);

	if (rc == 0)
		rfc2136_provider.close(p);
	else
		assert_true(err.text[0] != '\0');
	return rc;
}

static void a_server_that_is_no_address_is_refused(void **state)
{
	static const char *const bad[] = { "", "ns1.example.test", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:65536", "[::1", "[::1]x", "1.2.3" };
	static const char *const good[] = { "192.0.2.1", "192.0.2.1:53", "::1", "[::1]", "[2001:db8::1]:5353" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		options.server = (char *)bad[i];
		assert_int_equal(open_code(), ERR_INVALID);
	}
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		options.server = (char *)good[i];
		assert_int_equal(open_code(), 0);
	}
}

static void a_key_needs_a_name_and_a_secret_in_base64(void **state)
{
	(void)state;
	options.key_name = (char *)"k";
	assert_int_equal(open_code(), ERR_INVALID);
	options.key_secret = secret_new("not base64!");
	assert_int_equal(open_code(), ERR_INVALID);
	options.key_name = NULL;
	assert_int_equal(open_code(), ERR_INVALID);
}

static void a_refusal_says_what_it_means(void **state)
{
	static const struct { int rcode; enum change_status status; } table[] = {
		{ DNS_SERVFAIL, CHANGE_RETRY }, { DNS_REFUSED, CHANGE_DENIED }, { DNS_NOTAUTH, CHANGE_NO_ZONE }, { DNS_NOTZONE, CHANGE_FATAL },
		{ DNS_NOTIMP, CHANGE_FATAL }, { DNS_FORMERR, CHANGE_FATAL }, { 6, CHANGE_RETRY }, { 11, CHANGE_RETRY },
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		step(NULL);
		reply_rcode(table[i].rcode);
		assert_int_equal(request.want, WANT_NOTHING);
		for (int c = 0; c < 3; c++)
			assert_int_equal(changes[c].status, table[i].status);
		assert_non_null(strstr(changes[0].message, "127.0.0.1:5300"));
		teardown(state);
		setup(state);
	}
}

static void a_server_out_of_reach_is_tried_again(void **state)
{
	(void)state;
	step(NULL);
	step(&(struct answer){ .code = ERR_UNREACHABLE, .error = "connection refused" });
	assert_int_equal(request.want, WANT_NOTHING);
	assert_int_equal(changes[0].status, CHANGE_RETRY);
	assert_true(changes[0].not_sent);
}

static void a_server_out_of_reach_after_a_lost_reply_may_have_done_the_update(void **state)
{
	(void)state;
	step(NULL);
	lose_reply();
	reply_text(NULL);
	reply_text(NULL);
	assert_true(request.tcp); /* the update once more */
	step(&(struct answer){ .code = ERR_UNREACHABLE, .error = "connection refused" });
	assert_int_equal(changes[0].status, CHANGE_RETRY);
	assert_false(changes[0].not_sent);
}

static void a_reply_without_signature_proves_nothing(void **state)
{
	(void)state;
	reopen_with_key();
	step(NULL);
	reply_rcode(DNS_NOERROR);
	assert_int_equal(changes[0].status, CHANGE_UNKNOWN);
}

static void nonsense_is_unknown(void **state)
{
	(void)state;
	step(NULL);
	step(&(struct answer){ .body = "nonsense", .length = 8 });
	assert_int_equal(request.want, WANT_NOTHING);
	assert_int_equal(changes[2].status, CHANGE_UNKNOWN);
}

/* NOTAUTH with this TSIG error, as BIND sends it. */
static void reply_tsig_error(unsigned char error)
{
	/* Behind the empty message: TSIG of "k." with hmac-sha256; the error is the third byte from the end. */
	static const unsigned char tsig[] = "\1k\0\0\372\0\377\0\0\0\0\0\035\013hmac-sha256\0\0\0k\001\264\276\001,\0\0\0224\0\0\0\0";

	reopen_with_key();
	step(NULL);
	memset(reply, 0, 12);
	memcpy(reply, request.wire, 4);
	reply[2] |= 0x80;
	reply[3] = DNS_NOTAUTH;
	reply[11] = 1;
	memcpy(reply + 12, tsig, sizeof(tsig) - 1);
	reply[12 + sizeof(tsig) - 1 - 3] = error;
	step(&(struct answer){ .body = (const char *)reply, .length = 12 + sizeof(tsig) - 1 });
}

static void a_bad_key_is_named_with_what_to_do(void **state)
{
	(void)state;
	reply_tsig_error(DNS_BADKEY);
	assert_int_equal(changes[0].status, CHANGE_DENIED);
	assert_int_equal(changes[0].scope, SCOPE_CALL); /* Knot says it of one name among many */
	assert_non_null(strstr(changes[0].message, "BADKEY"));
	assert_non_null(strstr(changes[0].message, "key-name"));
}

static void clocks_that_differ_are_no_refusal_for_good(void **state)
{
	(void)state;
	reply_tsig_error(DNS_BADTIME);
	assert_int_equal(changes[0].status, CHANGE_RETRY);
	assert_non_null(strstr(changes[0].message, "set both clocks"));
}

static void a_lost_reply_makes_it_look_at_each_name_once(void **state)
{
	(void)state;
	step(NULL);
	lose_reply();
	assert_int_equal(request.want, WANT_DNS);
	assert_true(request.tcp);
	reply_text("one"); /* of a: one is there, two is not */
	assert_int_equal(changes[0].status, CHANGE_DONE);
	assert_int_equal(changes[1].status, CHANGE_PENDING); /* what is asked may show an old copy of the zone */
	assert_int_equal(request.want, WANT_DNS);
	reply_text(NULL); /* of b: three is not there */
	assert_true(request.tcp); /* the rest of the update once more */
	assert_int_equal(request.wire[2] >> 3 & 15, 5);
	assert_int_equal(request.wire[9], 2);
	reply_rcode(DNS_NOERROR);
	assert_int_equal(request.want, WANT_NOTHING);
	assert_int_equal(changes[1].status, CHANGE_DONE);
	assert_int_equal(changes[2].status, CHANGE_DONE);
}

static void a_removal_whose_reply_is_lost_twice_is_not_done_although_the_value_is_not_seen(void **state)
{
	(void)state;
	job.changes = &changes[1];
	job.count = 1;
	step(NULL);
	lose_reply();
	reply_text(NULL);
	lose_reply();
	reply_text(NULL);
	assert_int_equal(request.want, WANT_NOTHING);
	assert_int_equal(changes[1].status, CHANGE_UNKNOWN);
}

static void assert_ttl_in_message(unsigned ttl, const char *value)
{
	const unsigned char *text = memmem(request.wire, request.wire_length, value, strlen(value));

	assert_non_null(text); /* before it: TTL (4), length of the data (2), length of the string (1) */
	assert_int_equal(text[-4] | text[-5] << 8 | text[-6] << 16, ttl);
}

static void a_set_that_stands_there_keeps_its_ttl(void **state)
{
	(void)state;
	step(NULL);
	reply_rcode(7); /* YXRRSET */
	reply_set("stranger", 1, 3600);
	reply_set(NULL, 0, 0);
	assert_int_equal(request.wire[2] >> 3 & 15, 5);
	assert_int_equal(request.wire[7], 0); /* no prerequisites this time */
	assert_ttl_in_message(3600, "one");
	assert_ttl_in_message(60, "three");
	reply_rcode(DNS_NOERROR);
	assert_int_equal(changes[0].status, CHANGE_DONE);
	assert_string_equal(changes[0].message, "");
}

static void a_ttl_that_is_not_shown_is_admitted(void **state)
{
	(void)state;
	job.count = 1;
	step(NULL);
	reply_rcode(7);
	lose_reply();
	reply_rcode(DNS_NOERROR);
	assert_int_equal(changes[0].status, CHANGE_DONE);
	assert_non_null(strstr(changes[0].message, "TTL may have changed"));
}

static void a_set_that_is_full_is_named_and_the_others_are_tried_again(void **state)
{
	(void)state;
	step(NULL);
	reply_rcode(7);
	reply_set("stranger", 100, 60);
	reply_set(NULL, 0, 0);
	reply_rcode(DNS_SERVFAIL);
	assert_int_equal(request.want, WANT_NOTHING);
	assert_int_equal(changes[0].status, CHANGE_FATAL);
	assert_int_equal(changes[0].scope, SCOPE_CHANGE);
	assert_non_null(strstr(changes[0].message, "the record set is full"));
	assert_int_equal(changes[2].status, CHANGE_RETRY);
}

/* A removal of a value that was written with that key. */
static void remove_of_key(const char *handle)
{
	reopen_with_key();
	job.changes = &changes[1];
	job.count = 1;
	changes[1].handle = handle;
	step(NULL);
}

static void a_removal_with_another_key_is_believed_only_when_that_key_sees_the_value(void **state)
{
	(void)state;
	remove_of_key("old-key");
	assert_int_equal(request.wire[2] >> 3 & 15, 0); /* a query, signed */
	assert_int_equal(request.wire[11], 2);
	reply_text(NULL);
	assert_int_equal(request.want, WANT_NOTHING);
	assert_int_equal(changes[1].status, CHANGE_FATAL);
	assert_non_null(strstr(changes[1].message, "old-key"));
}

static void a_removal_with_another_key_that_sees_the_value_goes_its_way(void **state)
{
	(void)state;
	remove_of_key("old-key");
	reply_text("two");
	assert_int_equal(request.wire[2] >> 3 & 15, 5);
}

static void a_removal_with_the_same_key_asks_nothing_first(void **state)
{
	(void)state;
	remove_of_key("dcvd-test");
	assert_int_equal(request.wire[2] >> 3 & 15, 5);
}

static void a_reply_and_a_look_that_are_lost_are_unknown(void **state)
{
	(void)state;
	step(NULL);
	lose_reply();
	lose_reply();
	assert_int_equal(request.want, WANT_NOTHING);
	assert_int_equal(changes[0].status, CHANGE_UNKNOWN);
	assert_int_equal(changes[2].status, CHANGE_UNKNOWN);
	assert_string_equal(changes[0].message, "server 127.0.0.1:5300 does not answer, neither the update nor a question over TCP");
}

static void a_server_that_refuses_to_say_whether_the_value_is_there_names_both_keys(void **state)
{
	(void)state;
	remove_of_key("the-old-key");
	reply_rcode(DNS_REFUSED);
	assert_non_null(strstr(changes[1].message, "written with key the-old-key"));
	assert_non_null(strstr(changes[1].message, "correct that key, or configure key the-old-key again"));
}

static void a_name_that_cannot_be_written_is_refused_alone(void **state)
{
	(void)state;
	changes[0].fqdn = "a..b.example.test";
	step(NULL);
	reply_rcode(DNS_NOERROR);
	assert_int_equal(changes[0].status, CHANGE_FATAL);
	assert_int_equal(changes[2].status, CHANGE_DONE);
}

static void all_changes_go_in_one_message(void **state)
{
	(void)state;
	step(NULL);
	assert_int_equal(request.want, WANT_DNS);
	assert_string_equal(request.server, "127.0.0.1:5300");
	assert_false(request.tcp);
	assert_int_equal(request.wire[2] >> 3 & 15, 5); /* UPDATE */
	assert_int_equal(request.wire[7], 2);           /* no set stands at either name */
	assert_int_equal(request.wire[9], 3);
	reply_rcode(DNS_NOERROR);
	assert_int_equal(request.want, WANT_NOTHING);
	for (int i = 0; i < 3; i++)
		assert_int_equal(changes[i].status, CHANGE_DONE);
}

static void a_long_message_goes_over_tcp(void **state)
{
	static struct change many[100];
	static char names[100][64];

	(void)state;
	for (int i = 0; i < 100; i++) {
		snprintf(names[i], sizeof(names[i]), "_acme-challenge.n%d.example.test", i);
		many[i] = (struct change){ .op = CHANGE_ADD, .fqdn = names[i], .value = "LPsIwTo7o8BoG0-vjCyGQGBWSVIPxI-i_X336eUOQZo", .ttl = 60 };
	}
	job.changes = many;
	job.count = 100;
	step(NULL);
	assert_true(request.tcp);
	assert_int_equal(request.wire[9], 100);
	rfc2136_provider.job_done(provider, &job);
	options.max_message = 512;
	step(NULL);
	assert_true(request.wire_length <= 512);
	reply_rcode(DNS_NOERROR);
	assert_int_equal(request.want, WANT_DNS); /* the next message */
	assert_int_equal(many[0].status, CHANGE_DONE);
	assert_int_equal(many[99].status, CHANGE_PENDING);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_server_that_is_no_address_is_refused),
		TEST(a_key_needs_a_name_and_a_secret_in_base64),
		TEST(a_refusal_says_what_it_means),
		TEST(a_server_out_of_reach_is_tried_again),
		TEST(a_server_out_of_reach_after_a_lost_reply_may_have_done_the_update),
		TEST(a_server_that_refuses_to_say_whether_the_value_is_there_names_both_keys),
		TEST(a_reply_without_signature_proves_nothing),
		TEST(nonsense_is_unknown),
		TEST(a_bad_key_is_named_with_what_to_do),
		TEST(clocks_that_differ_are_no_refusal_for_good),
		TEST(a_lost_reply_makes_it_look_at_each_name_once),
		TEST(a_reply_and_a_look_that_are_lost_are_unknown),
		TEST(a_removal_whose_reply_is_lost_twice_is_not_done_although_the_value_is_not_seen),
		TEST(a_set_that_stands_there_keeps_its_ttl),
		TEST(a_ttl_that_is_not_shown_is_admitted),
		TEST(a_set_that_is_full_is_named_and_the_others_are_tried_again),
		TEST(a_removal_with_another_key_is_believed_only_when_that_key_sees_the_value),
		TEST(a_removal_with_another_key_that_sees_the_value_goes_its_way),
		TEST(a_removal_with_the_same_key_asks_nothing_first),
		TEST(a_name_that_cannot_be_written_is_refused_alone),
		TEST(all_changes_go_in_one_message),
		TEST(a_long_message_goes_over_tcp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
