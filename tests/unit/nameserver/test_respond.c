/* Queries as bytes in, replies as bytes out; a small reader here checks what stands in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/nameserver/respond.h"

enum { A = 1, NS = 2, SOA = 6, HINFO = 13, TXT = 16, AAAA = 28, OPT = 41, AXFR = 252, ANY = 255 };
enum { NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED };

#define CHALLENGE "_acme-challenge.www.acme.example"

struct fixture {
	struct answers *answers;
	struct zones *zones;
	uint8_t query[2048];
	size_t query_length;
	uint8_t reply[65536];
	size_t length;
	bool tcp;
};

static int setup(void **state)
{
	static const char *const zones[] = { "acme.example", "deep.acme.example", NULL };
	static const char *const servers[] = { "ns1.acme.example 192.0.2.1 2001:db8::1", "ns2.example.net", NULL };
	struct nameserver_options o = { .zones = zones, .name_servers = servers, .contact = "dns@example.net", .negative_ttl_s = 3, .ttl_s = 7 };
	struct fixture *f = calloc(1, sizeof(*f));
	struct err err;

	f->answers = answers_new();
	assert_int_equal(zones_new(&o, NULL, &f->zones, &err), 0);
	answers_set_dns(f->answers, CHALLENGE, "first");
	answers_set_dns(f->answers, CHALLENGE, "second");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	zones_free(f->zones);
	answers_free(f->answers);
	free(f);
	return 0;
}

static void query_begin(struct fixture *f, const char *name, uint16_t type, uint16_t class)
{
	struct wire_writer w = { .bytes = f->query, .room = sizeof(f->query) };

	wire_write(&w, "\x12\x34\x01\x00\0\1\0\0\0\0\0\0", 12);
	wire_write_name(&w, name);
	wire_write_16(&w, type);
	wire_write_16(&w, class);
	assert_false(w.failed);
	f->query_length = w.at;
}

static void query_add_opt(struct fixture *f, uint16_t size, uint8_t version, uint16_t flags)
{
	struct wire_writer w = { .bytes = f->query, .room = sizeof(f->query), .at = f->query_length };

	wire_write(&w, "\0\0\x29", 3);
	wire_write_16(&w, size);
	wire_write_8(&w, 0);
	wire_write_8(&w, version);
	wire_write_16(&w, flags);
	wire_write_16(&w, 0);
	f->query[11]++;
	f->query_length = w.at;
}

static void respond(struct fixture *f)
{
	/* Exactly as long as the query, so that the sanitizer sees a read past it. */
	uint8_t *exact = malloc(f->query_length ? f->query_length : 1);

	memcpy(exact, f->query, f->query_length);
	memset(f->reply, 0xee, sizeof(f->reply));
	f->length = nameserver_respond(f->zones, f->answers, exact, f->query_length, f->tcp, f->reply,
		f->tcp ? RESPOND_TCP_MAX : RESPOND_UDP_MAX);
	free(exact);
}

static void ask(struct fixture *f, const char *name, uint16_t type)
{
	query_begin(f, name, type, 1);
	respond(f);
}

static unsigned reply_16(const struct fixture *f, size_t at)
{
	return f->reply[at] << 8 | f->reply[at + 1];
}

static int rcode(const struct fixture *f)
{
	return f->reply[3] & 15;
}

static bool authoritative(const struct fixture *f)
{
	return f->reply[2] & 4;
}

static bool truncated(const struct fixture *f)
{
	return f->reply[2] & 2;
}

static void assert_counts(const struct fixture *f, unsigned answers, unsigned authority, unsigned additional)
{
	assert_int_equal(reply_16(f, 4), 1);
	assert_int_equal(reply_16(f, 6), answers);
	assert_int_equal(reply_16(f, 8), authority);
	assert_int_equal(reply_16(f, 10), additional);
}

