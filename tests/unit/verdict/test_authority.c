#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "solver/base/mem.h"
#include "solver/verdict/authority.h"

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
	static const char *const shipped[] = { "akamai-cps", "buypass", "digicert", "google", "letsencrypt", "letsencrypt-staging",
		                               "pebble", "private", "sectigo", "step-ca", "zerossl" };
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_profile_with_a_fault_is_refused_with_file_and_key),
		cmocka_unit_test(a_profile_over_the_maximum_is_refused),
		cmocka_unit_test(what_a_profile_does_not_say_is_as_with_lets_encrypt),
		cmocka_unit_test(the_shipped_profiles_are_complete_and_sorted),
		cmocka_unit_test(the_profiles_differ_where_the_authorities_do),
		cmocka_unit_test(a_users_file_adds_or_replaces_a_profile),
		cmocka_unit_test(a_file_that_is_not_there_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
