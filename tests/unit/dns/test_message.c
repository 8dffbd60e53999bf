#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <ldns/ldns.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/dns/message.h"

#define NAME "_acme-challenge.example.com"

/* A reply as its records in presentation format, section by section; gives its length. */
struct reply_text {
	const char *name, *answers[12], *authority[4];
	int type, rcode;
	bool not_authoritative;
};

static void push(ldns_pkt *pkt, ldns_pkt_section section, const char *const *lines, size_t count)
{
	for (size_t i = 0; i < count && lines[i]; i++) {
		ldns_rr *rr = NULL;

		assert_int_equal(ldns_rr_new_frm_str(&rr, lines[i], 60, NULL, NULL), LDNS_STATUS_OK);
		ldns_pkt_push_rr(pkt, section, rr);
	}
}

static size_t build(const struct reply_text *t, unsigned char *wire, size_t room)
{
	ldns_pkt *pkt = ldns_pkt_query_new(ldns_dname_new_frm_str(t->name ? t->name : NAME), t->type ? t->type : DNS_TXT, LDNS_RR_CLASS_IN, 0);
	uint8_t *bytes = NULL;
	size_t length = 0;

	ldns_pkt_set_qr(pkt, true);
	ldns_pkt_set_aa(pkt, !t->not_authoritative);
	ldns_pkt_set_rcode(pkt, t->rcode);
	push(pkt, LDNS_SECTION_ANSWER, t->answers, ARRAY_LEN(t->answers));
	push(pkt, LDNS_SECTION_AUTHORITY, t->authority, ARRAY_LEN(t->authority));
	assert_int_equal(ldns_pkt2wire(&bytes, pkt, &length), LDNS_STATUS_OK);
	assert_true(length <= room);
	memcpy(wire, bytes, length);
	free(bytes);
	ldns_pkt_free(pkt);
	return length;
}

static int parse(const struct reply_text *t, struct dns_reply *reply, struct err *err)
{
	unsigned char wire[4096];
	size_t length = build(t, wire, sizeof(wire));

	return dns_reply_parse(wire, length, NAME, DNS_TXT, reply, err);
}

static void refuses_a_reply_cut_anywhere(void **state)
{
	const struct reply_text t = { .answers = { NAME ". 60 IN TXT \"value\"" } };
	unsigned char wire[4096];
	struct dns_reply reply;
	struct err err = { 0 };
	size_t length = build(&t, wire, sizeof(wire));

	(void)state;
	for (size_t n = 0; n < length; n++) {
		unsigned char *exact = malloc(n ? n : 1); /* so that reading beyond it shows */

		memcpy(exact, wire, n);
		assert_int_equal(dns_reply_parse(exact, n, NAME, DNS_TXT, &reply, &err), ERR_PROTOCOL);
		free(exact);
	}
}

static void refuses_a_compression_pointer_that_loops(void **state)
{
	static const unsigned char wire[] = { 0, 1, 0x84, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 16, 0, 1 };
	struct dns_reply reply;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(dns_reply_parse(wire, sizeof(wire), NAME, DNS_TXT, &reply, &err), ERR_PROTOCOL);
}

static void refuses_the_answer_to_another_question(void **state)
{
	struct dns_reply reply;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(parse(&(struct reply_text){ .name = "other.example.com" }, &reply, &err), ERR_PROTOCOL);
	assert_non_null(strstr(err.text, "another question"));
	assert_int_equal(parse(&(struct reply_text){ .type = DNS_A }, &reply, &err), ERR_PROTOCOL);
}

static void refuses_a_query_as_a_reply(void **state)
{
	unsigned char wire[DNS_QUERY_MAX];
	struct dns_reply reply;
	struct err err = { 0 };
	int length = dns_query_build(NAME, DNS_TXT, false, wire, sizeof(wire), &err);

	(void)state;
	assert_int_equal(dns_reply_parse(wire, (size_t)length, NAME, DNS_TXT, &reply, &err), ERR_PROTOCOL);
	assert_non_null(strstr(err.text, "not a reply"));
}