/* The type and TTL of record `index` behind the question, and where its data starts. */
static unsigned record(const struct fixture *f, unsigned index, uint32_t *ret_ttl, size_t *ret_data)
{
	struct wire_reader r = { .bytes = f->reply, .length = f->length, .at = f->query_length };
	unsigned type = 0;

	r.at = WIRE_HEADER;
	wire_skip_name(&r);
	wire_skip(&r, 4);
	for (unsigned i = 0; i <= index; i++) {
		uint16_t length;

		wire_skip_name(&r);
		type = wire_read_16(&r);
		wire_read_16(&r);
		*ret_ttl = wire_read_32(&r);
		length = wire_read_16(&r);
		*ret_data = r.at;
		wire_skip(&r, length);
	}
	assert_false(r.failed);
	return type;
}

static void assert_negative(struct fixture *f, int code)
{
	size_t data;
	uint32_t ttl;

	assert_int_equal(rcode(f), code);
	assert_true(authoritative(f));
	assert_counts(f, 0, 1, 0);
	assert_int_equal(record(f, 0, &ttl, &data), SOA);
	assert_int_equal(ttl, 3);
	assert_memory_equal(f->reply + f->length - 4, "\0\0\0\3", 4); /* the minimum ends the SOA */
}

static void what_is_shorter_than_a_header_is_dropped(void **state)
{
	struct fixture *f = *state;

	for (f->query_length = 0; f->query_length < 12; f->query_length++) {
		respond(f);
		assert_int_equal(f->length, 0);
	}
}

static void a_response_is_never_answered(void **state)
{
	struct fixture *f = *state;

	query_begin(f, CHALLENGE, TXT, 1);
	f->query[2] |= 0x80;
	respond(f);
	assert_int_equal(f->length, 0);
}

static void another_opcode_is_not_implemented(void **state)
{
	struct fixture *f = *state;

	query_begin(f, CHALLENGE, TXT, 1);
	f->query[2] |= 5 << 3;
	respond(f);
	assert_int_equal(f->length, 12);
	assert_int_equal(rcode(f), NOTIMP);
	assert_int_equal(f->reply[2] >> 3 & 15, 5);
	assert_memory_equal(f->reply, "\x12\x34", 2);
}

static void a_query_cut_anywhere_is_a_format_error(void **state)
{
	struct fixture *f = *state;
	size_t whole;

	query_begin(f, CHALLENGE, TXT, 1);
	query_add_opt(f, 1232, 0, 0);
	whole = f->query_length;
	for (f->query_length = 12; f->query_length < whole; f->query_length++) {
		respond(f);
		assert_int_equal(f->length, 12);
		assert_int_equal(rcode(f), FORMERR);
	}
}

static void no_question_two_questions_and_bytes_behind_are_format_errors(void **state)
{
	struct fixture *f = *state;

	query_begin(f, CHALLENGE, TXT, 1);
	f->query[5] = 0;
	respond(f);
	assert_int_equal(rcode(f), FORMERR);
	f->query[5] = 2;
	respond(f);
	assert_int_equal(rcode(f), FORMERR);
	f->query[5] = 1;
	f->query[f->query_length++] = 0;
	respond(f);
	assert_int_equal(rcode(f), FORMERR);
}

static void a_pointer_in_the_question_is_a_format_error(void **state)
{
	struct fixture *f = *state;

	memcpy(f->query, "\x12\x34\x01\x00\0\1\0\0\0\0\0\0\xc0\x0c\0\x10\0\1", 18);
	f->query_length = 18;
	respond(f);
	assert_int_equal(rcode(f), FORMERR);
}

static void two_opt_records_are_a_format_error(void **state)
{
	struct fixture *f = *state;

	query_begin(f, CHALLENGE, TXT, 1);
	query_add_opt(f, 1232, 0, 0);
	query_add_opt(f, 1232, 0, 0);
	respond(f);
	assert_int_equal(rcode(f), FORMERR);
}

