#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/cps/warning_table.h"
#include "solver/cps/warnings.h"

#define CNAMED "DNS name www.a.test not CNAMEd for auto validation."
#define REMOVED "SAN name [old.a.test] removed from certificate is still live on the network."

/* "CODE CODE …" of a text. */
static char *codes_of(const char *text)
{
	struct buf out = BUF_INIT(65536);
	struct cps_warnings w;

	cps_warnings_read(text, &w);
	for (size_t i = 0; i < w.count; i++)
		buf_printf(&out, "%s%s", i ? " " : "", w.items[i].code);
	cps_warnings_done(&w);
	return out.data ? buf_take(&out) : mem_dup("");
}

static void assert_codes(const char *text, const char *wanted)
{
	CLEANUP(mem_freep) char *codes = codes_of(text);

	if (strcmp(codes, wanted) != 0)
		fail_msg("\"%s\" has %s, not %s", text, codes, wanted);
}

static const char *value_for(const char *name)
{
	if (strncmp(name, "trustChainData", 14) == 0)
		return "  subject=CN=Root X1";
	if (strncmp(name, "issuerX500Principal", 19) == 0)
		return "CN=R3, O=Authority, C=US";
	if (strncmp(name, "sanString", 9) == 0)
		return "a.example.test, *.b.example.test";
	if (strncmp(name, "caaIssuers", 10) == 0 || strncmp(name, "issuers", 7) == 0)
		return "ca.example.test";
	return "x.example.test";
}

static char *filled(const char *text)
{
	struct buf out = BUF_INIT(65536);

	for (; *text; text++) {
		if (*text != '<') {
			buf_add_char(&out, *text);
			continue;
		}
		buf_add_text(&out, value_for(text + 1)[0] == 'x' && strncmp(text + 1, "dataType", 8) == 0 ? "Trust chain"
		             : strncmp(text + 1, "trustChainDescription", 21) == 0 || strncmp(text + 1, "subjectfield", 12) == 0 ? "New RSA"
		             : value_for(text + 1));
		text += strcspn(text, ">");
	}
	return buf_take(&out);
}

static void check_alone(const char *code, const char *text, void *arg)
{
	CLEANUP(mem_freep) char *one = filled(text);
	CLEANUP(mem_freep) char *twice = mem_printf("%s\r\n%s", one, CNAMED);
	CLEANUP(mem_freep) char *wanted = mem_printf("%s DNS_NAME_NOT_CNAMED", code);
	CLEANUP(mem_freep) char *unknown = mem_printf("%s\nSomething that nobody has seen before.", one);
	CLEANUP(mem_freep) char *held = mem_printf("%s UNKNOWN", code);

	(*(size_t *)arg)++;
	assert_codes(one, code);
	assert_codes(twice, wanted);
	assert_codes(unknown, held);
}

static void every_text_of_the_table_has_its_code_alone_before_another_and_before_an_unknown_one(void **state)
{
	size_t count = 0;

	(void)state;
	assert_int_equal(cps_warning_codes(), 114);
	cps_warning_each(check_alone, &count);
	assert_int_equal(count, 115); /* one code has two texts */
}

static void cut_it(const char *code, const char *text, void *arg)
{
	CLEANUP(mem_freep) char *one = filled(text);
	size_t words = strcspn(text, "<");

	(void)arg;
	(void)code;
	for (size_t length = 1; length < strlen(one) && length + 1 < words; length++) {
		CLEANUP(mem_freep) char *cut = mem_dup_n(one, length);
		CLEANUP(mem_freep) char *codes = codes_of(cut);
		CLEANUP(mem_freep) char *strange = mem_printf("%.*s x%s", (int)length, one, one + length);
		CLEANUP(mem_freep) char *strange_codes = codes_of(strange);

		if (strcmp(codes, "UNKNOWN") != 0 && *codes && !cps_warning_code(codes, strlen(codes)))
			fail_msg("cut: \"%s\" has %s", cut, codes);
		if (!strstr(strange_codes, "UNKNOWN"))
			fail_msg("changed: \"%s\" has %s", strange, strange_codes);
	}
}

static void a_text_with_a_foreign_word_in_it_is_unknown(void **state)
{
	(void)state;
	cps_warning_each(cut_it, NULL);
}

static void a_line_may_hold_several_warnings(void **state)
{
	(void)state;
	assert_codes(CNAMED ", " REMOVED, "DNS_NAME_NOT_CNAMED CERTIFICATE_VS_NETWORK_SAN_REMOVED_FROM_CERT_LIVE_ON_NETWORK");
	assert_codes(CNAMED "," CNAMED " " REMOVED, "DNS_NAME_NOT_CNAMED DNS_NAME_NOT_CNAMED "
	             "CERTIFICATE_VS_NETWORK_SAN_REMOVED_FROM_CERT_LIVE_ON_NETWORK");
	assert_codes("[WARNINGS]\n" CNAMED "\n\n[MORE WARNINGS]\n" REMOVED "\n",
	             "DNS_NAME_NOT_CNAMED CERTIFICATE_VS_NETWORK_SAN_REMOVED_FROM_CERT_LIVE_ON_NETWORK");
}

