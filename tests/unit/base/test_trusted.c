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

static void needs_root(void)
{
	if (geteuid() != 0)
		skip();
}

/* STRANGER makes <path>/link, which leads to <inner>. */
#define STRANGER 4242

static char *strangers_link(struct place *p)
{
	static char link[96];

	needs_root();
	snprintf(link, sizeof(link), "%s/link", p->path);
	assert_int_equal(symlink(p->inner, link), 0);
	assert_int_equal(lchown(link, STRANGER, STRANGER), 0);
	return link;
}

static void a_strangers_link_in_a_sticky_folder_is_refused(void **state)
{
	struct place *p = *state;
	char *link = strangers_link(p);

	chmod(p->path, 01777);
	assert_int_equal(trusted_folder(link, geteuid(), false, &p->err), ERR_DENIED);
	assert_non_null(strstr(p->err.text, "/link belongs to user 4242"));
	assert_int_equal(trusted_folder(link, 0, true, &p->err), ERR_DENIED);
	assert_int_equal(lchown(link, 0, 0), 0);
	assert_int_equal(trusted_folder(link, geteuid(), false, &p->err), 0);
	unlink(link);
}

static void a_link_in_a_folder_that_a_stranger_owns_is_refused(void **state)
{
	struct place *p = *state;
	char *link = strangers_link(p), below[112];

	assert_int_equal(chown(p->path, STRANGER, STRANGER), 0);
	snprintf(below, sizeof(below), "%s/not-there-yet", link);
	assert_int_equal(trusted_folder(link, 0, false, &p->err), ERR_DENIED);
	assert_non_null(strstr(p->err.text, "belongs to user 4242"));
	assert_int_equal(trusted_folder(below, 0, false, &p->err), ERR_DENIED);
	assert_int_equal(trusted_folder(link, 0, true, &p->err), ERR_DENIED); /* its owner is root, who did not put it there */
	unlink(link);
}

static void a_plain_folder_that_a_stranger_can_exchange_is_refused(void **state)
{
	struct place *p = *state;

	needs_root();
	assert_int_equal(chown(p->path, STRANGER, STRANGER), 0);
	assert_int_equal(trusted_folder(p->inner, 0, false, &p->err), ERR_DENIED);
	assert_int_equal(trusted_folder(p->inner, STRANGER, false, &p->err), 0);
	assert_int_equal(chown(p->path, 0, STRANGER), 0);
	chmod(p->path, 0770);
	assert_int_equal(trusted_folder(p->inner, 0, false, &p->err), ERR_DENIED);
	assert_non_null(strstr(p->err.text, "chmod g-w /tmp/dcvd-trusted-"));
}

static void a_link_by_way_of_an_open_folder_is_refused(void **state)
{
	struct place *p = *state;
	char open[96], way[112], link[96];

	snprintf(open, sizeof(open), "%s/open", p->path);
	snprintf(way, sizeof(way), "%s/way", open);
	snprintf(link, sizeof(link), "%s/link", p->path);
	assert_int_equal(mkdir(open, 0700), 0);
	assert_int_equal(symlink("../state", way), 0);
	assert_int_equal(symlink("open/way", link), 0);
	assert_int_equal(trusted_folder(link, geteuid(), false, &p->err), 0);
	chmod(open, 0777);
	assert_int_equal(trusted_folder(link, geteuid(), false, &p->err), ERR_DENIED);
	assert_non_null(strstr(p->err.text, "chmod o-w"));
	unlink(way);
	rmdir(open);
	unlink(link);
}

static void links_that_lead_to_each_other_end(void **state)
{
	struct place *p = *state;

	rmdir(p->inner);
	assert_int_equal(symlink("state", p->inner), 0);
	assert_int_equal(judge(p), ERR_INVALID);
}

static void a_folder_is_made_where_it_is_safe(void **state)
{
	struct place *p = *state;
	struct stat st;

	rmdir(p->inner);
	chmod(p->path, 0777);
	assert_int_equal(trusted_make(p->inner, geteuid(), false, &p->err), ERR_DENIED);
	assert_int_equal(stat(p->inner, &st), -1);
	chmod(p->path, 01777);
	assert_int_equal(trusted_make(p->inner, geteuid(), false, &p->err), 0);
	assert_int_equal(trusted_make(p->inner, geteuid(), false, &p->err), 0);
	assert_int_equal(stat(p->inner, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
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
		cmocka_unit_test_setup_teardown(a_strangers_link_in_a_sticky_folder_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_link_in_a_folder_that_a_stranger_owns_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_plain_folder_that_a_stranger_can_exchange_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_link_by_way_of_an_open_folder_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(links_that_lead_to_each_other_end, setup, teardown),
		cmocka_unit_test_setup_teardown(a_folder_is_made_where_it_is_safe, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
