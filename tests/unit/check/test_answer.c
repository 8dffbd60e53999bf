#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/base/mem.h"
#include "solver/check/run.h"
#include "solver/dns/message.h"

/* A reply to "a.example TXT". */
struct reply { unsigned char wire[512]; size_t length; };

static void add(struct reply *r, const void *data, size_t length)
{
	memcpy(r->wire + r->length, data, length);
	r->length += length;
}

static struct reply reply_new(int rcode, int questions, int answers)
{
	const unsigned char head[] = { 0, 1, 0x84, (unsigned char)rcode, 0, (unsigned char)questions, 0, (unsigned char)answers, 0, 0, 0, 0 };
	struct reply r = { .length = 0 };

	add(&r, head, sizeof(head));
	if (questions)
		add(&r, "\1a\7example\0\0\20\0\1", 15);
	return r;
}

static void add_txt(struct reply *r, int dns_class)
{
	const unsigned char record[] = { 1, 'a', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 16, 0, (unsigned char)dns_class, 0, 0, 0, 60, 0, 6, 5,
		                         'v', 'a', 'l', 'u', 'e' };

	add(r, record, sizeof(record));
}

static struct ev_answer *read_reply(struct evidence *e, const struct reply *r)
{
	struct ev_answer *a = evidence_add_answer(e);
	size_t room = RUN_BYTES_MAX;

	a->view = mem_dup("direct");
	a->name = mem_dup("a.example");
	a->type = DNS_TXT;
	answer_read(a, r->wire, r->length, "a.example", &room);
	return a;
}

static void a_record_of_another_class_is_no_answer(void **state)
{
	struct evidence *e = evidence_new();
	struct reply r = reply_new(DNS_NOERROR, 1, 2);
	struct ev_answer *a;

	(void)state;
	add_txt(&r, 3); /* CHAOS */
	add_txt(&r, 1);
	a = read_reply(e, &r);
	assert_null(a->failure);
	assert_int_equal(a->record_count, 1);
	evidence_free(e);
}

static void an_answer_without_its_question_is_not_believed(void **state)
{
	struct evidence *e = evidence_new();
	struct reply r = reply_new(DNS_NOERROR, 0, 1);
	struct ev_answer *a;

	(void)state;
	add_txt(&r, 1);
	a = read_reply(e, &r);
	assert_string_equal(a->failure, "mismatch");
	assert_string_equal(a->why, "the reply does not repeat the question");
	assert_int_equal(a->record_count, 0);
	evidence_free(e);
}

static void a_reply_to_another_question_is_not_believed(void **state)
{
	for (size_t at = 13; at <= 24; at += 11) { /* the letter of the name; the type */
		struct evidence *e = evidence_new();
		struct reply r = reply_new(DNS_NOERROR, 1, 1);
		struct ev_answer *a;

		(void)state;
		add_txt(&r, 1);
		r.wire[at] ^= 3;
		a = read_reply(e, &r);
		assert_string_equal(a->failure, "mismatch");
		assert_int_equal(a->record_count, 0);
		evidence_free(e);
	}
}

static void an_error_without_its_question_is(void **state)
{
	struct evidence *e = evidence_new();
	struct reply r = reply_new(DNS_SERVFAIL, 0, 0);
	struct ev_answer *a = read_reply(e, &r);

	(void)state;
	assert_null(a->failure);
	assert_int_equal(a->rcode, DNS_SERVFAIL);
	evidence_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_of_another_class_is_no_answer),
		cmocka_unit_test(a_reply_to_another_question_is_not_believed),
		cmocka_unit_test(an_answer_without_its_question_is_not_believed),
		cmocka_unit_test(an_error_without_its_question_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
