/* Names, events and the checks on what comes in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/base/mem.h"
#include "solver/base/shared.h"
#include "solver/challenge/challenge.h"

#define TOKEN "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
#define THUMBPRINT "9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"

/* `length` times 'a'; gives (free with free). */
static char *letters(size_t length)
{
	char *text = mem_new(1, length + 1);

	memset(text, 'a', length);
	return text;
}

static void assert_token(const char *token, int code, const char *sentence)
{
	struct err err = { 0 };

	assert_int_equal(token_check(token, &err), code);
	assert_string_equal(err.text, sentence);
}

static void a_token_that_cannot_be_is_refused_with_the_reason(void **state)
{
	CLEANUP(mem_freep) char *over = letters(TOKEN_MAX + 1);

	(void)state;
	assert_token(NULL, ERR_INVALID, "token is missing");
	assert_token("", ERR_INVALID, "token is empty");
	assert_token(over, ERR_TOO_LARGE, "token has 129 characters, at most 128 are allowed");
	assert_token("ab/c", ERR_INVALID, "token: character 3 is '/', only A-Z, a-z, 0-9, '-' and '_' are allowed");
	assert_token("..", ERR_INVALID, "token: character 1 is '.', only A-Z, a-z, 0-9, '-' and '_' are allowed");
	assert_token("ab\n", ERR_INVALID, "token: character 3 is byte 0x0a, only A-Z, a-z, 0-9, '-' and '_' are allowed");
	assert_token("\xc3\xbc", ERR_INVALID,
	             "token: character 1 is byte 0xc3, only A-Z, a-z, 0-9, '-' and '_' are allowed");
	assert_token("YQ==", ERR_INVALID, "token: character 3 is '=', only A-Z, a-z, 0-9, '-' and '_' are allowed");
}

static void a_token_of_the_alphabet_is_accepted(void **state)
{
	CLEANUP(mem_freep) char *longest = letters(TOKEN_MAX);

	(void)state;
	assert_int_equal(token_check(TOKEN, NULL), 0);
	assert_int_equal(token_check("-", NULL), 0);
	assert_int_equal(token_check(longest, NULL), 0);
}

static void assert_key(const char *key_authorization, int code, const char *part)
{
	struct err err = { 0 };

	assert_int_equal(key_authorization_check(key_authorization, TOKEN, &err), code);
	if (!strstr(err.text, part))
		fail_msg("expected \"%s\" in \"%s\"", part, err.text);
}

static void a_key_authorization_of_another_form_is_refused(void **state)
{
	CLEANUP(mem_freep) char *over = letters(KEY_AUTHORIZATION_MAX + 1);

	(void)state;
	assert_key(NULL, ERR_INVALID, "key authorization is missing");
	assert_key("", ERR_INVALID, "key authorization is empty");
	assert_key(over, ERR_TOO_LARGE, "has 257 characters, at most 256");
	assert_key(TOKEN, ERR_INVALID, "has no dot");
	assert_key(TOKEN ".", ERR_INVALID, "nothing stands behind the dot");
	assert_key("." THUMBPRINT, ERR_INVALID, "nothing stands before the dot");
	assert_key(TOKEN "\r\n." THUMBPRINT, ERR_INVALID, "character 44 is not one of");
	assert_key(TOKEN "." THUMBPRINT "\n", ERR_INVALID, "character 88 is not one of");
	assert_key(TOKEN ".a.b", ERR_INVALID, "character 46 is not one of");
	assert_key("x" TOKEN "." THUMBPRINT, ERR_INVALID, "does not begin with the token");
	assert_key("eva." THUMBPRINT, ERR_INVALID, "does not begin with the token");
}

static void no_sentence_shows_a_key_authorization(void **state)
{
	static const char *const wrong[] = { "eva." THUMBPRINT, TOKEN "." THUMBPRINT "\n", "." THUMBPRINT, THUMBPRINT };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct err err = { 0 };

		assert_true(key_authorization_check(wrong[i], TOKEN, &err) < 0);
		assert_null(strstr(err.text, THUMBPRINT));
		assert_null(strstr(err.text, TOKEN));
	}
}

static void a_key_authorization_needs_no_token_to_be_checked(void **state)
{
	(void)state;
	assert_int_equal(key_authorization_check(TOKEN "." THUMBPRINT, TOKEN, NULL), 0);
	assert_int_equal(key_authorization_check(TOKEN "." THUMBPRINT, NULL, NULL), 0);
}

