#include "solver/sandbox/handover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "solver/base/mem.h"
#include "solver/base/trusted.h"

/* What dcvd makes in its state folder: nothing else is given away. */
static const char *const own_files[] = {
	"journal.db", "journal.db-wal", "journal.db-shm", "journal.db-journal", "journal.mark", "lock", "operator.token", "operator.token.new", "audit.key", "audit.key.new",
};

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
	for (size_t i = 0; i < ARRAY_LEN(own_files); i++)
		if (give_file(fd, path, own_files[i], u, err) < 0)
			return err->code;
	return 0;
}

static bool is_own(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(own_files); i++)
		if (strcmp(name, own_files[i]) == 0)
			return true;
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "lost+found") == 0; /* of a file system */
}

/* The user of the folder may do with all in it as it likes. */
static int refuse_others(int fd, const char *path, const struct user *u, struct err *err)
{
	CLEANUP(close_folder) DIR *folder = fdopendir(fcntl(fd, F_DUPFD_CLOEXEC, 3));
	const struct dirent *entry;

	if (!folder)
		return err_errno(err, "read %s", path);
	while ((entry = readdir(folder)))
		if (!is_own(entry->d_name))
			return err_set(err, ERR_DENIED, "%s is a folder of root and holds more than the files of dcvd (%.80s), so it is not given to user %s: move that away, name a folder of "
			               "its own, or chown %s %s", path, entry->d_name, u->name, u->name, path);
	return 0;
}

/* It stays with a user that has it already, whatever else is in it. */
static int give_folder(int fd, const char *path, const struct user *u, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_errno(err, "%s", path);
	if (st.st_uid == 0 && u->uid != 0 && refuse_others(fd, path, u, err) < 0)
		return err->code;
	if (give_files(fd, path, u, err) < 0)
		return err->code;
	return fchown(fd, u->uid, u->gid) < 0 ? err_errno(err, "give the state folder %s to user %s", path, u->name) : 0;
}

bool handover_was_given(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_uid == USER_UNLISTED;
}

int handover_folder(const char *path, const struct user *u, struct err *err)
{
	CLEANUP(closep) int fd = -1;

	if (trusted_make(path, handover_was_given(path) ? USER_UNLISTED : u->uid, false, err) < 0)
		return err->code;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "open the state folder %s", path);
	return give_folder(fd, path, u, err);
}