static void refuses_cnames_that_go_in_a_circle(void **state)
{
	const struct reply_text t = { .answers = { NAME ". 60 IN CNAME a.example.", "a.example. 60 IN CNAME " NAME "." } };
	struct dns_reply reply;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(parse(&t, &reply, &err), ERR_INVALID);
	assert_non_null(strstr(err.text, "circle"));
}

static void refuses_a_dname_that_makes_a_name_too_long(void **state)
{
	char line[600];
	struct reply_text t = { .answers = { line } };
	struct dns_reply reply;
	struct err err = { 0 };
	char label[61];

	(void)state;
	memset(label, 'x', 60);
	label[60] = '\0';
	snprintf(line, sizeof(line), "example.com. 60 IN DNAME %s.%s.%s.%s.", label, label, label, label);
	assert_int_equal(parse(&t, &reply, &err), ERR_PROTOCOL);
	assert_non_null(strstr(err.text, "253"));
}

/* A good reply with more additional records. */
static int parse_with(const char *record, size_t length, unsigned times, struct err *err)
{
	unsigned char wire[1024];
	struct dns_reply reply;
	size_t end = build(&(struct reply_text){ .answers = { NAME ". 60 IN TXT one" } }, wire, sizeof(wire));
	int rc;

	for (unsigned i = 0; i < times; i++, end += length)
		memcpy(wire + end, record, length);
	wire[11] = (unsigned char)(wire[11] + times);
	rc = dns_reply_parse(wire, end, NAME, DNS_TXT, &reply, err);
	if (rc == 0)
		dns_reply_done(&reply);
	return rc;
}

static void refuses_a_second_opt_or_tsig_whose_memory_ldns_would_lose(void **state)
{
	static const char opt[] = "\0\0\x29\4\xd0\0\0\0\0\0\6\0\3\0\2ab", zero[] = "\0\0\0\0\1\0\0\0\0\0\0";
	static const char tsig[] = "\1k\0\0\xfa\0\xff\0\0\0\0\0\x11\0\0\0\0\0\0\0\1\x2c\0\0\x12\x34\0\0\0\0";
	struct err err;

	(void)state;
	assert_int_equal(parse_with(opt, sizeof(opt) - 1, 1, &err), 0);
	assert_int_equal(parse_with(tsig, sizeof(tsig) - 1, 1, &err), 0);
	assert_int_equal(parse_with(zero, sizeof(zero) - 1, 3, &err), 0);
	assert_int_equal(parse_with(opt, sizeof(opt) - 1, 2, &err), ERR_PROTOCOL);
	assert_non_null(strstr(err.text, "more than one OPT or TSIG"));
	assert_int_equal(parse_with(tsig, sizeof(tsig) - 1, 20, &err), ERR_PROTOCOL);
	assert_non_null(strstr(err.text, "more than one OPT or TSIG"));
}

static void accepts_a_refusal_without_a_question(void **state)
{
	static const unsigned char wire[] = { 0, 1, 0x80, 5, 0, 0, 0, 0, 0, 0, 0, 0 };
	struct dns_reply reply;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(dns_reply_parse(wire, sizeof(wire), NAME, DNS_TXT, &reply, &err), 0);
	assert_int_equal(reply.rcode, DNS_REFUSED);
	assert_string_equal(dns_rcode_name(reply.rcode), "REFUSED");
	dns_reply_done(&reply);
}

static void joins_the_strings_of_a_txt_record(void **state)
{
	const struct reply_text t = { .answers = { NAME ". 60 IN TXT \"one\" \"two\"", NAME ". 30 IN TXT \"\"" } };
	struct dns_reply reply;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(parse(&t, &reply, &err), 0);
	assert_true(reply.authoritative);
	assert_int_equal(reply.answer_count, 2);
	assert_string_equal(reply.answers[0].text, "onetwo");
	assert_string_equal(reply.answers[1].text, "");
	assert_string_equal(reply.answers[0].owner, NAME);
	assert_int_equal(reply.answers[1].ttl, 30);
	dns_reply_done(&reply);
}

