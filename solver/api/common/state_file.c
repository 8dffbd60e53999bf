#include "solver/api/common/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"

#define FILE_BYTES_MAX 65536

/* Force the directory entry to disk too: the secret exists only in this file. */
static int sync_folder(const char *folder, struct err *err)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), code = 0;

	if (fd < 0 || fsync(fd) < 0)
		code = err_errno(err, "force %s to disk", folder);
	if (fd >= 0)
		close(fd);
	return code;
}

int state_file_write(const char *folder, const char *name, const char *text, struct err *err)
{
	CLEANUP(mem_freep) char *path = mem_printf("%s/%s", folder, name);
	CLEANUP(mem_freep) char *fresh = mem_printf("%s.new", path);
	int fd, code = 0;

	unlink(fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_errno(err, "create %s", fresh);
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text) || fsync(fd) < 0)
		code = err_errno(err, "write %s", fresh);
	close(fd);
	if (code == 0 && rename(fresh, path) < 0)
		code = err_errno(err, "rename %s", fresh);
	if (code < 0)
		unlink(fresh);
	return code < 0 ? code : sync_folder(folder, err);
}

int state_file_read(const char *folder, const char *name, char **ret, struct err *err)
{
	CLEANUP(mem_freep) char *path = mem_printf("%s/%s", folder, name);
	CLEANUP(buf_wipe) struct buf content = BUF_INIT(FILE_BYTES_MAX);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char chunk[1024];
	ssize_t got;

	if (fd < 0)
		return errno == ENOENT ? err_set(err, ERR_NOT_FOUND, "there is no %s", path) : err_errno(err, "open %s", path);
	while ((got = read(fd, chunk, sizeof(chunk))) > 0 && !content.overflow)
		buf_add(&content, chunk, (size_t)got);
	explicit_bzero(chunk, sizeof(chunk));
	if (got < 0)
		err_errno(err, "read %s", path);
	close(fd);
	if (got < 0)
		return err->code;
	if (content.overflow)
		return err_set(err, ERR_TOO_LARGE, "%s is larger than %d bytes", path, FILE_BYTES_MAX);
	*ret = mem_dup(buf_text(&content));
	return 0;
}
