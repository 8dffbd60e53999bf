/* What a certificate is known by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/api/access/subject.h"
#include "solver/base/mem.h"

#define PRINT "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static bool fits(const char *rule, const char *subject, const char *cn, const char *fingerprint)
{
	struct subject_rule r;
	struct err err = { 0 };
	bool fit;

	if (subject_rule_read(rule, &r, &err) < 0)
		fail_msg("%s: %s", rule, err.text);
	fit = subject_rule_fits(&r, subject, cn, fingerprint);
	subject_rule_done(&r);
	return fit;
}

static void a_subject_must_be_the_whole_of_it(void **state)
{
	(void)state;
	assert_false(fits("CN=a", "CN=a,O=b", "a", PRINT));
	assert_false(fits("CN=a,O=b", "CN=a", "a", PRINT));
	assert_false(fits("CN=a,O=b", "CN=a,O=c", "a", PRINT));
	assert_false(fits("CN=a,O=b", "CN=a\\,O\\=b", "a,O=b", PRINT));
	assert_false(fits("CN=a", "CN=A", "A", PRINT));
	assert_false(fits("CN=a", NULL, "a", PRINT));
	assert_false(fits("O=a,O=a", "O=a", NULL, PRINT));
}

static void its_parts_may_stand_in_either_direction(void **state)
{
	(void)state;
	assert_true(fits("CN=a,O=b,C=DE", "CN=a,O=b,C=DE", "a", PRINT));
	assert_true(fits("C = DE, O = b, CN = a", "CN=a,O=b,C=DE", "a", PRINT));
	assert_true(fits("cn=a,o=b", "CN=a,O=b", "a", PRINT));
	assert_true(fits("CN=a\\, b", "CN=a\\, b", "a, b", PRINT));
}

static void a_common_name_is_not_a_fingerprint_nor_a_subject(void **state)
{
	(void)state;
	assert_true(fits("robot", "CN=robot,O=any", "robot", PRINT));
	assert_false(fits("robot", "CN=robot2", "robot2", PRINT));
	assert_false(fits("robot", "CN=x", NULL, "robot"));
	assert_false(fits(PRINT, "CN=x", PRINT, NULL));
}

static void a_fingerprint_is_read_with_and_without_colons(void **state)
{
	(void)state;
	assert_true(fits(PRINT, "CN=x", "x", PRINT));
	assert_true(fits("sha256:" PRINT, "CN=x", "x", PRINT));
	assert_true(fits("SHA256:01:23:45:67:89:AB:CD:EF:0123456789abcdef0123456789abcdef0123456789abcdef", "CN=x", "x", PRINT));
	assert_false(fits("sha256:" PRINT, "CN=x", "x", "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"));
}

static void what_says_nothing_is_refused(void **state)
{
	static const char *const bad[] = { "", "sha256:12", "sha256:", "sha256:" PRINT "0" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct subject_rule r;
		struct err err;

		if (subject_rule_read(bad[i], &r, &err) == 0)
			fail_msg("\"%s\" was taken", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_subject_must_be_the_whole_of_it),
		cmocka_unit_test(its_parts_may_stand_in_either_direction),
		cmocka_unit_test(a_common_name_is_not_a_fingerprint_nor_a_subject),
		cmocka_unit_test(a_fingerprint_is_read_with_and_without_colons),
		cmocka_unit_test(what_says_nothing_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
