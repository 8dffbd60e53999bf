/* For LD_PRELOAD: calls that read or write the journal wait as long as a file "hangs" stands beside it, as with a disk that does not answer.
 * The first that waits makes a file "hung" there. */
#include <dlfcn.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static bool hangs(int fd)
{
	char link[64], path[PATH_MAX + sizeof("hangs")], *name;
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, PATH_MAX - 1);
	path[length > 0 ? length : 0] = '\0';
	name = strstr(path, "/journal.");
	if (!name)
		return false;
	strcpy(name, "/hangs");
	if (access(path, F_OK) != 0)
		return false;
	strcpy(name, "/hung");
	mknod(path, S_IFREG | 0600, 0); /* unless it is there */
	return true;
}

static void wait_for_disk(int fd)
{
	while (hangs(fd))
		nanosleep(&(struct timespec){ .tv_nsec = 10 * 1000 * 1000 }, NULL);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int fsync(int fd)
{
	wait_for_disk(fd);
	return REAL(fsync)(fd);
}

int fdatasync(int fd)
{
	wait_for_disk(fd);
	return REAL(fdatasync)(fd);
}

ssize_t pread64(int fd, void *buffer, size_t count, off64_t offset)
{
	wait_for_disk(fd);
	return REAL(pread64)(fd, buffer, count, offset);
}

ssize_t pwrite64(int fd, const void *buffer, size_t count, off64_t offset)
{
	wait_for_disk(fd);
	return REAL(pwrite64)(fd, buffer, count, offset);
}
