#include "webroot/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "solver/base/id.h"
#include "solver/base/mem.h"
#include "webroot/target.h"

#define BODY_MAX 1024
#define TEMP_SIZE (ID_SIZE + 8)

static void close_fdp(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static int token_check(const char *token, struct err *err)
{
	if (target_token_valid(token))
		return 0;
	return err_set(err, ERR_INVALID, "a token is 1 to %d letters, digits, '-' and '_': \"%.200s\" is not", TARGET_TOKEN_MAX, token);
}

static int directory_open(int parent, const char *name, bool create)
{
	/* Set the mode again: the umask of a daemon is often 077, and the web server runs as another user. */
	if (create && (mkdirat(parent, name, 0755) < 0 ? errno != EEXIST : fchmodat(parent, name, 0755, 0) < 0))
		return -1;
	return openat(parent, name, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
}

/* The directory of the tokens; -1 with errno. The document root itself is never made: it may be misspelt. */
static int tokens_open(const char *folder, bool create)
{
	CLEANUP(close_fdp) int root = open(folder, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	CLEANUP(close_fdp) int well_known = -1;

	if (root < 0)
		return -1;
	well_known = directory_open(root, ".well-known", create);
	if (well_known < 0)
		return -1;
	return directory_open(well_known, "acme-challenge", create);
}

static int write_all(int fd, const char *bytes, size_t length)
{
	while (length) {
		ssize_t written = write(fd, bytes, length);

		if (written < 0 && errno != EINTR)
			return -1;
		if (written > 0) {
			bytes += written;
			length -= (size_t)written;
		}
	}
	return 0;
}

static int temp_write(int directory, const char *name, const char *body)
{
	int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	int number;

	if (fd < 0)
		return -1;
	if (fchmod(fd, 0644) == 0 && write_all(fd, body, strlen(body)) == 0 && fsync(fd) == 0)
		return close(fd);
	number = errno;
	close(fd);
	errno = number;
	return -1;
}

int folder_write(const char *folder, const char *token, const char *body, struct err *err)
{
	CLEANUP(close_fdp) int directory = -1;
	char temp[TEMP_SIZE], id[ID_SIZE];
	int code;

	code = token_check(token, err);
	if (code < 0)
		return code;
	directory = tokens_open(folder, true);
	if (directory < 0)
		return err_errno(err, "%s%s: cannot open or make the folder", folder, TARGET_PATH);
	id_new(id, "tm");
	snprintf(temp, sizeof(temp), ".%s", id);
	if (temp_write(directory, temp, body) == 0 && renameat(directory, temp, directory, token) == 0 && fsync(directory) == 0)
		return 0;
	code = err_errno(err, "%s%s%s: cannot write", folder, TARGET_PATH, token);
	unlinkat(directory, temp, 0);
	return code;
}

/* 1 when the file holds exactly the body, 0 when something else; -1 with errno. */
static int holds(int directory, const char *token, const char *body)
{
	CLEANUP(close_fdp) int fd = openat(directory, token, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char there[BODY_MAX + 1];
	size_t used = 0;
	ssize_t count = 1;

	if (fd < 0)
		return errno == ELOOP ? 0 : -1;
	while (count > 0 && used < sizeof(there)) {
		count = read(fd, there + used, sizeof(there) - used);
		if (count < 0)
			return -1;
		used += (size_t)count;
	}
	return used == strlen(body) && memcmp(there, body, used) == 0;
}

int folder_remove(const char *folder, const char *token, const char *body, struct err *err)
{
	CLEANUP(close_fdp) int directory = -1;
	int ours = token_check(token, err);

	if (ours < 0)
		return ours;
	directory = tokens_open(folder, false);
	if (directory < 0)
		return errno == ENOENT ? 0 : err_errno(err, "%s%s: cannot open the folder", folder, TARGET_PATH);
	ours = holds(directory, token, body);
	if (ours == 0 || (ours < 0 && errno == ENOENT))
		return 0;
	if (ours < 0)
		return err_errno(err, "%s%s%s: cannot read", folder, TARGET_PATH, token);
	/* On disk before the journal says "gone": it would be back after a power failure. */
	if ((unlinkat(directory, token, 0) < 0 && errno != ENOENT) || fsync(directory) < 0)
		return err_errno(err, "%s%s%s: cannot remove", folder, TARGET_PATH, token);
	return 0;
}
