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
#include "solver/crypto/edgegrid.h"

#define SECRET "c2VjcmV0c2VjcmV0="
#define GOOD_KEYS "host = akab-h.luna.akamaiapis.net\nclient_token = akab-ct\nclient_secret = " SECRET "\naccess_token = akab-at\n"

static int parse(const char *text, const char *section, struct edgegrid_credentials *ret, struct err *err)
{
	return edgegrid_credentials_parse(text, strlen(text), "edgerc", section, ret, err);
}

static void refused(const char *text, const char *section, int code, const char *sentence)
{
	struct edgegrid_credentials c = { 0 };
	struct err err = { 0 };

	assert_int_equal(parse(text, section, &c, &err), code);
	assert_string_equal(err.text, sentence);
	assert_null(strstr(err.text, SECRET));
	assert_null(c.host);
}

static void a_missing_key_is_named_with_its_section(void **state)
{
	(void)state;
	refused("[default]\nhost = h\nclient_token = t\naccess_token = a\n", NULL, ERR_INVALID,
	        "edgerc: section [default]: client_secret is missing");
	refused("[default]\nhost = h\nclient_token = t\nclient_secret =\naccess_token = a\n", NULL, ERR_INVALID,
	        "edgerc: section [default]: client_secret is missing");
	refused("[x]\nclient_token = t\nclient_secret = s\naccess_token = a\n", "x", ERR_INVALID,
	        "edgerc: section [x]: host is missing");
}

static void keys_of_another_section_do_not_count(void **state)
{
	(void)state;
	refused("[default]\nhost = h\n[other]\n" GOOD_KEYS, NULL, ERR_INVALID,
	        "edgerc: section [default]: client_token is missing");
}

static void a_missing_section_is_named(void **state)
{
	(void)state;
	refused("[default]\n" GOOD_KEYS, "ccu", ERR_NOT_FOUND, "edgerc: there is no section [ccu]");
	refused("", NULL, ERR_NOT_FOUND, "edgerc: there is no section [default]");
	refused(GOOD_KEYS, NULL, ERR_NOT_FOUND, "edgerc: there is no section [default]");
}

static void a_malformed_line_is_named_by_its_number(void **state)
{
	(void)state;
	refused("[default]\nhost = h\nnonsense c2VjcmV0c2VjcmV0\n", NULL, ERR_INVALID,
	        "edgerc:3: expected [section], key = value or a comment");
	refused("\n[default\n" GOOD_KEYS, NULL, ERR_INVALID, "edgerc:2: a section is written as [name]");
	refused("[default] x\n" GOOD_KEYS, NULL, ERR_INVALID, "edgerc:1: nothing but a comment may follow [section]");
	refused("[default]\nclient_secret = \"" SECRET "\n", NULL, ERR_INVALID,
	        "edgerc:2: client_secret: the quote does not end, or text follows it");
	refused("[default]\nclient_secret = \"a\" " SECRET "\n", NULL, ERR_INVALID,
	        "edgerc:2: client_secret: the quote does not end, or text follows it");
}

static void a_key_that_stands_twice_is_refused(void **state)
{
	(void)state;
	refused("[default]\n" GOOD_KEYS "host = other\n", NULL, ERR_INVALID,
	        "edgerc:6: host stands twice in section [default]");
}

static void a_host_with_a_scheme_or_a_path_is_refused(void **state)
{
	(void)state;
	refused("[default]\nhost = http://h\nclient_token = t\nclient_secret = s\naccess_token = a\n", NULL, ERR_INVALID,
	        "edgerc: section [default]: host is written without a scheme, as akab-….luna.akamaiapis.net");
	refused("[default]\nhost = h/path\nclient_token = t\nclient_secret = s\naccess_token = a\n", NULL, ERR_INVALID,
	        "edgerc: section [default]: host is not the name of a host");
}

static void a_value_that_would_break_a_header_is_refused(void **state)
{
	(void)state;
	refused("[default]\nhost = h\nclient_token = a b\nclient_secret = s\naccess_token = a\n", NULL, ERR_INVALID,
	        "edgerc: section [default]: client_token has a space or another character that cannot be in it");
}

static void a_zero_byte_in_a_value_is_refused(void **state)
{
	static const char text[] = "[default]\nhost = h\0x\n";
	struct edgegrid_credentials c = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(edgegrid_credentials_parse(text, sizeof(text) - 1, "edgerc", NULL, &c, &err), ERR_INVALID);
	assert_string_equal(err.text, "edgerc:2: host holds a zero byte");
}

static void a_file_that_is_too_large_is_refused(void **state)
{
	CLEANUP(mem_freep) char *text = mem_new(EDGERC_MAX_BYTES + 2, 1);
	struct edgegrid_credentials c = { 0 };
	struct err err = { 0 };

	(void)state;
	memset(text, '\n', EDGERC_MAX_BYTES + 1);
	assert_int_equal(parse(text, NULL, &c, &err), ERR_TOO_LARGE);
}

static void a_file_that_is_not_there_is_named(void **state)
{
	struct edgegrid_credentials c = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(edgegrid_credentials_read("/nowhere/edgerc", NULL, &c, &err), ERR_NOT_FOUND);
	assert_non_null(strstr(err.text, "/nowhere/edgerc"));
}

