#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/base/mem.h"
#include "solver/dns/message.h"
#include "solver/dns/packet.h"

/* A reply to "A.Example TXT": header, question, then one record at the question's name. */
struct bytes { unsigned char data[1024]; size_t length; };

static void add(struct bytes *b, const void *data, size_t length)
{
	assert_true(b->length + length <= sizeof(b->data));
	memcpy(b->data + b->length, data, length);
	b->length += length;
}

static struct bytes header(unsigned answers)
{
	struct bytes b = { .length = 0 };
	const unsigned char head[] = { 0, 1, 0x84, 0, 0, 1, 0, (unsigned char)answers, 0, 0, 0, 0 };

	add(&b, head, sizeof(head));
	add(&b, "\1A\7Example\0\0\20\0\1", 15);
	return b;
}

static void add_record(struct bytes *b, int type, const void *data, size_t length)
{
	const unsigned char fixed[] = { 0xc0, 12, (unsigned char)(type >> 8), (unsigned char)type, 0, 1, 0, 0, 0, 60,
		                        (unsigned char)(length >> 8), (unsigned char)length };

	add(b, fixed, sizeof(fixed));
	add(b, data, length);
}

/* The data of one record as text, or the error's. */
static char *text_of(int type, const void *data, size_t length, int64_t *ret_strings)
{
	struct bytes b = header(1);
	struct packet_record r;
	struct packet p;
	struct err err;
	char *text;

	add_record(&b, type, data, length);
	assert_int_equal(packet_open(b.data, b.length, &p, &err), 0);
	assert_int_equal(packet_next(&p, &r, &err), 1);
	assert_string_equal(r.owner, "a.example");
	if (packet_data(&p, &r, &text, ret_strings, &err) < 0)
		return mem_dup(err.text);
	assert_int_equal(packet_next(&p, &r, &err), 0);
	return text;
}

static void expect(int type, const void *data, size_t length, const char *expected)
{
	int64_t strings;
	CLEANUP(mem_freep) char *text = text_of(type, data, length, &strings);

	assert_string_equal(text, expected);
}

static void what_is_no_response_is_refused(void **state)
{
	struct bytes b = header(0);
	struct packet p;
	struct err err;

	(void)state;
	b.data[2] = 0;
	assert_int_equal(packet_open(b.data, b.length, &p, &err), ERR_PROTOCOL);
	assert_int_equal(packet_open(b.data, 11, &p, &err), ERR_PROTOCOL);
}

static void a_record_that_is_cut_off_is_malformed(void **state)
{
	struct bytes b = header(1);
	struct packet_record r;
	struct packet p;
	struct err err;

	(void)state;
	add_record(&b, DNS_TXT, "\5hello", 6);
	for (size_t length = 28; length < b.length; length++) {
		assert_int_equal(packet_open(b.data, length, &p, &err), 0);
		assert_int_equal(packet_next(&p, &r, &err), ERR_PROTOCOL);
	}
}

static void what_was_truncated_away_is_not_missing(void **state)
{
	struct bytes b = header(3);
	struct packet_record r;
	struct packet p;
	struct err err;

	(void)state;
	b.data[2] |= 2;
	assert_int_equal(packet_open(b.data, b.length, &p, &err), 0);
	assert_true(p.truncated);
	assert_int_equal(packet_next(&p, &r, &err), 0);
}

static void a_name_in_circles_is_malformed(void **state)
{
	struct bytes b = header(1);
	struct packet p;
	struct err err;

	(void)state;
	b.data[12] = 0xc0;
	b.data[13] = 12;
	assert_int_equal(packet_open(b.data, b.length, &p, &err), ERR_PROTOCOL);
}

static void data_that_does_not_fit_its_type_is_malformed(void **state)
{
	(void)state;
	expect(DNS_A, "\1\2\3", 3, "the DNS reply is malformed: an address of the wrong length");
	expect(DNS_TXT, "\11cut", 4, "the DNS reply is malformed: a string of a TXT record runs out of it");
	expect(DNS_CAA, "\0\11issue", 7, "the DNS reply is malformed: a CAA record is too short");
	expect(DNS_RRSIG, "short", 5, "the DNS reply is malformed: an RRSIG record is too short");
	expect(DNS_SOA, "\1a\0\1b\0\0", 7, "the DNS reply is malformed: a SOA record is too short");
}

static void the_question_keeps_its_case_and_the_owners_do_not(void **state)
{
	struct bytes b = header(0);
	struct packet p;
	struct err err;

	(void)state;
	assert_int_equal(packet_open(b.data, b.length, &p, &err), 0);
	assert_string_equal(p.question, "A.Example");
	assert_int_equal(p.question_type, DNS_TXT);
	assert_true(p.authoritative);
}

static void strings_of_a_txt_record_are_joined_escaped_and_counted(void **state)
{
	int64_t strings;
	CLEANUP(mem_freep) char *text = text_of(DNS_TXT, "\3a\0b\2\\\377\0", 8, &strings);

	(void)state;
	assert_string_equal(text, "a\\000b\\\\\\255");
	assert_int_equal(strings, 3);
}

static void data_is_written_as_evidence_has_it(void **state)
{
	(void)state;
	expect(DNS_A, "\300\0\2\1", 4, "192.0.2.1");
	expect(DNS_NS, "\2ns\300\14", 5, "ns.a.example");
	expect(DNS_NS, "\3a.b\300\14", 6, "a\\.b.a.example");
	expect(DNS_CAA, "\200\5Issueca.org; a=\"b\"", 20, "128 Issue ca.org; a=\"b\"");
	expect(DNS_SOA, "\1a\0\1b\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5", 26, "a b 1 2 3 4 5");
	expect(DNS_RRSIG, "\0\20\15\2\0\0\0\74\152\100\0\0\152\0\0\0\0\7\1z\0sig", 24, "TXT 13 2 60 20260627165320 20260510034816 7 z");
	expect(65280, "\336\255", 2, "\\# 2 dead");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_response_is_refused),
		cmocka_unit_test(a_record_that_is_cut_off_is_malformed),
		cmocka_unit_test(what_was_truncated_away_is_not_missing),
		cmocka_unit_test(a_name_in_circles_is_malformed),
		cmocka_unit_test(data_that_does_not_fit_its_type_is_malformed),
		cmocka_unit_test(the_question_keeps_its_case_and_the_owners_do_not),
		cmocka_unit_test(strings_of_a_txt_record_are_joined_escaped_and_counted),
		cmocka_unit_test(data_is_written_as_evidence_has_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