static void a_value_that_no_txt_string_holds_is_refused(void **state)
{
	CLEANUP(mem_freep) char *over = letters(VALUE_MAX + 1);
	struct err err = { 0 };

	(void)state;
	assert_int_equal(value_check("", &err), ERR_INVALID);
	assert_int_equal(value_check(NULL, &err), ERR_INVALID);
	assert_int_equal(value_check(over, &err), ERR_TOO_LARGE);
	assert_string_equal(err.text, "value has 256 characters, at most 255 are allowed");
	assert_int_equal(value_check("a\tb", &err), ERR_INVALID);
	assert_string_equal(err.text, "value: character 2 is byte 0x09, only printable ASCII is allowed");
	assert_int_equal(value_check("a\x7f", &err), ERR_INVALID);
	assert_int_equal(value_check("\xff", &err), ERR_INVALID);
}

static void any_printable_value_is_accepted(void **state)
{
	CLEANUP(mem_freep) char *longest = letters(VALUE_MAX);

	(void)state;
	assert_int_equal(value_check(longest, NULL), 0);
	assert_int_equal(value_check(" \"quoted\\\" ~", NULL), 0);
}

static void assert_unwanted(enum challenge_type type, const char *token, const char *key_authorization, const char *value, const char *part)
{
	struct err err = { 0 };

	assert_int_equal(wanted_check(type, token, key_authorization, value, "key_authorization", &err), ERR_INVALID);
	if (!strstr(err.text, part))
		fail_msg("expected \"%s\" in \"%s\"", part, err.text);
	if (value && strlen(value) > 10 && strstr(err.text, value))
		fail_msg("it shows the value: %s", err.text);
}

