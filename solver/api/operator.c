/* The first client: without it, nobody could create one. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "solver/api/api.h"
#include "solver/api/clients.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"

/* The name too: a client is made whose token stands in this file only. */
static int sync_folder(const char *folder, struct err *err)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), code = 0;

	if (fd < 0 || fsync(fd) < 0)
		code = err_errno(err, "force %s to disk", folder);
	if (fd >= 0)
		close(fd);
	return code;
}

/* Complete or absent: a command that runs at the same instant must not read half a token. */
static int write_token(const char *path, const char *token, struct err *err)
{
	CLEANUP(mem_freep) char *fresh = mem_printf("%s.new", path);
	CLEANUP(mem_freep) char *line = mem_printf("%s\n", token);
	int fd, code = 0;

	unlink(fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_errno(err, "create %s", fresh);
	if (write(fd, line, strlen(line)) != (ssize_t)strlen(line) || fsync(fd) < 0)
		code = err_errno(err, "write %s", fresh);
	close(fd);
	if (code == 0 && rename(fresh, path) < 0)
		code = err_errno(err, "rename %s", fresh);
	if (code < 0)
		unlink(fresh);
	explicit_bzero(line, strlen(line));
	return code;
}

int api_bootstrap_operator(struct store *s, const char *state_dir, struct err *err)
{
	CLEANUP(mem_freep) char *path = mem_printf("%s/operator.token", state_dir);
	struct problem problem = { 0 };
	char token[BEARER_SIZE];
	struct client_list *l;
	struct grants *all;
	bool known;
	int code;

	if (client_list_load(s, &l, err) < 0)
		return err->code;
	known = client_list_named(l, OPERATOR_NAME) != NULL;
	client_list_free(l);
	if (known)
		return 0; /* also when it was revoked: that was somebody's decision */
	/* The file first: a client whose token nobody has would never be made again. */
	bearer_new(token);
	code = write_token(path, token, err);
	if (code == 0)
		code = sync_folder(state_dir, err);
	if (code == 0) {
		all = grants_all();
		code = client_add(s, OPERATOR_NAME, all, token, &problem);
		grants_free(all);
		if (code < 0)
			err_set(err, code, "%s", problem.err.text);
	}
	explicit_bzero(token, sizeof(token));
	if (code == 0)
		log_event(LOG_INFO, "wrote the operator's token", "file", path, NULL);
	return code;
}