static void follows_cname_and_dname_to_the_final_name(void **state)
{
	const struct reply_text t = { .answers = { NAME ". 60 IN CNAME x.Old.example.", "old.example. 60 IN DNAME new.example.",
	                                           "x.new.example. 60 IN TXT \"v\"" } };
	struct dns_reply reply;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(parse(&t, &reply, &err), 0);
	assert_string_equal(reply.final_name, "x.new.example");
	dns_reply_done(&reply);
}

static void tells_a_referral_and_a_zone(void **state)
{
	const struct reply_text referral = { .authority = { "example.com. 60 IN NS ns1.example.com." }, .not_authoritative = true };
	const struct reply_text nodata = { .authority = { "Example.com. 60 IN SOA ns1.example.com. h.example.com. 1 2 3 4 5" } };
	struct dns_reply reply;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(parse(&referral, &reply, &err), 0);
	assert_string_equal(dns_reply_referral(&reply, "com"), "example.com");
	assert_null(dns_reply_referral(&reply, "example.com"));
	assert_null(dns_reply_zone(&reply));
	dns_reply_done(&reply);
	assert_int_equal(parse(&nodata, &reply, &err), 0);
	assert_null(dns_reply_referral(&reply, "com"));
	assert_string_equal(dns_reply_zone(&reply), "example.com");
	dns_reply_done(&reply);
}

static void expect_holder(const struct reply_text *t, const char *zone)
{
	struct dns_reply reply;
	struct err err = { 0 };

	assert_int_equal(parse(t, &reply, &err), 0);
	if (zone)
		assert_string_equal(dns_reply_holder(&reply, NAME), zone);
	else
		assert_null(dns_reply_holder(&reply, NAME));
	dns_reply_done(&reply);
}

#define SOA(zone) zone ". 60 IN SOA ns1.example.com. h.example.com. 1 2 3 4 5"

static void only_an_authoritative_answer_about_the_name_itself_names_its_zone(void **state)
{
	(void)state;
	expect_holder(&(struct reply_text){ .authority = { SOA("com") } }, "com");
	expect_holder(&(struct reply_text){ .answers = { NAME ". 60 IN TXT \"v\"" }, .authority = { "com. 60 IN NS ns1.com." } }, "com");
	expect_holder(&(struct reply_text){ .answers = { NAME ". 60 IN TXT \"v\"" } }, NULL);
	expect_holder(&(struct reply_text){ .authority = { SOA("com") }, .not_authoritative = true }, NULL);
	expect_holder(&(struct reply_text){ .authority = { SOA("elsewhere.org") } }, NULL);
	expect_holder(&(struct reply_text){ .answers = { NAME ". 60 IN CNAME x.com." }, .authority = { SOA("com") } }, NULL);
}

static void expect_alias(const struct reply_text *t, int type, const char *target)
{
	char found[NAME_SIZE];
	struct dns_reply reply;
	struct err err = { 0 };

	assert_int_equal(parse(t, &reply, &err), 0);
	assert_int_equal(dns_reply_alias(&reply, NAME, found), type);
	if (type)
		assert_string_equal(found, target);
	dns_reply_done(&reply);
}

static void tells_the_first_step_of_a_chain_and_a_dname_from_a_cname(void **state)
{
	(void)state;
	expect_alias(&(struct reply_text){ .answers = { NAME ". 60 IN TXT \"v\"" } }, 0, NULL);
	expect_alias(&(struct reply_text){ .answers = { NAME ". 60 IN CNAME a.net.", "a.net. 60 IN CNAME b.net." } }, DNS_CNAME, "a.net");
	expect_alias(&(struct reply_text){ .answers = { NAME ". 60 IN CNAME _acme-challenge.example.net.", "com. 60 IN DNAME net." } }, DNS_DNAME,
	             "_acme-challenge.example.net");
}