static void a_value_that_no_authority_asks_for_is_refused_with_the_slip_behind_it(void **state)
{
	static const char hex[] = "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef";
	static const struct { const char *value, *slip; } rows[] = {
		{ TOKEN "." THUMBPRINT, "this is a key authorization (token.thumbprint); pass it as key_authorization" },
		{ "tok.thumb", "this is a key authorization" },
		{ "\"" THUMBPRINT "\"", "quotes or spaces stand around it" },
		{ "\"" TOKEN "." THUMBPRINT "\"", "quotes or spaces stand around it" },
		{ "'" THUMBPRINT "'", "quotes or spaces stand around it" },
		{ THUMBPRINT " ", "quotes or spaces stand around it" },
		{ THUMBPRINT "=", "leave out \"=\"" },
		{ hex, "hexadecimal" },
		{ "9jg46WB3rR/AHD+EBXdN7cBkH1WOu0tA3M9fm21mqTI", "write \"-\" for \"+\" and \"_\" for \"/\"" },
		{ "aaaa", "it has 4 characters" },
		{ THUMBPRINT "a", "it has 44 characters" },
		{ "9jg46WB3rR AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI", "not of base64url" },
		{ ".", "not of base64url" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_unwanted(CHALLENGE_DNS01, NULL, NULL, rows[i].value, rows[i].slip);
		assert_unwanted(CHALLENGE_DNS_ACCOUNT01, NULL, NULL, rows[i].value, rows[i].slip);
		assert_int_equal(wanted_check(CHALLENGE_DNS_PERSIST01, NULL, NULL, rows[i].value, NULL, NULL), 0);
	}
}

static void a_key_authorization_as_value_is_refused_in_the_words_of_the_door(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(wanted_check(CHALLENGE_DNS01, NULL, NULL, TOKEN "." THUMBPRINT, "--key-authorization", &err), ERR_INVALID);
	assert_non_null(strstr(err.text, "pass it as --key-authorization, and the value is computed from it"));
	assert_int_equal(wanted_check(CHALLENGE_DNS01, NULL, NULL, TOKEN "." THUMBPRINT, NULL, &err), ERR_INVALID);
	assert_non_null(strstr(err.text, "pass its digest (SHA-256"));
	assert_int_equal(wanted_check(CHALLENGE_DNS01, NULL, NULL, "aaaa", NULL, &err), ERR_INVALID);
	assert_null(strstr(err.text, "key_authorization"));
}

static void a_token_of_less_than_128_bits_and_a_cut_thumbprint_are_refused(void **state)
{
	(void)state;
	assert_unwanted(CHALLENGE_HTTP01, "evaGxfADs6pSRb2LAv9IZ", NULL, NULL, "no authority gives a token of 21 characters");
	assert_unwanted(CHALLENGE_HTTP01, TOKEN, TOKEN ".abc", NULL, "3 characters stand behind the dot");
	assert_unwanted(CHALLENGE_HTTP01, TOKEN, TOKEN "." THUMBPRINT "a", NULL, "44 characters stand behind the dot");
	assert_unwanted(CHALLENGE_DNS01, NULL, "tok." THUMBPRINT, NULL, "token of 3 characters");
	assert_unwanted(CHALLENGE_TLS_ALPN01, TOKEN, "x" TOKEN "." THUMBPRINT, NULL, "does not begin with the token");
}

static void what_an_authority_asks_for_is_accepted(void **state)
{
	(void)state;
	assert_int_equal(wanted_check(CHALLENGE_DNS01, NULL, NULL, THUMBPRINT, NULL, NULL), 0);
	assert_int_equal(wanted_check(CHALLENGE_DNS01, NULL, TOKEN "." THUMBPRINT, NULL, NULL, NULL), 0);
	assert_int_equal(wanted_check(CHALLENGE_HTTP01, "evaGxfADs6pSRb2LAv9IZf", "evaGxfADs6pSRb2LAv9IZf." THUMBPRINT, NULL, NULL, NULL), 0);
	assert_int_equal(wanted_check(CHALLENGE_HTTP01, NULL, NULL, NULL, NULL, NULL), 0);
}

static void an_account_uri_that_is_no_url_is_refused(void **state)
{
	static const char *const wrong[] = { "", "12345", "https://", "https:///acct/1", "ftp://ca.example/1", "HTTPS://ca.example/1",
	                                     "https://ca.example/a b", "https://ca.example/a;b", "https://ca.example/\"", "acct:a@ca.example" };
	CLEANUP(mem_freep) char *over = mem_printf("https://%*d", ACCOUNT_URI_MAX, 1);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		if (account_uri_check(CHALLENGE_DNS_ACCOUNT01, wrong[i], NULL) != ERR_INVALID)
			fail_msg("taken: %s", wrong[i]);
	assert_int_equal(account_uri_check(CHALLENGE_DNS01, over, NULL), ERR_TOO_LARGE);
	assert_int_equal(account_uri_check(CHALLENGE_DNS_PERSIST01, "https://ca.example/acct/1", NULL), 0);
	assert_int_equal(account_uri_check(CHALLENGE_DNS01, "acct:a@ca.example", NULL), 0);
}

static void unknown_names_are_minus_one(void **state)
{
	(void)state;
	assert_int_equal(challenge_type_from_name("tls-sni-01"), -1);
	assert_int_equal(challenge_type_from_name(NULL), -1);
	assert_int_equal(challenge_state_from_name("Queued"), -1);
	assert_int_equal(challenge_state_from_name(""), -1);
	assert_string_equal(challenge_state_name(CHALLENGE_STATES), "unknown");
	assert_string_equal(challenge_type_name(CHALLENGE_TYPES), "unknown");
	assert_string_equal(challenge_input_name(CHALLENGE_INPUTS), "unknown");
}

static void every_name_leads_back_to_its_number(void **state)
{
	(void)state;
	for (int i = 0; i < CHALLENGE_TYPES; i++)
		assert_int_equal(challenge_type_from_name(challenge_type_name(i)), i);
	for (int i = 0; i < CHALLENGE_STATES; i++)
		assert_int_equal(challenge_state_from_name(challenge_state_name(i)), i);
	assert_string_equal(challenge_type_name(CHALLENGE_HTTP01), "http-01");
	assert_string_equal(challenge_type_name(CHALLENGE_DNS_PERSIST01), "dns-persist-01");
	assert_true(challenge_type_is_dns(CHALLENGE_DNS_ACCOUNT01));
	assert_false(challenge_type_is_dns(CHALLENGE_TLS_ALPN01));
	assert_string_equal(challenge_state_name(CHALLENGE_QUEUED), "queued");
}

static void a_note_copies_its_text_and_carries_the_state(void **state)
{
	CLEANUP(challenge_done) struct challenge c = { .state = CHALLENGE_READY };
	char text[] = "Seen.";

	(void)state;
	challenge_note(&c, 17, text);
	text[0] = 'x';
	assert_int_equal(c.event_count, 1);
	assert_int_equal(c.events[0].at_ms, 17);
	assert_int_equal(c.events[0].state, CHALLENGE_READY);
	assert_string_equal(c.events[0].text, "Seen.");
}

static void events_stay_bounded_ordered_and_keep_the_first_and_the_newest(void **state)
{
	CLEANUP(challenge_done) struct challenge c = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++) {
		challenge_note(&c, i, "Looked again.");
		assert_true(c.event_count <= EVENTS_MAX);
		assert_int_equal(c.events[0].at_ms, 0);
		assert_int_equal(c.events[c.event_count - 1].at_ms, i);
	}
	for (size_t i = 1; i < c.event_count; i++)
		assert_true(c.events[i - 1].at_ms < c.events[i].at_ms);
	for (int i = 0; i < EVENTS_MAX / 2; i++)
		assert_int_equal(c.events[c.event_count - 1 - i].at_ms, 999 - i);
}

