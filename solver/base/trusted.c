#include "solver/base/trusted.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "solver/base/mem.h"

#define GROUPS_MAX 65536 /* of Linux */

static int refuse_open(const char *path, struct err *err)
{
	return err_set(err, ERR_DENIED, "%s may be written by others, who could change what is in it: chmod go-w %s", path, path);
}

/* In a folder such as /tmp everybody makes names, but only the owner of a name takes it away. */
static int check_above(const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno == ENOENT ? 0 : err_errno(err, "%s", path);
	if (S_ISDIR(st.st_mode) && st.st_mode & S_IWOTH && !(st.st_mode & S_ISVTX))
		return err_set(err, ERR_DENIED, "everybody may rename what is in %s, so nothing below it can be trusted: chmod o-w %s, or use another folder", path,
		               path);
	return 0;
}

/* Each folder on the way, as it is written. */
static int check_way(const char *path, struct err *err)
{
	CLEANUP(mem_freep) char *part = mem_dup(path);
	int code = *path == '/' ? check_above("/", err) : check_above(".", err);

	for (char *slash = part + 1; code == 0 && (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		code = check_above(part, err);
		*slash = '/';
	}
	return code;
}

static bool in_group(gid_t group)
{
	CLEANUP(mem_freep) gid_t *groups = mem_new(GROUPS_MAX, sizeof(*groups));
	int count = getgroups(GROUPS_MAX, groups);

	for (int i = 0; i < count; i++)
		if (groups[i] == group)
			return true;
	return group == getegid();
}

/* Root lets this process write by a group, as Kubernetes does with fsGroup. */
static bool is_granted(const struct stat *st)
{
	return st->st_uid == 0 && geteuid() != 0 && in_group(st->st_gid);
}

static int check_folder(const char *path, const struct stat *st, uid_t owner, bool any_owner, struct err *err)
{
	if (!S_ISDIR(st->st_mode))
		return err_set(err, ERR_INVALID, "%s is not a folder", path);
	if (!any_owner && st->st_uid != owner && st->st_uid != 0)
		return err_set(err, ERR_DENIED, "%s belongs to user %lu, who could change what is in it, and not to user %lu, who runs dcvd: chown -R %lu %s, or name another folder",
		               path, (unsigned long)st->st_uid, (unsigned long)owner, (unsigned long)owner, path);
	if (st->st_mode & S_IWOTH || (st->st_mode & S_IWGRP && !is_granted(st)))
		return refuse_open(path, err);
	return 0;
}

int trusted_folder(const char *path, uid_t owner, bool any_owner, struct err *err)
{
	CLEANUP(mem_freep) char *real = realpath(path, NULL);
	struct stat st;

	if (!real)
		return errno == ENOENT ? check_way(path, err) : err_errno(err, "%s", path);
	if (check_way(path, err) < 0 || check_way(real, err) < 0)
		return err->code;
	if (stat(real, &st) < 0)
		return err_errno(err, "%s", path);
	return check_folder(path, &st, owner, any_owner, err);
}
