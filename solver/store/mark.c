#include "solver/store/mark.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* One line of a fixed length: what is written over it leaves nothing of the old one. */
#define LINE_SIZE 128

static uint32_t check_of(const char *id, int64_t commits)
{
	char text[80];
	uint32_t h = 2166136261u;
	int length = snprintf(text, sizeof(text), "%s %" PRId64, id, commits);

	for (int i = 0; i < length; i++)
		h = (h ^ (unsigned char)text[i]) * 16777619u;
	return h;
}

static int understand(const char *line, struct mark *ret)
{
	uint32_t check;

	if (sscanf(line, "dcvd journal %32[0-9a-f] %" SCNd64 " %8" SCNx32, ret->id, &ret->commits, &check) != 3)
		return ERR_DAMAGED;
	return check == check_of(ret->id, ret->commits) ? 0 : ERR_DAMAGED;
}

int mark_read(const char *path, struct mark *ret, struct err *err)
{
	char line[LINE_SIZE + 1] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t length;

	*ret = (struct mark){ 0 };
	if (fd < 0)
		return errno == ENOENT ? 0 : err_errno(err, "open %s", path);
	length = read(fd, line, LINE_SIZE);
	close(fd);
	if (length < 0)
		return err_errno(err, "read %s", path);
	if (length == 0)
		return 0; /* the process died between its creation and the first line */
	return understand(line, ret) == 0 ? 0 : err_set(err, ERR_DAMAGED, "%s is damaged, so whether the journal is whole is unknown", path);
}

/* The folder too: a name that is not on disk is no file after a power failure. */
static int sync_folder(const char *path, struct err *err)
{
	char folder[4096];
	const char *slash = strrchr(path, '/');
	int fd, rc;

	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "open %s", folder);
	rc = fsync(fd) < 0 ? err_errno(err, "force %s to disk", folder) : 0;
	close(fd);
	return rc;
}

int mark_open(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_errno(err, "create %s", path);
	if (sync_folder(path, err) < 0) {
		close(fd);
		return err ? err->code : ERR_IO;
	}
	return fd;
}

int mark_write(int fd, const struct mark *m, int force, struct err *err)
{
	char line[LINE_SIZE];
	int length = snprintf(line, sizeof(line), "dcvd journal %s %" PRId64 " %08" PRIx32, m->id, m->commits, check_of(m->id, m->commits));

	memset(line + length, ' ', sizeof(line) - (size_t)length);
	line[LINE_SIZE - 1] = '\n';
	if (pwrite(fd, line, sizeof(line), 0) != (ssize_t)sizeof(line))
		return err_errno(err, "write journal.mark");
	if (force && fdatasync(fd) < 0)
		return err_errno(err, "force journal.mark to disk");
	return 0;
}