static void an_edns_version_not_known_is_refused_with_badvers(void **state)
{
	struct fixture *f = *state;
	uint32_t ttl;
	size_t data;

	query_begin(f, CHALLENGE, TXT, 1);
	query_add_opt(f, 1232, 1, 0);
	respond(f);
	assert_int_equal(rcode(f), 0);
	assert_counts(f, 0, 0, 1);
	assert_int_equal(record(f, 0, &ttl, &data), OPT);
	assert_int_equal(ttl, 1 << 24);
}

static void names_outside_the_zones_transfers_and_other_classes_are_refused(void **state)
{
	struct fixture *f = *state;
	static const char *const names[] = { "", "example", "xacme.example", "acme.example.net", "www.example" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		ask(f, names[i], TXT);
		assert_int_equal(rcode(f), REFUSED);
		assert_false(authoritative(f));
		assert_counts(f, 0, 0, 0);
	}
	ask(f, "acme.example", AXFR);
	assert_int_equal(rcode(f), REFUSED);
	query_begin(f, CHALLENGE, TXT, 3);
	respond(f);
	assert_int_equal(rcode(f), REFUSED);
}

static void a_dot_inside_a_label_is_not_the_border_of_two(void **state)
{
	struct fixture *f = *state;
	static const char query[] = "\x12\x34\x01\0\0\1\0\0\0\0\0\0\xc" "acme.example\0\0\x10\0\1";
	static const char below[] = "\x12\x34\x01\0\0\1\0\0\0\0\0\0\x13" "_acme-challenge.www\4acme\7example\0\0\x10\0\1";

	memcpy(f->query, query, f->query_length = sizeof(query) - 1);
	respond(f);
	assert_int_equal(rcode(f), REFUSED);
	memcpy(f->query, below, f->query_length = sizeof(below) - 1);
	respond(f);
	assert_negative(f, NXDOMAIN);
}

static void an_unknown_name_does_not_exist(void **state)
{
	ask(*state, "nope.acme.example", TXT);
	assert_negative(*state, NXDOMAIN);
	ask(*state, "below." CHALLENGE, TXT);
	assert_negative(*state, NXDOMAIN);
}

static void a_name_with_names_below_it_exists_without_data(void **state)
{
	ask(*state, "www.acme.example", TXT);
	assert_negative(*state, NOERROR);
	ask(*state, "www.acme.example", ANY);
	assert_negative(*state, NOERROR);
}

static void another_type_at_a_name_with_values_is_no_data(void **state)
{
	ask(*state, CHALLENGE, A);
	assert_negative(*state, NOERROR);
	ask(*state, CHALLENGE, NS);
	assert_negative(*state, NOERROR);
	ask(*state, "acme.example", TXT);
	assert_negative(*state, NOERROR);
}

static void each_value_is_a_txt_record(void **state)
{
	struct fixture *f = *state;
	uint32_t ttl;
	size_t data;

	ask(f, CHALLENGE, TXT);
	assert_int_equal(rcode(f), NOERROR);
	assert_true(authoritative(f));
	assert_false(truncated(f));
	assert_counts(f, 2, 0, 0);
	assert_int_equal(record(f, 0, &ttl, &data), TXT);
	assert_int_equal(ttl, 7);
	assert_memory_equal(f->reply + data, "\5first", 6);
	assert_int_equal(record(f, 1, &ttl, &data), TXT);
	assert_memory_equal(f->reply + data, "\6second", 7);
}

static void letters_of_any_case_match_and_come_back_as_asked(void **state)
{
	struct fixture *f = *state;

	ask(f, "_aCmE-cHaLLenGe.WWW.Acme.EXAMPLE", TXT);
	assert_counts(f, 2, 0, 0);
	assert_memory_equal(f->reply + 12, f->query + 12, f->query_length - 12);
	assert_memory_equal(f->reply, f->query, 2);
	assert_int_equal(f->reply[2] & 1, 1); /* recursion desired is echoed, recursion available is not set */
	assert_int_equal(f->reply[3] & 0x80, 0);
}

