/* Each limit is tried in a process of its own, which keeps it to its end. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "solver/sandbox/calls.h"
#include "solver/sandbox/capabilities.h"
#include "solver/sandbox/files.h"
#include "solver/sandbox/user.h"

static char folder[64];

/* What the process exits with, or -signal. */
static int in_child(int (*fn)(void))
{
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(fn());
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static char *below(const char *name)
{
	static char paths[2][256]; /* the last two */
	static unsigned turn;
	char *path = paths[turn++ % 2];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static int setup(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/dcvd-sandbox-XXXXXX");
	assert_non_null(mkdtemp(folder));
	mkdir(below("in"), 0700);
	mkdir(below("out"), 0700);
	mkdir(below("site"), 0700);
	mkdir(below("site/one"), 0700);
	assert_int_equal(symlink("one", below("site/current")), 0);
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = { "in/x", "in", "out/x", "out", "site/current", "site/two", "site/one", "site" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		remove(below(names[i]));
	rmdir(folder);
	return 0;
}

static bool can_write(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* ---- files ---- */

static int write_restricted(void)
{
	struct files *f = files_new();
	struct err err;
	int code;

	if (files_allow(f, below("in"), &err) < 0 || capabilities_gain_none(&err) < 0)
		return 1;
	code = files_restrict(f, &err);
	files_free(f);
	if (code == ERR_UNSUPPORTED)
		return 77;
	if (!can_write(below("in/x")) || can_write(below("out/x")) || !can_write("/dev/null") || access("/etc/passwd", R_OK) < 0)
		return 2;
	return rename(below("in/x"), below("out/x")) == 0 ? 3 : 0;
}

static void nothing_is_written_but_what_was_allowed(void **state)
{
	int code = in_child(write_restricted);

	(void)state;
	if (code == 77)
		skip(); /* a kernel without Landlock */
	assert_int_equal(code, 0);
}

static void what_is_allowed_is_known_as_links_lead_to_it(void **state)
{
	struct files *f = files_new();
	struct err err;

	(void)state;
	assert_int_equal(files_allow(f, below("in"), &err), 0);
	assert_true(files_cover(f, below("in")));
	assert_false(files_cover(f, below("out")));
	assert_false(files_cover(f, below("site/current")));
	assert_int_equal(files_allow(f, below("nowhere"), &err), ERR_NOT_FOUND);
	files_free(f);
}

static void the_folder_in_which_a_link_stands_is_allowed_with_it(void **state)
{
	struct files *f = files_new();
	struct err err;

	(void)state;
	assert_int_equal(files_allow(f, below("site/current"), &err), 0);
	mkdir(below("site/two"), 0700);
	assert_true(files_cover(f, below("site/two")));
	assert_false(files_cover(f, below("in")));
	files_free(f);
}

/* ---- system calls ---- */

static int filtered(void)
{
	struct err err;

	return capabilities_gain_none(&err) == 0 && calls_filter(&err) == 0;
}

static int ordinary(void)
{
	if (!filtered() || !can_write(below("in/x")))
		return 1;
	return system("exec true") != 0;
}

static int in_namespace(void)
{
	return !filtered() || unshare(CLONE_NEWUSER) == 0 || errno != EPERM ||
	       syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL) >= 0 || errno != ENOSYS;
}

static int unheard_of(void)
{
	return !filtered() || syscall(100000) >= 0 || errno != ENOSYS;
}

static int by_mount(void)
{
	return filtered() ? mount("none", "/mnt", "tmpfs", 0, NULL) : 1;
}

static int by_bpf(void)
{
	return filtered() ? (int)syscall(SYS_bpf, 0, NULL, 0) : 1;
}

static void ordinary_programs_run_and_hostile_calls_end_them(void **state)
{
	(void)state;
	assert_int_equal(in_child(ordinary), 0);
	assert_int_equal(in_child(in_namespace), 0);
	assert_int_equal(in_child(unheard_of), 0);
	assert_int_equal(in_child(by_mount), -SIGSYS);
	assert_int_equal(in_child(by_bpf), -SIGSYS);
}

static void attempt_mount(void)
{
	mount("none", "/mnt", "tmpfs", 0, NULL);
}

static void attempt_nothing(void)
{
}

static int attempts(void)
{
	bool before = calls_filtered();

	return !filtered() || before || !calls_filtered() || calls_survive(attempt_mount) || !calls_survive(attempt_nothing);
}

static void what_a_filter_ends_is_found_out_without_ending(void **state)
{
	(void)state;
	if (prctl(PR_GET_SECCOMP) > 0)
		skip(); /* this test is filtered itself */
	assert_int_equal(in_child(attempts), 0);
}

/* ---- users ---- */

static void a_user_is_a_name_or_a_number(void **state)
{
	struct user u;
	struct err err;

	(void)state;
	assert_int_equal(user_find("root", &u, &err), 0);
	assert_true(u.uid == 0 && u.listed);
	assert_int_equal(user_find("0", &u, &err), 0);
	assert_string_equal(u.name, "root");
	assert_int_equal(user_find("3999999999", &u, &err), 0);
	assert_true(u.uid == 3999999999 && u.gid == 3999999999 && !u.listed);
	assert_int_equal(user_find("4294967295", &u, &err), ERR_NOT_FOUND);
	assert_int_equal(user_find("99999999999999999999", &u, &err), ERR_NOT_FOUND);
	assert_int_equal(user_find("no-user-of-this-name", &u, &err), ERR_NOT_FOUND);
	assert_non_null(strstr(err.text, "useradd --system no-user-of-this-name"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_is_written_but_what_was_allowed, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_allowed_is_known_as_links_lead_to_it, setup, teardown),
		cmocka_unit_test_setup_teardown(the_folder_in_which_a_link_stands_is_allowed_with_it, setup, teardown),
		cmocka_unit_test_setup_teardown(ordinary_programs_run_and_hostile_calls_end_them, setup, teardown),
		cmocka_unit_test_setup_teardown(what_a_filter_ends_is_found_out_without_ending, setup, teardown),
		cmocka_unit_test(a_user_is_a_name_or_a_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
