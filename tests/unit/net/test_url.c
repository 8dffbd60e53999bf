#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "solver/base/mem.h"
#include "solver/net/url.h"

static bool below(const char *url, const char *rule)
{
	struct url_parts a, b;
	struct err err;
	bool is;

	assert_int_equal(url_parts_read(rule, &b, &err), 0);
	is = url_parts_read(url, &a, &err) == 0 && url_is_below(&a, &b);
	url_parts_done(&a);
	url_parts_done(&b);
	return is;
}

static void a_rule_holds_for_its_place_and_below(void **state)
{
	(void)state;
	assert_true(below("https://ci.example.com/hooks/a?b=c", "https://ci.example.com/hooks/"));
	assert_true(below("https://CI.example.com:443/hooks", "https://ci.example.com/hooks"));
	assert_true(below("https://ci.example.com/hooks/x", "https://ci.example.com/hooks"));
	assert_true(below("http://ci.example.com", "http://ci.example.com/"));
}

static void nothing_beside_it_is_called(void **state)
{
	static const char *const others[] = { "http://ci.example.com/hooks/", "https://ci.example.com:8443/hooks/", "https://ci.example.com/hooksx",
		"https://ci.example.com/", "https://ci.example.com.evil.test/hooks/", "https://evil.test/https://ci.example.com/hooks/",
		"https://ci.example.com@evil.test/hooks/", "https://ci.example.com/hooks/../admin", "https://ci.example.com/hooks/%2e%2e/admin",
		"https://ci.example.com/hooks/..%2Fadmin", "https://ci.example.com/hooks/..", "https://ci.example.com\\@evil.test/hooks/",
		"https://evil.test#@ci.example.com/hooks/", "https://evil.test?@ci.example.com/hooks/", "https:///hooks/" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (below(others[i], "https://ci.example.com/hooks"))
			fail_msg("%s", others[i]);
}

static void what_is_no_url_is_refused(void **state)
{
	static const char *const bad[] = { "", "x", "http://", "ftp://a.test/", "file:///etc/passwd", "gopher://a.test/", "http://a b/", "http://a.test:99999/",
		"http://user:password@a.test/", "http://a.test/\r\nX: y", "http://[::1", "http://a.test/\xc3\xbc", "javascript:alert(1)", "http://a.test/#f",
		"http:///a.test/", "http:/a.test/", "http:a.test", "http://a%e1.test/", "http://0x7.1%2e1/", "http://[fe80::1%25eth0]/" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct url_parts u;
		struct err err = { 0 };

		if (url_parts_read(bad[i], &u, &err) != ERR_INVALID || !err.text[0])
			fail_msg("\"%s\" is taken", bad[i]);
		url_parts_done(&u);
	}
}

static void percent_encoding_is_taken_away(void **state)
{
	size_t length;
	CLEANUP(mem_freep) char *plain = url_unescape("a%3Ab%00+c%zz-", 10, &length);
	CLEANUP(mem_freep) char *none = url_unescape("", 0, &length);

	(void)state;
	assert_memory_equal(plain, "a:b\0+c", 6);
	assert_string_equal(none, "");
	assert_int_equal(length, 0);
}

/* What a refusal proposes as a rule holds for the URL that was refused. */
static void the_origin_of_a_url_is_a_rule_that_holds_for_it(void **state)
{
	static const struct { const char *url, *origin; } rows[] = {
		{ "http://ci.example.com:9001/hooks", "http://ci.example.com:9001" }, { "https://CI.example.com:443/", "https://ci.example.com" },
		{ "http://ci.example.com", "http://ci.example.com" }, { "https://ci.example.com:80/x?y", "https://ci.example.com:80" },
		{ "http://[2001:db8::1]:8080/", "http://[2001:db8::1]:8080" }, { "http://192.0.2.1:443/", "http://192.0.2.1:443" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(mem_freep) char *origin = NULL, *rule = NULL;
		struct url_parts u;
		struct err err;

		assert_int_equal(url_parts_read(rows[i].url, &u, &err), 0);
		origin = url_origin(&u);
		rule = mem_printf("%s/", origin);
		assert_string_equal(origin, rows[i].origin);
		assert_true(below(rows[i].url, rule));
		url_parts_done(&u);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percent_encoding_is_taken_away),
		cmocka_unit_test(a_rule_holds_for_its_place_and_below),
		cmocka_unit_test(nothing_beside_it_is_called),
		cmocka_unit_test(what_is_no_url_is_refused),
		cmocka_unit_test(the_origin_of_a_url_is_a_rule_that_holds_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