static void nothing_hides_in_the_value_of_a_known_text(void **state)
{
	static const char *const texts[] = {
		"DNS name a.test was stolen, b.test not CNAMEd for auto validation.",
		"DNS name a.test\nwas stolen b.test not CNAMEd for auto validation.",
		"Beware. The RSA certificate trust chain is invalid or empty.",
		"Value for O differs between the CSR and the certificate: [a] was removed. Beware. [b] vs missing.",
		"The following domain(s) overlap domains on another certificate: a.test. Beware, b.test.",
		"Value for O differs between the CSR and the certificate: [a " CNAMED "] vs missing.",
		"Validation exception: x. Beware of the rest.",
		"Certificate Added to the new Trust Chain: CN=R3, Beware of this",
		"DNS name a.test allows CA issuers b.test. Configured issuers are c.test, Beware of this",
		"Extra certificates were found in the chain and are being removed.\nBeware of this sentence.",
		"DNS_NAME_NOT_CNAMED: beware of this",
		"DNS_NAME_NOT_CNAMED: a.test, beware of this",
		"A_CODE_NOBODY_KNOWS: a.test",
		"UNKNOWN: a.test",
		CNAMED ",",
		", " CNAMED,
		CNAMED "\xff",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		CLEANUP(mem_freep) char *codes = codes_of(texts[i]);

		if (!strstr(codes, CPS_WARNING_UNKNOWN))
			fail_msg("\"%s\" has %s", texts[i], codes);
	}
}

static void the_samples_of_the_vendor_have_their_code(void **state)
{
	static const char tail[] = " exist on another certificate. Akamai recommends against overlapping names on Enhanced TLS and Standard TLS "
		"certificates except during digital property migrations. Enhanced TLS traffic could be misdirected in the event of DNS "
		"misconfiguration and treated as Standard TLS until the overlap is eliminated.";
	CLEANUP(mem_freep) char *raw = mem_printf("Some of the domains being provisioned (%%s)%s", tail);
	CLEANUP(mem_freep) char *some = mem_printf("Some of the domains being provisioned (a.test, b.test)%s", tail);

	(void)state;
	assert_codes(raw, "OVERLAPPING_TRAFFIC_CLASS");
	assert_codes(some, "OVERLAPPING_TRAFFIC_CLASS");
	assert_codes("The following domain(s) overlap domains on another certificate: a.test, b.test.", "OVERLAPPING_TRAFFIC_CLASS");
	assert_codes("sans-removed-require-acknowledgement: The SANs [a.test, b.test] are scheduled to be removed with this operation. Removing "
	             "SANs from this enrollment may result in a disruption of your service for TLS connections.",
	             "SANS_REMOVED_REQUIRE_ACKNOWLEDGEMENT");
	assert_codes("DNS_NAME_NOT_CNAMED: " REMOVED, "DNS_NAME_NOT_CNAMED CERTIFICATE_VS_NETWORK_SAN_REMOVED_FROM_CERT_LIVE_ON_NETWORK");
}

static bool is_acceptable(const char *text, char *const *allowed)
{
	CLEANUP(buf_done) struct buf described = BUF_INIT(65536);

	return cps_warnings_acceptable(text, allowed, &described);
}

static void only_what_is_listed_is_acceptable_and_unknown_cannot_be_listed(void **state)
{
	static char known[] = "DNS_NAME_NOT_CNAMED", unknown[] = "UNKNOWN", star[] = "DNS_NAME_NOT_CNAMED:*";
	char *const allowed[] = { known, unknown, NULL }, *const starred[] = { star, NULL };

	(void)state;
	assert_true(is_acceptable(CNAMED "\n\n", allowed));
	assert_true(is_acceptable("DNS_NAME_NOT_CNAMED: x.test", allowed));
	assert_true(is_acceptable("", NULL));
	assert_true(is_acceptable(" \r\n", NULL));
	assert_false(is_acceptable(CNAMED "\nA new kind of warning", allowed));
	assert_false(is_acceptable("A new kind of warning", allowed));
	assert_false(is_acceptable(CNAMED, NULL));
	assert_false(is_acceptable(CNAMED, starred));
	assert_false(is_acceptable(CNAMED "\n" REMOVED, allowed));
	assert_false(is_acceptable(REMOVED "\n" CNAMED, allowed));
	assert_false(is_acceptable("A new kind of warning\n" CNAMED, allowed));
}

static void what_stands_behind_more_warnings_than_are_read_is_unknown(void **state)
{
	static char known[] = "DNS_NAME_NOT_CNAMED";
	char *const allowed[] = { known, NULL };
	CLEANUP(buf_done) struct buf text = BUF_INIT(1 << 20);

	(void)state;
	for (int i = 0; i < 1000; i++)
		buf_add_text(&text, CNAMED "\n");
	assert_true(is_acceptable(buf_text(&text), allowed));
	buf_add_text(&text, "A new kind of warning");
	assert_false(is_acceptable(buf_text(&text), allowed));
}

static void one_exact_text_can_be_allowed_by_its_digest(void **state)
{
	char digest[CPS_DIGEST_SIZE];
	CLEANUP(mem_freep) char *entry = mem_printf("text-sha256:%s", cps_warnings_digest("A new kind of warning", digest));
	char *const allowed[] = { entry, NULL };

	(void)state;
	assert_true(is_acceptable("A new kind of warning", allowed));
	assert_false(is_acceptable("A new kind of warning.", allowed));
	assert_false(is_acceptable("A new kind of warning\n", allowed));
	entry[strlen(entry) - 1] ^= 1; /* nearly its digest */
	assert_false(is_acceptable("A new kind of warning", allowed));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_text_of_the_table_has_its_code_alone_before_another_and_before_an_unknown_one),
		cmocka_unit_test(a_text_with_a_foreign_word_in_it_is_unknown),
		cmocka_unit_test(a_line_may_hold_several_warnings),
		cmocka_unit_test(nothing_hides_in_the_value_of_a_known_text),
		cmocka_unit_test(the_samples_of_the_vendor_have_their_code),
		cmocka_unit_test(only_what_is_listed_is_acceptable_and_unknown_cannot_be_listed),
		cmocka_unit_test(what_stands_behind_more_warnings_than_are_read_is_unknown),
		cmocka_unit_test(one_exact_text_can_be_allowed_by_its_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
