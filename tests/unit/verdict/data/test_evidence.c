#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/base/mem.h"
#include "solver/verdict/data/evidence.h"

#define LEAST "\"identifier\":\"example.org\",\"type\":\"dns-01\",\"authority\":\"letsencrypt\""

static void refused(const char *text, const char *place)
{
	json_t *json = json_loads(text, 0, NULL);
	struct evidence *e = NULL;
	struct err err = { 0 };

	assert_non_null(json);
	assert_int_equal(evidence_from_json(json, &e, &err), ERR_INVALID);
	assert_null(e);
	if (!strstr(err.text, place))
		fail_msg("\"%s\" does not hold \"%s\"", err.text, place);
	json_decref(json);
}

static void what_is_no_evidence_is_refused_with_its_place(void **state)
{
	(void)state;
	refused("[]", "must be an object");
	refused("{}", "/identifier: is missing");
	refused("{" LEAST ",\"colour\":1}", "/colour: is no known key");
	refused("{" LEAST ",\"wildcard\":1}", "/wildcard: must be true or false");
	refused("{" LEAST ",\"at_ms\":\"now\"}", "/at_ms: must be a whole number");
	refused("{" LEAST ",\"at_ms\":253402300800000}", "/at_ms: must be from 0 to 253402300799999");
	refused("{" LEAST ",\"answers\":{}}", "/answers: must be a list");
	refused("{" LEAST ",\"budget\":[]}", "/budget: must be an object");
	refused("{" LEAST ",\"answers\":[{\"view\":\"direct\",\"name\":\"a\",\"records\":[{\"owner\":\"a\",\"data\":7}]}]}",
	        "/answers/0/records/0/data: must be a text");
	refused("{" LEAST ",\"answers\":[{\"view\":\"direct\",\"name\":\"a\",\"rcode\":-2}]}", "/answers/0/rcode: must be from -1 to 4095");
	refused("{\"identifier\":null,\"type\":\"dns-01\",\"authority\":\"x\"}", "/identifier: must be a text");
}

static void a_list_over_its_maximum_is_refused(void **state)
{
	json_t *json = json_loads("{" LEAST ",\"hops\":[]}", 0, NULL);
	struct evidence *e = NULL;
	struct err err = { 0 };

	(void)state;
	for (int i = 0; i <= EVIDENCE_HOPS_MAX; i++)
		json_array_append_new(json_object_get(json, "hops"), json_object());
	assert_int_equal(evidence_from_json(json, &e, &err), ERR_INVALID);
	assert_string_equal(err.text, "/hops: at most 256 items");
	json_decref(json);
}

static void a_text_over_its_maximum_is_refused(void **state)
{
	char *name = mem_new(1026, 1), *text;

	(void)state;
	memset(name, 'a', 1025);
	text = mem_printf("{\"identifier\":\"%s\",\"type\":\"dns-01\",\"authority\":\"x\"}", name);
	refused(text, "/identifier: at most 1024 bytes");
	free(text);
	free(name);
}

static void no_list_grows_over_its_maximum(void **state)
{
	struct evidence *e = evidence_new();

	(void)state;
	for (int i = 0; i < EVIDENCE_HOPS_MAX; i++)
		assert_non_null(evidence_add_hop(e));
	assert_null(evidence_add_hop(e));
	evidence_free(e);
	evidence_free(NULL);
}

static void fill_answer(struct evidence *e, const char *name, const char *data)
{
	struct ev_answer *a = evidence_add_answer(e);
	struct ev_record *r = evidence_add_record(a);

	a->view = mem_dup("authority");
	a->name = mem_dup(name);
	a->type = 16;
	a->soa = true;
	a->elapsed_ms = 12;
	r->owner = mem_dup(name);
	r->data = mem_dup(data);
	r->ttl = 60;
	r->strings = 1;
	r = evidence_add_authority(a);
	r->owner = mem_dup("example.org");
	r->data = mem_dup("ns1.example.org");
}

static struct evidence *sample(void)
{
	struct evidence *e = evidence_new();
	struct ev_hop *h = evidence_add_hop(e);
	struct ev_certificate *c = evidence_add_certificate(e);
	struct ev_perspective *p = evidence_add_perspective(e);