static void a_value_over_255_bytes_is_split_into_strings(void **state)
{
	struct fixture *f = *state;
	char value[301];
	uint32_t ttl;
	size_t data;

	memset(value, 'v', 300);
	value[300] = '\0';
	answers_set_dns(f->answers, "long.acme.example", value);
	ask(f, "long.acme.example", TXT);
	record(f, 0, &ttl, &data);
	assert_int_equal(reply_16(f, data - 2), 302);
	assert_int_equal(f->reply[data], 255);
	assert_int_equal(f->reply[data + 256], 45);
}

static void an_empty_value_is_one_empty_string(void **state)
{
	struct fixture *f = *state;

	answers_set_dns(f->answers, "empty.acme.example", "");
	ask(f, "empty.acme.example", TXT);
	assert_counts(f, 1, 0, 0);
	assert_memory_equal(f->reply + f->length - 3, "\0\1\0", 3);
}

static void the_apex_has_soa_and_all_name_servers(void **state)
{
	struct fixture *f = *state;
	uint32_t ttl;
	size_t data;

	ask(f, "acme.example", SOA);
	assert_counts(f, 1, 0, 0);
	assert_int_equal(record(f, 0, &ttl, &data), SOA);
	assert_memory_equal(f->reply + data, "\3ns1\4acme\7example\0\3dns\7example\3net\0", 35);
	ask(f, "acme.example", NS);
	assert_counts(f, 2, 0, 0);
	assert_int_equal(record(f, 1, &ttl, &data), NS);
	assert_memory_equal(f->reply + data, "\3ns2\7example\3net\0", 17);
}

static void a_name_server_inside_the_zone_has_its_addresses(void **state)
{
	struct fixture *f = *state;

	ask(f, "ns1.acme.example", A);
	assert_counts(f, 1, 0, 0);
	assert_memory_equal(f->reply + f->length - 4, "\xc0\0\2\1", 4);
	ask(f, "ns1.acme.example", AAAA);
	assert_counts(f, 1, 0, 0);
	ask(f, "ns1.acme.example", TXT);
	assert_negative(f, NOERROR);
}

static void any_gets_something_small(void **state)
{
	struct fixture *f = *state;
	uint32_t ttl;
	size_t data;

	ask(f, CHALLENGE, ANY);
	assert_counts(f, 1, 0, 0);
	assert_int_equal(record(f, 0, &ttl, &data), HINFO);
}

static void the_closest_zone_answers(void **state)
{
	struct fixture *f = *state;

	ask(f, "nope.deep.acme.example", TXT);
	assert_negative(f, NXDOMAIN);
	/* Its SOA stands at deep.acme.example: a pointer past "nope". */
	assert_int_equal(reply_16(f, f->query_length), 0xc000 | (12 + 5));
}

static void the_serial_follows_each_change(void **state)
{
	struct fixture *f = *state;
	uint32_t ttl;
	size_t data, at;
	uint8_t before[4];

	ask(f, "acme.example", SOA);
	record(f, 0, &ttl, &data);
	at = data + 35;
	memcpy(before, f->reply + at, 4);
	answers_clear_dns(f->answers, CHALLENGE, "first");
	ask(f, "acme.example", SOA);
	assert_true(memcmp(f->reply + at, before, 4) > 0);
}

static void opt_is_answered_with_our_size_and_the_do_bit(void **state)
{
	struct fixture *f = *state;
	uint32_t ttl;
	size_t data;

	query_begin(f, CHALLENGE, TXT, 1);
	query_add_opt(f, 4096, 0, 0x8000);
	respond(f);
	assert_counts(f, 2, 0, 1);
	assert_int_equal(record(f, 2, &ttl, &data), OPT);
	assert_int_equal(ttl, 0x8000);
	assert_int_equal(reply_16(f, data - 8), 1232);
}

