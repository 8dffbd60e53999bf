#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "webroot/folder.h"

struct root {
	char path[64];
	char file[256]; /* of the token "token" */
	struct err err;
};

static int setup(void **state)
{
	struct root *r = calloc(1, sizeof(*r));

	strcpy(r->path, "/tmp/dcvd-folder-XXXXXX");
	assert_non_null(mkdtemp(r->path));
	snprintf(r->file, sizeof(r->file), "%s/.well-known/acme-challenge/token", r->path);
	*state = r;
	return 0;
}

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *at)
{
	(void)s;
	(void)kind;
	(void)at;
	return remove(path);
}

static int teardown(void **state)
{
	struct root *r = *state;

	nftw(r->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(r);
	return 0;
}

static void assert_file(const char *path, const char *expected)
{
	char body[64] = "";
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	body[fread(body, 1, sizeof(body) - 1, f)] = '\0';
	fclose(f);
	assert_string_equal(body, expected);
}

static void a_token_that_leaves_the_folder_is_refused(void **state)
{
	static const char *const tokens[] = { "", "..", "../x", "a/b", "a.b", "%2e", "a b", ".hidden" };
	struct root *r = *state;

	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		assert_int_equal(folder_write(r->path, tokens[i], "body", &r->err), ERR_INVALID);
		assert_int_equal(folder_remove(r->path, tokens[i], "body", &r->err), ERR_INVALID);
	}
}

static void a_document_root_that_is_absent_is_an_error_that_names_it(void **state)
{
	struct root *r = *state;

	assert_int_equal(folder_write("/tmp/dcvd-no-such-folder", "token", "body", &r->err), ERR_NOT_FOUND);
	assert_non_null(strstr(r->err.text, "/tmp/dcvd-no-such-folder/.well-known/acme-challenge/"));
}

static void a_file_in_the_place_of_a_folder_is_an_error_that_names_it(void **state)
{
	struct root *r = *state;
	char path[128];

	snprintf(path, sizeof(path), "%s/.well-known", r->path);
	fclose(fopen(path, "w"));
	assert_true(folder_write(r->path, "token", "body", &r->err) < 0);
	assert_non_null(strstr(r->err.text, r->path));
}

static void a_written_token_is_readable_by_all_whatever_the_umask(void **state)
{
	struct root *r = *state;
	mode_t old = umask(077);
	struct stat s;
	char path[128];

	assert_int_equal(folder_write(r->path, "token", "body", &r->err), 0);
	umask(old);
	assert_file(r->file, "body");
	assert_int_equal(stat(r->file, &s), 0);
	assert_int_equal(s.st_mode & 0777, 0644);
	snprintf(path, sizeof(path), "%s/.well-known", r->path);
	assert_int_equal(stat(path, &s), 0);
	assert_int_equal(s.st_mode & 0777, 0755);
}

static void writing_again_replaces_the_content(void **state)
{
	struct root *r = *state;

	assert_int_equal(folder_write(r->path, "token", "old", &r->err), 0);
	assert_int_equal(folder_write(r->path, "token", "new", &r->err), 0);
	assert_file(r->file, "new");
}

static void a_symbolic_link_in_the_place_of_the_file_is_replaced_and_its_target_kept(void **state)
{
	struct root *r = *state;
	char target[128];
	struct stat s;

	snprintf(target, sizeof(target), "%s/precious", r->path);
	assert_int_equal(folder_write(r->path, "other", "body", &r->err), 0);
	fclose(fopen(target, "w"));
	assert_int_equal(symlink(target, r->file), 0);
	assert_int_equal(folder_write(r->path, "token", "body", &r->err), 0);
	assert_file(target, "");
	assert_int_equal(lstat(r->file, &s), 0);
	assert_true(S_ISREG(s.st_mode));
}

static void a_symbolic_link_is_not_removed_even_when_its_target_holds_the_body(void **state)
{
	struct root *r = *state;
	char target[128];

	assert_int_equal(folder_write(r->path, "other", "body", &r->err), 0);
	snprintf(target, sizeof(target), "%s/.well-known/acme-challenge/other", r->path);
	assert_int_equal(symlink(target, r->file), 0);
	assert_int_equal(folder_remove(r->path, "token", "body", &r->err), 0);
	assert_file(r->file, "body");
}

static void removing_leaves_a_file_with_another_content(void **state)
{
	struct root *r = *state;

	assert_int_equal(folder_write(r->path, "token", "body of somebody", &r->err), 0);
	assert_int_equal(folder_remove(r->path, "token", "body", &r->err), 0);
	assert_file(r->file, "body of somebody");
}

static void removing_takes_our_file_away_and_succeeds_again(void **state)
{
	struct root *r = *state;

	assert_int_equal(folder_remove(r->path, "token", "body", &r->err), 0);
	assert_int_equal(folder_write(r->path, "token", "body", &r->err), 0);
	assert_int_equal(folder_remove(r->path, "token", "body", &r->err), 0);
	assert_int_equal(access(r->file, F_OK), -1);
	assert_int_equal(folder_remove(r->path, "token", "body", &r->err), 0);
}

static int count_one(const char *path, const struct stat *s, int kind, struct FTW *at)
{
	(void)s;
	(void)at;
	if (kind == FTW_F)
		assert_non_null(strstr(path, "/token"));
	return 0;
}

static void no_temporary_file_is_left_behind(void **state)
{
	struct root *r = *state;

	assert_int_equal(folder_write(r->path, "token", "body", &r->err), 0);
	assert_int_equal(mkdir(r->file, 0755), -1);
	assert_int_equal(unlink(r->file), 0);
	assert_int_equal(mkdir(r->file, 0755), 0); /* rename onto a folder fails */
	assert_true(folder_write(r->path, "token", "body", &r->err) < 0);
	assert_int_equal(nftw(r->path, count_one, 8, FTW_PHYS), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_token_that_leaves_the_folder_is_refused),
		TEST(a_document_root_that_is_absent_is_an_error_that_names_it),
		TEST(a_file_in_the_place_of_a_folder_is_an_error_that_names_it),
		TEST(a_written_token_is_readable_by_all_whatever_the_umask),
		TEST(writing_again_replaces_the_content),
		TEST(a_symbolic_link_in_the_place_of_the_file_is_replaced_and_its_target_kept),
		TEST(a_symbolic_link_is_not_removed_even_when_its_target_holds_the_body),
		TEST(removing_leaves_a_file_with_another_content),
		TEST(removing_takes_our_file_away_and_succeeds_again),
		TEST(no_temporary_file_is_left_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