	e->identifier = mem_dup("example.org");
	e->type = mem_dup("dns-01");
	e->authority = mem_dup("letsencrypt");
	e->wildcard = true;
	e->at_ms = 1795271000123;
	fill_answer(e, "_acme-challenge.example.org", "old");
	fill_answer(e, "_acme-challenge.example.org", "new");
	h->url = mem_dup("http://example.org/");
	h->host = mem_dup("example.org");
	h->address = mem_dup("192.0.2.1");
	h->status = 200;
	c->address = mem_dup("192.0.2.1");
	c->alpn = mem_dup("acme-tls/1");
	p->code = mem_dup("us-east-2");
	p->rir = mem_dup("ARIN");
	p->check = mem_dup("dcv");
	p->completed = true;
	e->budget.known = true;
	e->budget.failures = 3;
	return e;
}

static void what_is_written_is_read_again(void **state)
{
	struct evidence *e = sample(), *again = NULL;
	json_t *json = evidence_to_json(e), *second;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(evidence_from_json(json, &again, &err), 0);
	second = evidence_to_json(again);
	assert_true(json_equal(json, second));
	assert_true(again->wildcard);
	assert_int_equal(again->at_ms, 1795271000123);
	assert_int_equal(again->answer_count, 2);
	assert_string_equal(again->answers[1].records[0].data, "new");
	assert_string_equal(again->answers[0].authority[0].data, "ns1.example.org");
	assert_int_equal(again->hops[0].status, 200);
	assert_int_equal(again->budget.failures, 3);
	assert_true(again->perspectives[0].completed);
	json_decref(json);
	json_decref(second);
	evidence_free(e);
	evidence_free(again);
}

static void the_newest_answer_of_the_authoritys_view_counts(void **state)
{
	struct evidence *e = sample();

	(void)state;
	mem_replace(&e->answers[0].view, "direct");
	assert_ptr_equal(evidence_authority(e, "_ACME-challenge.example.org", 16), &e->answers[1]);
	assert_null(evidence_authority(e, "_acme-challenge.example.org", 257));
	mem_replace(&e->answers[1].view, "direct");
	assert_null(evidence_authority(e, "_acme-challenge.example.org", 16));
	evidence_free(e);
}

static void text_that_is_not_utf8_is_written_escaped(void **state)
{
	struct evidence *e = sample();
	json_t *json;

	(void)state;
	mem_replace(&e->identifier, "a\xff");
	json = evidence_to_json(e);
	assert_string_equal(json_string_value(json_object_get(json, "identifier")), "a\\255");
	json_decref(json);
	evidence_free(e);
}

static void every_byte_survives_escaping(void **state)
{
	unsigned char bytes[256], *again = NULL;
	size_t length = 0;
	char *text;

	(void)state;
	for (int i = 0; i < 256; i++)
		bytes[i] = (unsigned char)i;
	text = evidence_escape(bytes, sizeof(bytes));
	for (const char *p = text; *p; p++)
		assert_true(*p >= ' ' && *p <= '~');
	assert_int_equal(evidence_unescape(text, &again, &length), 0);
	assert_int_equal(length, sizeof(bytes));
	assert_memory_equal(again, bytes, sizeof(bytes));
	free(text);
	free(again);
}

static void a_bad_escape_is_refused(void **state)
{
	static const char *const bad[] = { "\\", "\\2", "\\25", "\\256", "\\9x9", "\n", "\xc3\xa4", "\\\n" };
	unsigned char *bytes;
	size_t length;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(evidence_unescape(bad[i], &bytes, &length), ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_evidence_is_refused_with_its_place),
		cmocka_unit_test(a_list_over_its_maximum_is_refused),
		cmocka_unit_test(a_text_over_its_maximum_is_refused),
		cmocka_unit_test(no_list_grows_over_its_maximum),
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(the_newest_answer_of_the_authoritys_view_counts),
		cmocka_unit_test(text_that_is_not_utf8_is_written_escaped),
		cmocka_unit_test(every_byte_survives_escaping),
		cmocka_unit_test(a_bad_escape_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
