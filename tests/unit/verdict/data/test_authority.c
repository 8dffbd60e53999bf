#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/verdict/data/authority.h"

#define LEAST "\"name\":\"mine\",\"title\":\"My authority\""

static void refused(const char *text, const char *sentence)
{
	struct authority *a = NULL;
	struct err err = { 0 };

	assert_true(authority_parse(text, strlen(text), "mine.json", &a, &err) < 0);
	assert_null(a);
	if (strncmp(err.text, "mine.json", 9) != 0 || !strstr(err.text, sentence))
		fail_msg("\"%s\" does not hold \"%s\"", err.text, sentence);
}

static void a_profile_with_a_fault_is_refused_with_file_and_key(void **state)
{
	(void)state;
	refused("{", "mine.json:1:1: ");
	refused("{\"name\":\"a\",\"name\":\"b\"}", "duplicate");
	refused("{}", "/name: is missing");
	refused("{" LEAST ",\"redirect\":1}", "/redirect: is no known key");
	refused("{" LEAST ",\"caa\":\"yes\"}", "/caa: must be true or false");
	refused("{" LEAST ",\"trim\":\"left\"}", "/trim: must be one of end, both, end-crlf-tab, nothing");
	refused("{" LEAST ",\"dial_ms\":0}", "/dial_ms: must be from 1 to 600000");
	refused("{" LEAST ",\"redirect_statuses\":[301,200]}", "/redirect_statuses/1: must be from 300 to 399");
	refused("{" LEAST ",\"issuers\":\"a.org\"}", "/issuers: must be a list");
	refused("{" LEAST ",\"issuers\":[null]}", "/issuers/0: must be a text");
	refused("{\"name\":\"My CA\",\"title\":\"x\",\"caa\":false}", "/name: must be lower-case");
	refused("{" LEAST "}", "/issuers: name the issuer domains");
	refused("{" LEAST ",\"caa\":false,\"types\":[]}", "/types: must name a challenge type");
	refused("{" LEAST ",\"caa\":false,\"flaky_ms\":20000}", "/flaky_ms: must be at most attempt_ms");
	refused("{" LEAST ",\"caa\":false,\"redirects_max\":5}", "/redirects_promised: must be at most");
}

static void a_profile_over_the_maximum_is_refused(void **state)
{
	char *text = mem_new(70000, 1);

	(void)state;
	memset(text, ' ', 69999);
	refused(text, "over 65536 bytes");
	free(text);
}

static void what_a_profile_does_not_say_is_as_with_lets_encrypt(void **state)
{
	static const char text[] = "{" LEAST ",\"issuers\":[\"ca.example\"],\"body_max\":0}";
	struct authority *a = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(authority_parse(text, strlen(text), "mine.json", &a, &err), 0);
	assert_int_equal(a->body_max, 0);
	assert_int_equal(a->redirects_max, 11);
	assert_int_equal(a->redirect_statuses[3], 308);
	assert_int_equal(a->redirect_statuses[4], 0);
	assert_int_equal(a->trim, TRIM_END);
	assert_string_equal(a->issuers[0], "ca.example");
	assert_null(a->issuers[1]);
	assert_null(a->account_prefixes[0]);
	assert_string_equal(a->types[0], "http-01");
	authority_free(a);
	authority_free(NULL);
}

static int64_t day(const char *text)
{
	CLEANUP(mem_freep) char *moment = mem_printf("%sT00:00:00Z", text);
	int64_t ms = 0;

	assert_int_equal(clock_parse(moment, &ms), 0);
	return ms;
}

static struct authority *parsed(const char *text)
{
	struct authority *a = NULL;
	struct err err;

	if (authority_parse(text, strlen(text), "mine.json", &a, &err) < 0)
		fail_msg("%s", err.text);
	return a;
}

