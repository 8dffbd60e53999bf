#include "solver/sandbox/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "solver/base/mem.h"

#define TRUNCATE (1ULL << 14) /* of kernel 6.2: newer than the headers of Debian 12 */
#define FILE_WRITE (LANDLOCK_ACCESS_FS_WRITE_FILE | TRUNCATE)
#define WRITE                                                                                                                             \
	(FILE_WRITE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |                     \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |        \
	 LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER)
#define FOLDERS_MAX 20000 /* two for each route */

struct files {
	char **folders; /* without links */
	size_t count;
};

struct files *files_new(void)
{
	return mem_new(1, sizeof(struct files));
}

void files_free(struct files *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->count; i++)
		free(f->folders[i]);
	free(f->folders);
	free(f);
}

/* ---- what is allowed ---- */

static bool is_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static bool covers(const struct files *f, const char *real)
{
	for (size_t i = 0; i < f->count; i++)
		if (is_below(real, f->folders[i]))
			return true;
	return false;
}

bool files_cover(const struct files *f, const char *folder)
{
	CLEANUP(mem_freep) char *real = realpath(folder, NULL);

	return real && covers(f, real);
}

static void add(struct files *f, const char *real)
{
	if (covers(f, real) || f->count == FOLDERS_MAX)
		return;
	f->folders = mem_resize(f->folders, f->count + 1, sizeof(*f->folders));
	f->folders[f->count++] = mem_dup(real);
}

static bool is_link(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

/* The folder that holds the first link of an absolute path; NULL without one. Gives (free with free). */
static char *folder_of_link(const char *path)
{
	for (const char *slash = path; *slash; slash += strcspn(slash, "/")) {
		CLEANUP(mem_freep) char *folder = mem_dup_n(path, (size_t)(slash - path) + 1);
		CLEANUP(mem_freep) char *part = NULL;

		slash++;
		part = mem_dup_n(path, (size_t)(slash - path) + strcspn(slash, "/"));
		if (is_link(part))
			return realpath(folder, NULL);
	}
	return NULL;
}

int files_allow(struct files *f, const char *folder, struct err *err)
{
	CLEANUP(mem_freep) char *real = realpath(folder, NULL);
	CLEANUP(mem_freep) char *turned = NULL;

	if (!real)
		return err_errno(err, "%s", folder);
	add(f, real);
	turned = *folder == '/' ? folder_of_link(folder) : NULL;
	if (turned && strcmp(turned, "/") != 0)
		add(f, turned);
	return 0;
}

/* ---- the kernel ---- */

/* Older kernels know fewer rights, and refuse those that they do not know. */
static uint64_t known_rights(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (version < 1)
		return 0;
	return WRITE & ~(version < 2 ? LANDLOCK_ACCESS_FS_REFER : 0) & ~(version < 3 ? TRUNCATE : 0);
}

/* What has gone meanwhile needs no rule. */
static int add_rule(int rules, const char *folder, uint64_t rights)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = rights, .parent_fd = open(folder, O_PATH | O_CLOEXEC) };
	long code;

	if (rule.parent_fd < 0)
		return 0;
	code = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	close(rule.parent_fd);
	return (int)code;
}

static int add_rules(const struct files *f, int rules, uint64_t rights)
{
	int code = add_rule(rules, "/dev", rights & FILE_WRITE); /* null, tty */

	for (size_t i = 0; code == 0 && i < f->count; i++)
		code = add_rule(rules, f->folders[i], rights);
	return code;
}

int files_restrict(const struct files *f, struct err *err)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = known_rights() };
	int rules = attr.handled_access_fs ? (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0) : -1, code = 0;

	if (rules < 0)
		return err_set(err, ERR_UNSUPPORTED, "this kernel has no Landlock: %s", strerror(errno));
	if (add_rules(f, rules, attr.handled_access_fs) < 0 || syscall(SYS_landlock_restrict_self, rules, 0) < 0)
		code = err_errno(err, "restrict writing with Landlock");
	close(rules);
	return code;
}
