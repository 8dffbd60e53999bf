#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "solver/api/router.h"

static const struct route_pattern table[] = {
	{ "GET", "/v1/things" }, { "POST", "/v1/things" }, { "GET", "/v1/things/{}" }, { "POST", "/v1/things/{}/turn" }, { NULL },
};

static enum route_match find(const char *method, const char *path, int *index, char *argument)
{
	*index = -1;
	strcpy(argument, "untouched");
	return router_find(table, sizeof(table[0]), method, path, index, argument);
}

static void a_path_that_only_begins_like_a_route_is_none(void **state)
{
	static const char *const paths[] = { "", "/", "/v1", "/v1/things/", "/v1/thingsx", "/v1/things//turn", "/v1/things/a/b", "/v1/things/a/turnx", "//v1/things" };
	char argument[ROUTE_ARGUMENT_MAX];
	int index;

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_int_equal(find("GET", paths[i], &index, argument), ROUTE_NO_PATH);
}

static void an_argument_that_is_too_long_is_no_route(void **state)
{
	char path[200] = "/v1/things/", argument[ROUTE_ARGUMENT_MAX];
	int index;

	(void)state;
	memset(path + 11, 'a', ROUTE_ARGUMENT_MAX - 1);
	assert_int_equal(find("GET", path, &index, argument), ROUTE_FOUND);
	path[11 + ROUTE_ARGUMENT_MAX - 1] = 'a';
	assert_int_equal(find("GET", path, &index, argument), ROUTE_NO_PATH);
	assert_string_equal(argument, "untouched");
}

static void a_known_path_with_another_method_says_so(void **state)
{
	char argument[ROUTE_ARGUMENT_MAX], allow[64];
	int index;

	(void)state;
	assert_int_equal(find("DELETE", "/v1/things", &index, argument), ROUTE_NO_METHOD);
	router_allow(table, sizeof(table[0]), "/v1/things", allow, sizeof(allow));
	assert_string_equal(allow, "GET, POST");
}

static void the_segment_becomes_the_argument(void **state)
{
	char argument[ROUTE_ARGUMENT_MAX];
	int index;

	(void)state;
	assert_int_equal(find("GET", "/v1/things/ch_1", &index, argument), ROUTE_FOUND);
	assert_int_equal(index, 2);
	assert_string_equal(argument, "ch_1");
	assert_int_equal(find("POST", "/v1/things/x/turn", &index, argument), ROUTE_FOUND);
	assert_int_equal(index, 3);
	assert_string_equal(argument, "x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_that_only_begins_like_a_route_is_none),
		cmocka_unit_test(an_argument_that_is_too_long_is_no_route),
		cmocka_unit_test(a_known_path_with_another_method_says_so),
		cmocka_unit_test(the_segment_becomes_the_argument),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