static void add_values(struct fixture *f, int count)
{
	char value[44];

	for (int i = 0; i < count; i++) {
		snprintf(value, sizeof(value), "%043d", i);
		answers_set_dns(f->answers, "many.acme.example", value);
	}
}

static void what_does_not_fit_is_left_to_tcp(void **state)
{
	struct fixture *f = *state;

	add_values(f, 15); /* 840 bytes: over 512, under 1232 */
	ask(f, "many.acme.example", TXT);
	assert_true(truncated(f));
	assert_counts(f, 0, 0, 0);
	assert_int_equal(f->length, f->query_length);
	query_begin(f, "many.acme.example", TXT, 1);
	query_add_opt(f, 4096, 0, 0);
	respond(f);
	assert_false(truncated(f));
	assert_counts(f, 15, 0, 1);
	add_values(f, 30);
	respond(f);
	assert_true(truncated(f));
	assert_counts(f, 0, 0, 1);
	f->tcp = true;
	respond(f);
	assert_false(truncated(f));
	assert_counts(f, 30, 0, 1);
}

static void an_edns_size_under_512_counts_as_512(void **state)
{
	struct fixture *f = *state;

	add_values(f, 7); /* 392 bytes */
	query_begin(f, "many.acme.example", TXT, 1);
	query_add_opt(f, 1, 0, 0);
	respond(f);
	assert_false(truncated(f));
	assert_counts(f, 7, 0, 1);
}

static void over_tcp_what_fits_no_message_is_cut_at_a_whole_record(void **state)
{
	struct fixture *f = *state;

	f->tcp = true;
	add_values(f, 2000);
	ask(f, "many.acme.example", TXT);
	assert_true(truncated(f));
	assert_true(f->length <= 65535);
	assert_int_equal(f->length, f->query_length + reply_16(f, 6) * 56);
}

static void the_longest_name_is_answered(void **state)
{
	struct fixture *f = *state;
	char name[254];

	memset(name, 'a', 253);
	strcpy(name + 253 - 13, ".acme.example");
	name[63] = name[127] = name[191] = '.';
	ask(f, name, TXT);
	assert_negative(f, NXDOMAIN);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_shorter_than_a_header_is_dropped),
		TEST(a_response_is_never_answered),
		TEST(another_opcode_is_not_implemented),
		TEST(a_query_cut_anywhere_is_a_format_error),
		TEST(no_question_two_questions_and_bytes_behind_are_format_errors),
		TEST(a_pointer_in_the_question_is_a_format_error),
		TEST(two_opt_records_are_a_format_error),
		TEST(an_edns_version_not_known_is_refused_with_badvers),
		TEST(names_outside_the_zones_transfers_and_other_classes_are_refused),
		TEST(a_dot_inside_a_label_is_not_the_border_of_two),
		TEST(an_unknown_name_does_not_exist),
		TEST(a_name_with_names_below_it_exists_without_data),
		TEST(another_type_at_a_name_with_values_is_no_data),
		TEST(each_value_is_a_txt_record),
		TEST(letters_of_any_case_match_and_come_back_as_asked),
		TEST(a_value_over_255_bytes_is_split_into_strings),
		TEST(an_empty_value_is_one_empty_string),
		TEST(the_apex_has_soa_and_all_name_servers),
		TEST(a_name_server_inside_the_zone_has_its_addresses),
		TEST(any_gets_something_small),
		TEST(the_closest_zone_answers),
		TEST(the_serial_follows_each_change),
		TEST(opt_is_answered_with_our_size_and_the_do_bit),
		TEST(what_does_not_fit_is_left_to_tcp),
		TEST(an_edns_size_under_512_counts_as_512),
		TEST(over_tcp_what_fits_no_message_is_cut_at_a_whole_record),
		TEST(the_longest_name_is_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
