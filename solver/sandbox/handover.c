#include "solver/sandbox/handover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "solver/base/mem.h"
#include "solver/base/trusted.h"

static void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static void close_folder(DIR **folder)
{
	if (*folder)
		closedir(*folder);
}

static int give(int fd, const struct user *u)
{
	return fchownat(fd, "", u->uid, u->gid, AT_EMPTY_PATH);
}

/* The file is held by its descriptor, so that what was looked at is what is given. */
static int give_file(int folder, const char *path, const char *name, const struct user *u, struct err *err)
{
	CLEANUP(closep) int fd = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return errno == ENOENT ? 0 : err_errno(err, "%s/%s", path, name);
	if (!S_ISREG(st.st_mode) || st.st_uid == u->uid)
		return 0;
	if (st.st_nlink != 1 || (st.st_uid != 0 && st.st_uid != USER_UNLISTED))
		return err_set(err, ERR_DENIED, "%s/%s is a file of user %lu with %lu names, and is not given to user %s: move it away", path, name,
		               (unsigned long)st.st_uid, (unsigned long)st.st_nlink, u->name);
	return give(fd, u) < 0 ? err_errno(err, "give %s/%s to user %s", path, name, u->name) : 0;
}

static int give_files(int fd, const char *path, const struct user *u, struct err *err)
{
	CLEANUP(close_folder) DIR *folder = fdopendir(fcntl(fd, F_DUPFD_CLOEXEC, 3));
	const struct dirent *entry;
	int code = 0;

	if (!folder)
		return err_errno(err, "read %s", path);
	while (code == 0 && (entry = readdir(folder)))
		code = give_file(fd, path, entry->d_name, u, err);
	return code;
}

bool handover_was_given(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_uid == USER_UNLISTED;
}

int handover_folder(const char *path, const struct user *u, struct err *err)
{
	CLEANUP(closep) int fd = -1;

	if (trusted_folder(path, handover_was_given(path) ? USER_UNLISTED : u->uid, false, err) < 0)
		return err->code;
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_errno(err, "make the state folder %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "open the state folder %s", path);
	if (give_files(fd, path, u, err) < 0)
		return err->code;
	return fchown(fd, u->uid, u->gid) < 0 ? err_errno(err, "give the state folder %s to user %s", path, u->name) : 0;
}