static void accepted(const char *text, const char *section, const char *secret)
{
	struct edgegrid_credentials c = { 0 };
	struct err err = { 0 };

	if (parse(text, section, &c, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(c.host, "akab-h.luna.akamaiapis.net");
	assert_string_equal(secret_reveal(c.client_token), "akab-ct");
	assert_string_equal(secret_reveal(c.client_secret), secret);
	assert_string_equal(secret_reveal(c.access_token), "akab-at");
	edgegrid_credentials_done(&c);
}

static void the_usual_file_is_read(void **state)
{
	(void)state;
	accepted("[default]\n" GOOD_KEYS, NULL, SECRET);
	accepted("; comment\n# another\n\n[default]\n" GOOD_KEYS "max_body = 131072\nunknown = 1\n", NULL, SECRET);
	accepted("[other]\nhost = x\n[ccu]\n" GOOD_KEYS, "ccu", SECRET);
	accepted("\xef\xbb\xbf[default]\n" GOOD_KEYS, NULL, SECRET);
}

static void crlf_dashes_and_missing_spaces_are_tolerated(void **state)
{
	(void)state;
	accepted("[default]\r\nhost=akab-h.luna.akamaiapis.net\r\nclient-token=akab-ct\r\nclient-secret=" SECRET
	         "\r\naccess-token=akab-at", NULL, SECRET);
}

static void a_host_loses_its_slash_and_its_capitals(void **state)
{
	(void)state;
	accepted("[default]\nhost = AKAB-h.luna.akamaiapis.net/\nclient_token = akab-ct\nclient_secret = s\n"
	         "access_token = akab-at\n", NULL, "s");
}

static void a_semicolon_starts_a_comment_unless_quoted(void **state)
{
	(void)state;
	accepted("[default]\nhost = akab-h.luna.akamaiapis.net ; the host\nclient_token = akab-ct\n"
	         "client_secret = \"a;b=\" ; quoted\naccess_token = 'akab-at'\n", NULL, "a;b=");
	accepted("[default] ; here\nhost = akab-h.luna.akamaiapis.net\nclient_token = akab-ct\n"
	         "client_secret = ab;cd\naccess_token = akab-at\n", NULL, "ab");
}

static void a_file_is_read_and_the_account_key_with_it(void **state)
{
	char path[] = "/tmp/dcvd-edgerc-XXXXXX";
	int fd = mkstemp(path);
	const char *text = "[default]\n" GOOD_KEYS "account_key = 1-ABC:1-2\n";
	struct edgegrid_credentials c = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	assert_int_equal(edgegrid_credentials_read(path, NULL, &c, &err), 0);
	assert_string_equal(c.account_key, "1-ABC:1-2");
	edgegrid_credentials_done(&c);
	unlink(path);
}

static void set_environment(const char *prefix)
{
	static const char *const names[][2] = { { "HOST", "akab-h.luna.akamaiapis.net" }, { "CLIENT_TOKEN", "ct" },
	                                        { "CLIENT_SECRET", "cs" }, { "ACCESS_TOKEN", "at" } };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		CLEANUP(mem_freep) char *name = mem_printf("%s%s", prefix, names[i][0]);

		setenv(name, names[i][1], 1);
	}
}

static void the_environment_is_read_by_section(void **state)
{
	struct edgegrid_credentials c = { 0 };
	struct err err = { 0 };

	(void)state;
	clearenv();
	assert_int_equal(edgegrid_credentials_from_env(NULL, &c, &err), ERR_NOT_FOUND);
	set_environment("AKAMAI_CCU_");
	assert_int_equal(edgegrid_credentials_from_env("default", &c, &err), ERR_NOT_FOUND);
	assert_int_equal(edgegrid_credentials_from_env("ccu", &c, &err), 0);
	assert_string_equal(secret_reveal(c.client_secret), "cs");
	edgegrid_credentials_done(&c);
	unsetenv("AKAMAI_CCU_ACCESS_TOKEN");
	assert_int_equal(edgegrid_credentials_from_env("ccu", &c, &err), ERR_INVALID);
	assert_string_equal(err.text, "environment: AKAMAI_CCU_HOST, AKAMAI_CCU_CLIENT_TOKEN, AKAMAI_CCU_CLIENT_SECRET set, but not "
	                    "AKAMAI_CCU_ACCESS_TOKEN; all four are used, or none of them");
	clearenv();
	setenv("AKAMAI_CCU_HOST", "", 1);
	assert_int_equal(edgegrid_credentials_from_env("ccu", &c, &err), ERR_NOT_FOUND); /* empty is not set */
	set_environment("AKAMAI_");
	assert_int_equal(edgegrid_credentials_from_env(NULL, &c, &err), 0);
	edgegrid_credentials_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_missing_key_is_named_with_its_section),
		cmocka_unit_test(keys_of_another_section_do_not_count),
		cmocka_unit_test(a_missing_section_is_named),
		cmocka_unit_test(a_malformed_line_is_named_by_its_number),
		cmocka_unit_test(a_key_that_stands_twice_is_refused),
		cmocka_unit_test(a_host_with_a_scheme_or_a_path_is_refused),
		cmocka_unit_test(a_value_that_would_break_a_header_is_refused),
		cmocka_unit_test(a_zero_byte_in_a_value_is_refused),
		cmocka_unit_test(a_file_that_is_too_large_is_refused),
		cmocka_unit_test(a_file_that_is_not_there_is_named),
		cmocka_unit_test(the_usual_file_is_read),
		cmocka_unit_test(crlf_dashes_and_missing_spaces_are_tolerated),
		cmocka_unit_test(a_host_loses_its_slash_and_its_capitals),
		cmocka_unit_test(a_semicolon_starts_a_comment_unless_quoted),
		cmocka_unit_test(a_file_is_read_and_the_account_key_with_it),
		cmocka_unit_test(the_environment_is_read_by_section),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