static void a_value_holds_from_its_day_on_and_until_its_day(void **state)
{
	struct authority *a = parsed("{" LEAST ",\"caa\":false,\"body_max\":1,\"changes\":[{\"from\":\"2026-12-15\",\"body_max\":5},"
	                             "{\"from\":\"2027-03-15\",\"body_max\":6,\"until\":\"2027-04-01\"},{\"until\":\"2026-11-01\",\"path_max\":9}]}");
	static const struct { const char *day; int body, path; } rows[] = {
		{ "2026-10-31", 1, 9 }, { "2026-11-01", 1, 2000 }, { "2026-12-14", 1, 2000 }, { "2026-12-15", 5, 2000 },
		{ "2027-03-14", 5, 2000 }, { "2027-03-15", 6, 2000 }, { "2027-03-31", 6, 2000 }, { "2027-04-01", 5, 2000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct authority *now = authority_at(a, day(rows[i].day));

		assert_int_equal(now->body_max, rows[i].body);
		assert_int_equal(now->path_max, rows[i].path);
		assert_ptr_equal(authority_at(now, day("2026-12-15")), authority_at(a, day("2026-12-15")));
	}
	assert_int_equal(authority_at(a, day("2026-12-15") - 1)->body_max, 1);
	assert_int_equal(a->day_count, 4);
	assert_string_equal(a->days[1].what, "body_max 5");
	assert_string_equal(a->days[3].what, "what held until then ends");
	authority_free(a);
}

static void a_change_without_a_day_or_with_a_fault_is_refused(void **state)
{
	(void)state;
	refused("{" LEAST ",\"caa\":false,\"changes\":{}}", "/changes: must be a list");
	refused("{" LEAST ",\"caa\":false,\"changes\":[{\"body_max\":1}]}", "/changes/0: needs \"from\" or \"until\"");
	refused("{" LEAST ",\"caa\":false,\"changes\":[7]}", "/changes/0: needs");
	refused("{" LEAST ",\"caa\":false,\"changes\":[{\"from\":\"soon\",\"body_max\":1}]}", "/changes/0: needs");
	refused("{" LEAST ",\"caa\":false,\"changes\":[{\"from\":\"2027-01-02\",\"until\":\"2027-01-01\"}]}", "/changes/0: needs");
	refused("{" LEAST ",\"caa\":false,\"changes\":[{\"from\":\"2027-01-01\",\"body\":1}]}", "from 2027-01-01: /body: is no known key");
	refused("{" LEAST ",\"caa\":false,\"changes\":[{\"from\":\"2027-01-01\",\"types\":[]}]}", "from 2027-01-01: /types");
	refused("{" LEAST ",\"caa\":false,\"persist\":\"hash\"}", "/persist_prefix: needed");
	refused("{" LEAST ",\"caa\":false,\"ended\":\"long ago\"}", "/ended: a day");
}

static void what_is_lets_encrypts_own_is_nobody_elses(void **state)
{
	struct authority *a = parsed("{" LEAST ",\"issuers\":[\"ca.example\"]}");

	(void)state;
	assert_int_equal(a->caa_parameters, KNOWN_UNKNOWN);
	assert_int_equal(a->method_aliases, KNOWN_UNKNOWN);
	assert_int_equal(a->profile_count, 0);
	assert_int_equal(a->day_count, 0);
	authority_free(a);
}

static struct authorities *load(const char *const *files)
{
	struct authorities *s = NULL;
	struct err err = { 0 };

	if (authorities_load(files, &s, &err) < 0)
		fail_msg("%s", err.text);
	return s;
}

static void the_shipped_profiles_are_complete_and_sorted(void **state)
{
	static const char *const shipped[] = { "actalis", "akamai-cps", "amazon", "buypass", "certainly", "digicert", "globalsign", "google", "letsencrypt", "letsencrypt-staging",
		                               "pebble", "private", "sectigo", "ssl.com", "step-ca", "zerossl" };
	struct authorities *s = load(NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(shipped); i++) {
		assert_string_equal(authorities_names(s)[i], shipped[i]);
		assert_non_null(authorities_find(s, shipped[i]));
	}
	assert_null(authorities_names(s)[ARRAY_LEN(shipped)]);
	assert_null(authorities_find(s, "nobody"));
	authorities_free(s);
	authorities_free(NULL);
}

static void the_profiles_differ_where_the_authorities_do(void **state)
{
	struct authorities *s = load(NULL);
	const struct authority *le = authorities_find(s, "letsencrypt"), *pebble = authorities_find(s, "pebble");

	(void)state;
	assert_string_equal(le->issuers[0], "letsencrypt.org");
	assert_int_equal(le->body_max, 128);
	assert_int_equal(le->failures_per_hour, 5);
	assert_false(pebble->caa);
	assert_false(pebble->reserved_refused);
	assert_int_equal(pebble->trim, TRIM_END_CRLF_TAB);
	assert_int_equal(pebble->fallback, FALLBACK_NONE);
	assert_int_equal(pebble->redirects_max, 9);
	assert_int_equal(authorities_find(s, "step-ca")->status, STATUS_BELOW_400);
	assert_true(authorities_find(s, "step-ca")->retry);
	assert_string_equal(authorities_find(s, "google")->issuers[0], "pki.goog");
	assert_string_equal(authorities_find(s, "zerossl")->issuers[0], "sectigo.com");
	assert_int_equal(authorities_find(s, "letsencrypt-staging")->failures_per_hour, 200);
	authorities_free(s);
}

static void write_file(char *path, const char *text)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void a_users_file_adds_or_replaces_a_profile(void **state)
{
	char mine[] = "/tmp/authority-XXXXXX", replaced[] = "/tmp/authority-XXXXXX";
	const char *const files[] = { mine, replaced, NULL };
	struct authorities *s;

	(void)state;
	write_file(mine, "{" LEAST ",\"caa\":false}");
	write_file(replaced, "{\"name\":\"private\",\"title\":\"Ours\",\"caa\":true,\"issuers\":[\"ca.example\"]}");
	s = load(files);
	assert_string_equal(authorities_find(s, "mine")->title, "My authority");
	assert_string_equal(authorities_find(s, "private")->title, "Ours");
	assert_true(authorities_find(s, "private")->public_names);
	authorities_free(s);
	unlink(mine);
	unlink(replaced);
}

static void a_file_that_is_not_there_is_named(void **state)
{
	const char *const files[] = { "/nowhere/authority.json", NULL };
	struct authorities *s = NULL;
	struct err err = { 0 };

	(void)state;
	assert_true(authorities_load(files, &s, &err) < 0);
	assert_non_null(strstr(err.text, "/nowhere/authority.json: No such file"));
}

static void the_shipped_profiles_say_what_is_known_in_november_2026(void **state)
{
	static const struct { const char *name; int now, then; enum known parameters, parameters_then; } rows[] = {
		{ "letsencrypt", 4, 5, KNOWN_YES, KNOWN_YES }, { "google", 4, 5, KNOWN_YES, KNOWN_YES }, { "zerossl", 4, 5, KNOWN_UNKNOWN, KNOWN_YES },
		{ "sectigo", 4, 5, KNOWN_UNKNOWN, KNOWN_YES }, { "digicert", 6, 6, KNOWN_UNKNOWN, KNOWN_YES }, { "amazon", 4, 5, KNOWN_UNKNOWN, KNOWN_YES },
	};
	struct authorities *s = load(NULL);
	const struct authority *a;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		a = authorities_find(s, rows[i].name);
		assert_int_equal(authority_at(a, day("2026-11-25"))->perspectives, rows[i].now);
		assert_int_equal(authority_at(a, day("2026-12-15"))->perspectives, rows[i].then);
		assert_int_equal(authority_at(a, day("2027-03-14"))->caa_parameters, rows[i].parameters);
		assert_int_equal(authority_at(a, day("2027-03-15"))->caa_parameters, rows[i].parameters_then);
	}
	assert_true(authorities_find(s, "zerossl")->retry);
	assert_string_equal(authorities_find(s, "google")->types[4], "dns-persist-01");
	assert_string_equal(authorities_find(s, "letsencrypt")->profiles[1].life, "64d");
	assert_true(authority_has_ended(authorities_find(s, "buypass"), day("2025-10-15")));
	assert_false(authority_has_ended(authorities_find(s, "buypass"), day("2025-10-15") - 1));
	authorities_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_profile_with_a_fault_is_refused_with_file_and_key),
		cmocka_unit_test(a_profile_over_the_maximum_is_refused),
		cmocka_unit_test(what_a_profile_does_not_say_is_as_with_lets_encrypt),
		cmocka_unit_test(a_value_holds_from_its_day_on_and_until_its_day),
		cmocka_unit_test(a_change_without_a_day_or_with_a_fault_is_refused),
		cmocka_unit_test(what_is_lets_encrypts_own_is_nobody_elses),
		cmocka_unit_test(the_shipped_profiles_say_what_is_known_in_november_2026),
		cmocka_unit_test(the_shipped_profiles_are_complete_and_sorted),
		cmocka_unit_test(the_profiles_differ_where_the_authorities_do),
		cmocka_unit_test(a_users_file_adds_or_replaces_a_profile),
		cmocka_unit_test(a_file_that_is_not_there_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
