#include "solver/conf/source.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"

char *source_expand(const char *path)
{
	const char *home = getenv("HOME");
	struct passwd *user;

	if (strncmp(path, "~/", 2) != 0)
		return mem_dup(path);
	if (!home || !*home) {
		user = getpwuid(getuid());
		home = user ? user->pw_dir : "";
	}
	return mem_printf("%s%s", home, path + 1);
}

char *source_open_to_all(const char *file)
{
	struct stat st;

	if (stat(file, &st) < 0 || !(st.st_mode & S_IROTH))
		return NULL;
	return mem_printf("%s can be read by everybody on this host: chmod o-r %s", file, file);
}

static void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* Reads until the end or until `content` overflows. A folder, a device or a pipe is no secret file:
 * opening without waiting keeps a pipe from stopping the daemon. */
static int file_read(const char *file, struct buf *content)
{
	CLEANUP(closep) int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;
	char chunk[4096];
	ssize_t got;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
	while ((got = read(fd, chunk, sizeof(chunk))) > 0 && !content->overflow)
		buf_add(content, chunk, (size_t)got);
	explicit_bzero(chunk, sizeof(chunk));
	return got < 0 ? -errno : 0;
}

static int secret_check(const struct yaml_node *value, const char *path, const char *file, const struct buf *content,
                        struct err *err)
{
	if (content->overflow)
		return yaml_error(value, err, "%s: %s is larger than %d KiB", path, file, SOURCE_MAX_BYTES / 1024);
	if (memchr(buf_text(content), '\0', content->length))
		return yaml_error(value, err, "%s: %s holds a zero byte", path, file);
	if (strspn(buf_text(content), "\r\n") == content->length)
		return yaml_error(value, err, "%s: %s is empty", path, file);
	return 0;
}

static int from_file(const struct yaml_node *value, const char *path, const char *file, struct secret **ret,
                     struct err *err)
{
	CLEANUP(buf_wipe) struct buf content = BUF_INIT(SOURCE_MAX_BYTES);
	int code = file_read(file, &content);

	if (code == -EACCES)
		return yaml_error(value, err, "%s: cannot read %s: user %lu of this process may not (%s); give the file to that user or to a group of its (chgrp, chmod 640), or pass it as a "
		                  "systemd credential", path, file, (unsigned long)geteuid(), strerror(EACCES));
	if (code < 0)
		return yaml_error(value, err, "%s: cannot read %s: %s", path, file, strerror(-code));
	code = secret_check(value, path, file, &content, err);
	if (code < 0)
		return code;
	while (content.length > 0 && strchr("\r\n", content.data[content.length - 1]))
		content.data[--content.length] = '\0';
	*ret = secret_new(content.data);
	return 0;
}

static int from_env(const struct yaml_node *value, const char *path, struct secret **ret, struct err *err)
{
	const char *text = getenv(value->text);

	if (!text || !*text)
		return yaml_error(value, err, "%s: environment variable %s is not set", path, value->text);
	*ret = secret_new(text);
	return 0;
}

static int credential_file(const struct yaml_node *value, const char *path, char **ret, struct err *err)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");

	if (strchr(value->text, '/') || value->text[0] == '.')
		return yaml_error(value, err, "%s: '%s' is not the name of a credential", path, value->text);
	if (!folder || !*folder)
		return yaml_error(value, err, "%s: no credentials were passed ($CREDENTIALS_DIRECTORY is not set; "
		                  "see LoadCredential= in systemd.exec)", path);
	*ret = mem_printf("%s/%s", folder, value->text);
	return 0;
}

int source_path(const struct yaml_node *map, const char *path, char **ret, struct err *err)
{
	const struct yaml_node *value = map->child;

	if (map->count != 1 || value->kind != YAML_SCALAR || yaml_is_null(value) || strcmp(value->key, "credential") != 0)
		return yaml_error(map, err, "%s: write a path, or {credential: NAME} for the file of a systemd credential", path);
	return credential_file(value, path, ret, err);
}

static int from_credential(const struct yaml_node *value, const char *path, struct secret **ret, struct err *err)
{
	CLEANUP(mem_freep) char *file = NULL;

	return credential_file(value, path, &file, err) < 0 ? err->code : from_file(value, path, file, ret, err);
}

static int from_map(const struct yaml_node *map, const char *path, struct secret **ret, struct err *err)
{
	CLEANUP(mem_freep) char *file = NULL;
	const struct yaml_node *value = map->child;

	if (map->count != 1 || value->kind != YAML_SCALAR || yaml_is_null(value))
		return yaml_error(map, err, "%s: write one of {file: …}, {env: …}, {credential: …}", path);
	if (strcmp(value->key, "env") == 0)
		return from_env(value, path, ret, err);
	if (strcmp(value->key, "credential") == 0)
		return from_credential(value, path, ret, err);
	if (strcmp(value->key, "file") != 0)
		return yaml_key_error(value, err, "%s: unknown key '%.64s'; a secret is written as {file: …}, {env: …} or "
		                      "{credential: …}", path, value->key);
	file = source_expand(value->text);
	return from_file(value, path, file, ret, err);
}

int source_read(const struct yaml_node *value, const char *path, struct secret **ret, bool *ret_inline, struct err *err)
{
	*ret_inline = false;
	if (value->kind == YAML_MAP)
		return from_map(value, path, ret, err);
	if (value->kind != YAML_SCALAR || yaml_is_null(value) || !*value->text)
		return yaml_error(value, err, "%s: expected a secret: {file: …}, {env: …} or {credential: …}", path);
	*ret_inline = true;
	*ret = secret_new(value->text);
	return 0;
}
