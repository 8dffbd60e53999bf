#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "solver/base/trusted.h"

struct place {
	char path[64], inner[80];
	struct err err;
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	strcpy(p->path, "/tmp/dcvd-trusted-XXXXXX");
	assert_non_null(mkdtemp(p->path));
	snprintf(p->inner, sizeof(p->inner), "%s/state", p->path);
	assert_int_equal(mkdir(p->inner, 0700), 0);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	unlink(p->inner);
	rmdir(p->inner);
	rmdir(p->path);
	free(p);
	return 0;
}

static int judge(struct place *p)
{
	return trusted_folder(p->inner, geteuid(), false, &p->err);
}

static void a_folder_of_ones_own_is_trusted(void **state)
{
	assert_int_equal(judge(*state), 0);
}

static void one_that_is_not_there_yet_is_judged_by_those_above(void **state)
{
	struct place *p = *state;

	rmdir(p->inner);
	assert_int_equal(judge(p), 0);
	chmod(p->path, 0777);
	assert_int_equal(judge(p), ERR_DENIED);
	assert_non_null(strstr(p->err.text, "chmod o-w /tmp/dcvd-trusted-"));
}

static void one_that_others_may_write_is_refused(void **state)
{
	static const mode_t modes[] = { 0702, 0770, 01777 };
	struct place *p = *state;

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		chmod(p->inner, modes[i]);
		assert_int_equal(judge(p), ERR_DENIED);
		assert_non_null(strstr(p->err.text, "chmod go-w"));
	}
}

static void names_in_a_sticky_folder_belong_to_their_owners(void **state)
{
	struct place *p = *state;

	chmod(p->path, 01777);
	assert_int_equal(judge(p), 0);
}

static void a_link_leads_to_what_is_judged(void **state)
{
	struct place *p = *state;

	rmdir(p->inner);
	assert_int_equal(symlink("/tmp", p->inner), 0);
	assert_int_equal(judge(p), ERR_DENIED);
}

static void a_folder_of_somebody_else_is_refused(void **state)
{
	struct place *p = *state;

	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(p->inner, 4242, 4242), 0);
	assert_int_equal(judge(p), ERR_DENIED);
	assert_non_null(strstr(p->err.text, "belongs to user 4242"));
	assert_int_equal(trusted_folder(p->inner, 4242, false, &p->err), 0);
	assert_int_equal(trusted_folder(p->inner, geteuid(), true, &p->err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_folder_of_ones_own_is_trusted, setup, teardown),
		cmocka_unit_test_setup_teardown(one_that_is_not_there_yet_is_judged_by_those_above, setup, teardown),
		cmocka_unit_test_setup_teardown(one_that_others_may_write_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(names_in_a_sticky_folder_belong_to_their_owners, setup, teardown),
		cmocka_unit_test_setup_teardown(a_link_leads_to_what_is_judged, setup, teardown),
		cmocka_unit_test_setup_teardown(a_folder_of_somebody_else_is_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