static void builds_queries_with_fresh_ids_and_edns(void **state)
{
	unsigned char wire[DNS_QUERY_MAX];
	struct err err = { 0 };
	unsigned ids = 0;
	int length = 0;

	(void)state;
	for (int i = 0; i < 8; i++) {
		length = dns_query_build(NAME, DNS_TXT, true, wire, sizeof(wire), &err);
		ids |= (unsigned)(wire[0] << 8 | wire[1]);
	}
	assert_true(length > 12 + 11);
	assert_int_not_equal(ids, 0);
	assert_int_equal(wire[2], 1); /* recursion desired */
	assert_int_equal(wire[length - 8] << 8 | wire[length - 7], 1232);
	assert_true(dns_query_build("", DNS_NS, false, wire, sizeof(wire), &err) > 0);
	assert_int_equal(dns_query_build("a..b", DNS_NS, false, wire, sizeof(wire), &err), ERR_INVALID);
	assert_int_equal(dns_query_build(NAME, DNS_TXT, false, wire, 10, &err), ERR_TOO_LARGE);
}

static void refuses_txt_text_that_is_broken(void **state)
{
	static const char *const broken[] = { "\"open", "\"a\\", "\"a\\25\"", "\"a\\256\"", "\"a\\000\"", "a\"b" };
	char *value = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(broken); i++)
		assert_int_equal(dns_txt_unquote(broken[i], &value), ERR_INVALID);
}

static void quotes_and_unquotes_the_same_value(void **state)
{
	static char longest[601];
	const char *const values[] = { "", "plain", "a \"quoted\" \\ value", "tab\tand \xc3\xbc", longest };
	char *value;

	(void)state;
	memset(longest, 'z', sizeof(longest) - 1);
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		CLEANUP(mem_freep) char *quoted = dns_txt_quote(values[i]);

		assert_int_equal(dns_txt_unquote(quoted, &value), 0);
		assert_string_equal(value, values[i]);
		free(value);
	}
	assert_int_equal(dns_txt_unquote("word", &value), 0);
	assert_string_equal(value, "word");
	free(value);
}

static void splits_a_value_into_strings_of_255_bytes(void **state)
{
	char value[257];

	(void)state;
	memset(value, 'z', 256);
	value[256] = '\0';
	CLEANUP(mem_freep) char *quoted = dns_txt_quote(value);

	assert_string_equal(quoted + 256, "\" \"z\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_a_reply_cut_anywhere),
		cmocka_unit_test(refuses_a_compression_pointer_that_loops),
		cmocka_unit_test(refuses_the_answer_to_another_question),
		cmocka_unit_test(refuses_a_query_as_a_reply),
		cmocka_unit_test(refuses_cnames_that_go_in_a_circle),
		cmocka_unit_test(refuses_a_dname_that_makes_a_name_too_long),
		cmocka_unit_test(refuses_a_second_opt_or_tsig_whose_memory_ldns_would_lose),
		cmocka_unit_test(accepts_a_refusal_without_a_question),
		cmocka_unit_test(joins_the_strings_of_a_txt_record),
		cmocka_unit_test(follows_cname_and_dname_to_the_final_name),
		cmocka_unit_test(tells_a_referral_and_a_zone),
		cmocka_unit_test(only_an_authoritative_answer_about_the_name_itself_names_its_zone),
		cmocka_unit_test(tells_the_first_step_of_a_chain_and_a_dname_from_a_cname),
		cmocka_unit_test(builds_queries_with_fresh_ids_and_edns),
		cmocka_unit_test(refuses_txt_text_that_is_broken),
		cmocka_unit_test(quotes_and_unquotes_the_same_value),
		cmocka_unit_test(splits_a_value_into_strings_of_255_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