static void what_is_done_can_be_done_again(void **state)
{
	struct challenge c = { .client = shared_text("alice"), .key_authorization = mem_dup(TOKEN "." THUMBPRINT) };
	struct order o = { .client = mem_dup("alice"), .label = mem_dup("x") };

	(void)state;
	challenge_note(&c, 1, "Accepted.");
	challenge_done(&c);
	challenge_done(&c);
	assert_null(c.key_authorization);
	order_done(&o);
	order_done(&o);
	challenge_free(NULL);
	challenge_free(mem_new(1, sizeof(struct challenge)));
}

static void a_record_stands_under_the_labels_of_its_type_only(void **state)
{
	static const struct { enum challenge_type type; const char *name; bool fits; } cases[] = {
		{ CHALLENGE_DNS01, "_acme-challenge.a.example", true },
		{ CHALLENGE_DNS01, "target.dlg.example", true },
		{ CHALLENGE_DNS01, "_validation-persist.a.example", false },
		{ CHALLENGE_DNS01, "_dmarc._acme-challenge.a.example", false },
		{ CHALLENGE_DNS01, "_acme-challenge._dmarc.a.example", false },
		{ CHALLENGE_DNS01, "_ujmmovf2vn55tgye._acme-challenge.a.example", false },
		{ CHALLENGE_DNS01, "sel._domainkey.a.example", false },
		{ CHALLENGE_DNS_PERSIST01, "_validation-persist.a.example", true },
		{ CHALLENGE_DNS_PERSIST01, "_acme-challenge.a.example", false },
		{ CHALLENGE_DNS_ACCOUNT01, "_ujmmovf2vn55tgye._acme-challenge.a.example", true },
		{ CHALLENGE_DNS_ACCOUNT01, "_dmarc._acme-challenge.a.example", false },
		{ CHALLENGE_DNS_ACCOUNT01, "_acme-challenge.a.example", false },
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if ((record_label_check(cases[i].type, cases[i].name, &err) == 0) != cases[i].fits)
			fail_msg("%s %s", challenge_type_name(cases[i].type), cases[i].name);
}

static void a_copy_owns_its_text_and_events_come_with_their_states(void **state)
{
	struct challenge c = { .client = shared_text("alice"), .value = mem_dup("v"), .waiting_for = mem_dup("a server") }, copy;
	struct order o = { .client = mem_dup("alice"), .label = mem_dup("x") }, other;

	(void)state;
	challenge_note(&c, 1, "accepted");
	c.state = CHALLENGE_READY;
	challenge_copy(&c, &copy);
	order_copy(&o, &other);
	assert_int_equal(copy.event_count, 0);
	challenge_copy_events(&c, &copy);
	challenge_done(&c);
	order_done(&o);
	assert_string_equal(copy.client, "alice");
	assert_string_equal(copy.waiting_for, "a server");
	assert_null(copy.token);
	assert_string_equal(copy.events[0].text, "accepted");
	assert_int_equal(copy.events[0].state, CHALLENGE_QUEUED);
	assert_int_equal(copy.state, CHALLENGE_READY);
	assert_string_equal(other.label, "x");
	challenge_done(&copy);
	order_done(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_that_cannot_be_is_refused_with_the_reason),
		cmocka_unit_test(a_key_authorization_of_another_form_is_refused),
		cmocka_unit_test(no_sentence_shows_a_key_authorization),
		cmocka_unit_test(a_value_that_no_txt_string_holds_is_refused),
		cmocka_unit_test(a_value_that_no_authority_asks_for_is_refused_with_the_slip_behind_it),
		cmocka_unit_test(a_key_authorization_as_value_is_refused_in_the_words_of_the_door),
		cmocka_unit_test(a_token_of_less_than_128_bits_and_a_cut_thumbprint_are_refused),
		cmocka_unit_test(what_an_authority_asks_for_is_accepted),
		cmocka_unit_test(an_account_uri_that_is_no_url_is_refused),
		cmocka_unit_test(unknown_names_are_minus_one),
		cmocka_unit_test(a_token_of_the_alphabet_is_accepted),
		cmocka_unit_test(a_key_authorization_needs_no_token_to_be_checked),
		cmocka_unit_test(any_printable_value_is_accepted),
		cmocka_unit_test(every_name_leads_back_to_its_number),
		cmocka_unit_test(a_note_copies_its_text_and_carries_the_state),
		cmocka_unit_test(events_stay_bounded_ordered_and_keep_the_first_and_the_newest),
		cmocka_unit_test(what_is_done_can_be_done_again),
		cmocka_unit_test(a_copy_owns_its_text_and_events_come_with_their_states),
		cmocka_unit_test(a_record_stands_under_the_labels_of_its_type_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
